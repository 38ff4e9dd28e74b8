//! The guides show the code of the hosts, and count its lines.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const MARK: &str = "// llmobs";

/// The files that are not hosts.
const SHARED: [&str; 3] = ["guide.rs", "main.rs", "subscriber.rs"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn guide(name: &str) -> String {
    fs::read_to_string(root().join("../../llmobs/docs/guide").join(name)).unwrap()
}

/// Returns the text of each host file by its name.
fn hosts() -> BTreeMap<String, String> {
    let files = fs::read_dir(root().join("tests/hosts")).unwrap().map(|file| file.unwrap());
    let hosts = files.map(|file| (file.file_name().into_string().unwrap(), fs::read_to_string(file.path()).unwrap()));
    hosts.filter(|(name, _)| !SHARED.contains(&&**name)).collect()
}

/// Returns the code blocks of a page that begin with `start`.
fn blocks<'a>(page: &'a str, start: &str) -> Vec<&'a str> {
    page.split(start).skip(1).filter_map(|rest| rest.split("```").next()).collect()
}

/// Returns a line of code without its indent and its mark.
fn code(line: &str) -> &str {
    line.trim().trim_end_matches(MARK).trim()
}

#[test]
fn the_guide_counts_the_lines_of_each_host() {
    let text = guide("versions.md");
    let rows = text.lines().filter_map(|line| {
        let (_, rest) = line.split_once("/tests/hosts/tests/hosts/")?;
        let (file, lines) = rest.split_once(") | ")?;
        Some((file.to_owned(), lines.trim_end_matches(" |").parse().unwrap()))
    });
    let rows: BTreeMap<String, usize> = rows.collect();
    let count = |text: &str| text.lines().filter(|line| line.ends_with(MARK) && !line.starts_with("//")).count();
    let counted: BTreeMap<String, usize> = hosts().into_iter().map(|(name, text)| (name, count(&text))).collect();
    assert_eq!(rows, counted);
}

#[test]
fn the_code_of_the_guides_is_in_the_hosts() {
    let hosts = hosts();
    let lines: Vec<&str> = hosts.values().flat_map(|text| text.lines().map(code)).collect();
    let (versions, reqwest) = (guide("versions.md"), guide("reqwest.md"));
    let mut blocks = blocks(&versions, "```rust,ignore\n");
    // The other block of this guide shows no function of the host.
    blocks.extend(self::blocks(&reqwest, "```rust\n").iter().filter(|block| block.contains("fn ")));
    assert_eq!(blocks.len(), 16);
    for line in blocks.iter().flat_map(|block| block.lines()) {
        let is_hidden = line.starts_with("# ") || line.trim().starts_with("// ");
        assert!(is_hidden || lines.contains(&code(line)), "not in a host: {line}");
    }
}
