//! `cargo xtask words`: the language of docs, comments and pages. CONTRIBUTING.md lists the rules.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::workspace_root;
use baseline::Counts;
use scan::Finding;

mod baseline;
mod blocks;
mod files;
mod prose;
mod rules;
mod scan;
mod source;

const BASELINE: &str = "xtask/words-baseline.tsv";

/// The findings of each file that has any.
type Findings = BTreeMap<String, Vec<Finding>>;

/// Compares every file with the baseline, and prints the findings of each file that has too many.
pub(crate) fn check() -> Result<(), String> {
    let found = findings()?;
    let differences = baseline::compare(&counts(&found), &baseline::parse(&read_baseline()?)?);
    let (mut more, mut fewer) = (0, 0);
    for difference in &differences {
        let (path, now, allowed) = (&difference.path, difference.found, difference.allowed);
        if now > allowed {
            more += 1;
            print_findings(path, found.get(path).into_iter().flatten());
            println!("{path}: {now} findings, and the baseline allows {allowed}");
        } else {
            fewer += 1;
            println!("{path}: {now} findings, fewer than the {allowed} of the baseline");
        }
    }
    if differences.is_empty() {
        println!("words: {} findings in {} files, as in the baseline", total(&found), found.len());
        return Ok(());
    }
    let mut message = format!("words: {more} files have more findings than {BASELINE} allows, {fewer} have fewer");
    if fewer > 0 {
        message += "\nrun `cargo xtask words --bless` to lower the baseline";
    }
    Err(message)
}

/// Prints every finding under `path`, whatever the baseline allows. `.` is the whole repository.
pub(crate) fn list(path: &str) -> Result<(), String> {
    let under = |file: &str| path == "." || Path::new(file).starts_with(path);
    let found: Findings = findings()?.into_iter().filter(|(file, _)| under(file)).collect();
    for (file, findings) in &found {
        print_findings(file, findings);
    }
    match total(&found) {
        0 => Ok(()),
        count => Err(format!("words: {count} findings under {path}")),
    }
}

/// Prints the number of findings by rule and by folder.
pub(crate) fn summary() -> Result<(), String> {
    let found = findings()?;
    let (mut rules, mut folders) = (BTreeMap::new(), BTreeMap::new());
    for (path, findings) in &found {
        *folders.entry(folder(path)).or_insert(0) += findings.len();
        for finding in findings {
            *rules.entry(finding.rule).or_insert(0) += 1;
        }
    }
    for (title, counts) in [("rule", rules), ("folder", folders)] {
        println!("by {title}:");
        let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|(name, count)| (usize::MAX - count, *name));
        counts.iter().for_each(|(name, count)| println!("{count:>6}  {name}"));
    }
    println!("{:>6}  in {} files", total(&found), found.len());
    Ok(())
}

/// Writes the baseline with the present numbers, none of which may be above the old one.
pub(crate) fn bless() -> Result<(), String> {
    let found = counts(&findings()?);
    let path = workspace_root().join(BASELINE);
    let new = match path.exists() {
        true => {
            baseline::bless(&found, &baseline::parse(&read_baseline()?)?, |path| workspace_root().join(path).exists())?
        }
        // The first baseline is where the numbers start.
        false => found,
    };
    fs::write(path, baseline::to_text(&new)).map_err(|error| format!("{BASELINE}: {error}"))?;
    println!("words: {BASELINE} allows {} findings in {} files", new.values().sum::<usize>(), new.len());
    Ok(())
}

fn findings() -> Result<Findings, String> {
    let files = files::read()?.into_iter();
    let found = files.map(|file| (file.path, scan::file(file.syntax, &file.text)));
    Ok(found.filter(|(_, findings)| !findings.is_empty()).collect())
}

fn counts(found: &Findings) -> Counts {
    found.iter().map(|(path, findings)| (path.clone(), findings.len())).collect()
}

fn total(found: &Findings) -> usize {
    found.values().map(Vec::len).sum()
}

fn read_baseline() -> Result<String, String> {
    fs::read_to_string(workspace_root().join(BASELINE)).map_err(|error| format!("{BASELINE}: {error}"))
}

fn print_findings<'a>(path: &str, findings: impl IntoIterator<Item = &'a Finding>) {
    for finding in findings {
        println!("{}", format_finding(path, finding));
    }
}

fn format_finding(path: &str, finding: &Finding) -> String {
    let reason = rules::reason(finding.rule).unwrap_or_default();
    format!("{path}:{}: {}: \"{}\" ({reason})", finding.line, finding.rule, finding.text)
}

/// Returns the first two folders of a path: `llmobs/src/sse.rs` is in `llmobs/src`.
fn folder(path: &str) -> &str {
    let folders = path.rfind('/').map_or("", |end| &path[..end]);
    let second = folders.match_indices('/').nth(1).map_or(folders.len(), |(end, _)| end);
    if folders.is_empty() { "." } else { &folders[..second] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_is_printed_with_its_path_line_and_reason() {
        let finding = Finding { line: 7, rule: "nothing-else", text: "and nothing else".to_owned() };
        assert_eq!(format_finding("a/b.rs", &finding), "a/b.rs:7: nothing-else: \"and nothing else\" (say only)");
    }

    #[test]
    fn the_baseline_is_in_order_and_names_files_that_exist() {
        let baseline = baseline::parse(&read_baseline().unwrap()).unwrap();
        for path in baseline.keys() {
            assert!(workspace_root().join(path).exists(), "{path} is in the baseline and does not exist");
        }
    }

    #[test]
    fn a_folder_is_the_first_two_parts() {
        assert_eq!(folder("README.md"), ".");
        assert_eq!(folder("docs/metrics.md"), "docs");
        assert_eq!(folder("llmobs/src/sse/said/a.rs"), "llmobs/src");
    }
}
