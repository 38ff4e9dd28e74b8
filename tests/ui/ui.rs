//! What `#[llm_span]` takes, without a warning, and what it refuses, in which words.
//!
//! With the feature `content`, those that hand content in are among them; without it, those that lack it.
//!
//! `TRYBUILD=overwrite cargo test -p llmobs-ui --test ui` writes the expected messages again; read them before they are committed.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The cases that depend on whether llmobs has its feature `content`.
const OF_CONTENT: &str = if cfg!(feature = "content") { "content/fail" } else { "without" };

/// The compiler whose words are kept beside the cases that fail.
const SPOKEN: &str = "rustc 1.95.";

#[test]
fn every_case_passes_or_is_refused_as_it_should_be() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    if cfg!(feature = "content") {
        cases.pass("content/pass/*.rs");
    }
    if speaks() {
        cases.compile_fail("fail/*.rs");
        cases.compile_fail(format!("{OF_CONTENT}/*.rs"));
    } else {
        println!("another compiler than {SPOKEN} words its errors in another way: they are not compared");
    }
}

#[test]
fn there_are_as_many_cases_as_there_should_be() {
    let (passing, failing) = (cases("pass"), cases("fail"));
    assert!(passing.len() >= 25, "{} cases pass", passing.len());
    assert!(failing.len() >= 25, "{} cases fail", failing.len());
    let (content, without) = ([cases("content/pass"), cases("content/fail")], cases("without"));
    assert_eq!([content[0].len(), content[1].len(), without.len()], [1, 1, 1], "of content");
    let [with, refused] = content;
    let (passing, failing) = ([passing, with].concat(), [failing, refused, without].concat());
    for case in &passing {
        let text = fs::read_to_string(case).unwrap();
        assert!(text.contains("#![deny(warnings"), "{} lets warnings through", case.display());
        assert!(text.contains("llm_span"), "{} is about something else", case.display());
    }
    for case in &failing {
        let words = fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        assert!(words.contains("error"), "{} has no words", case.display());
        assert!(!words.contains("panicked"), "{}: the macro panics", case.display());
    }
}

fn speaks() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let said = Command::new(rustc).arg("--version").output().unwrap();
    String::from_utf8_lossy(&said.stdout).starts_with(SPOKEN)
}

fn cases(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
