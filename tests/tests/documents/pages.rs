//! The pages of the repository: their links lead somewhere, and the list of backends says what was tried.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The sections of the page of a backend, in their order.
const SECTIONS: [&str; 5] =
    ["## Environment", "## What works", "## What does not", "## See that it arrives", "## Sources"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Adds the Markdown files of a folder and of the folders in it.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            files.push(path);
        }
    }
}

/// Returns the anchors of the headings of a page, as GitHub makes them.
fn anchors(page: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let mut anchors = BTreeSet::new();
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        let Some(title) = line.strip_prefix('#').filter(|_| !in_code) else { continue };
        let title = title.trim_start_matches('#').trim().to_lowercase();
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        anchors.insert(title.chars().filter(kept).map(|c| if c == ' ' { '-' } else { c }).collect());
    }
    anchors
}

/// Returns the targets of links in the text, without code.
fn links(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    prose.flat_map(|text| text.split("](").skip(1).filter_map(|rest| rest.split(')').next())).collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading() {
    let mut files: Vec<PathBuf> =
        ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].iter().map(|file| root().join(file)).collect();
    for folder in ["docs", "examples"] {
        collect(&root().join(folder), &mut files);
    }
    let mut count = 0;
    let mut broken = Vec::new();
    for file in files {
        let page = fs::read_to_string(&file).unwrap();
        for link in links(&page).into_iter().filter(|link| !link.contains(':') && !link.contains(' ')) {
            count += 1;
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = if path.is_empty() { file.clone() } else { file.with_file_name("").join(path) };
            let is_page = target.extension().is_some_and(|extension| extension == "md");
            let has_anchor =
                || anchor.is_empty() || !is_page || anchors(&fs::read_to_string(&target).unwrap()).contains(anchor);
            if !target.exists() || !has_anchor() {
                broken.push(format!("{}: {link}", file.display()));
            }
        }
    }
    assert!(count > 300, "only {count} links were found");
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn each_backend_is_in_the_list_and_its_page_says_whether_it_was_tried() {
    let folder = root().join("docs/backends");
    let list = fs::read_to_string(folder.join("README.md")).unwrap();
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.retain(|file| !file.ends_with("README.md"));
    assert!(files.len() > 25, "only {} pages", files.len());
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let page = fs::read_to_string(&file).unwrap();
        let row = list.lines().find(|line| line.starts_with("| [") && line.contains(&format!("({name})")));
        let row = row.unwrap_or_else(|| panic!("the list of backends lacks {name}"));
        let introduction = page.split("\n| | |").next().unwrap().replace('\n', " ");
        assert_eq!(introduction.contains("Not tried by us"), row.contains("| not tried by us |"), "{name}");
        let places: Vec<Option<usize>> = SECTIONS.iter().map(|section| page.find(&format!("\n{section}\n"))).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{name} has not the sections {SECTIONS:?}");
        let sources = page.split("## Sources").last().unwrap();
        assert!(sources.contains("https://"), "{name} names no source");
    }
}
