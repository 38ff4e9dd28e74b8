//! Cases that `#[llm_span]` accepts without a warning, and cases that it rejects with a compiler message.
//!
//! With the feature `content`, the cases with content arguments are included; without it, the cases that lack the feature.
//!
//! `TRYBUILD=overwrite cargo test -p llmobs-ui --test ui` writes the expected messages again; read them before they are committed.

use std::fs;
use std::path::Path;
use std::process::Command;

/// The cases that depend on whether llmobs has its feature `content`.
const CONTENT_CASES: &str = if cfg!(feature = "content") { "content/fail" } else { "without" };

/// The compiler whose messages are stored with the failing cases.
const COMPILER: &str = "rustc 1.95.";

#[test]
fn every_case_compiles_or_fails_as_expected() {
    let cases = trybuild::TestCases::new();
    cases.pass("pass/*.rs");
    if cfg!(feature = "content") {
        cases.pass("content/pass/*.rs");
    }
    if is_expected_compiler() {
        cases.compile_fail("fail/*.rs");
        cases.compile_fail(format!("{CONTENT_CASES}/*.rs"));
    } else {
        println!("the compiler is not {COMPILER}, so the error messages are not compared");
    }
}

#[test]
fn the_folders_have_the_expected_number_of_cases() {
    let (passing, failing) = (cases("pass"), cases("fail"));
    assert!(passing.len() >= 25, "{} cases pass", passing.len());
    assert!(failing.len() >= 25, "{} cases fail", failing.len());
    let (with_content, without_content) = ([cases("content/pass"), cases("content/fail")], cases("without"));
    assert_eq!([with_content[0].len(), with_content[1].len(), without_content.len()], [1, 1, 1], "cases about content");
    let [content_passing, content_failing] = with_content;
    let (passing, failing) =
        ([passing, content_passing].concat(), [failing, content_failing, without_content].concat());
    for case in &passing {
        let text = fs::read_to_string(case).unwrap();
        assert!(text.contains("#![deny(warnings"), "{} does not deny warnings", case.display());
        assert!(text.contains("llm_span"), "{} does not use llm_span", case.display());
    }
    for case in &failing {
        let messages = fs::read_to_string(case.with_extension("stderr")).unwrap_or_default();
        assert!(messages.contains("error"), "{} has no error message", case.display());
        assert!(!messages.contains("panicked"), "{}: the macro panics", case.display());
    }
}

fn is_expected_compiler() -> bool {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = Command::new(rustc).arg("--version").output().unwrap();
    String::from_utf8_lossy(&version.stdout).starts_with(COMPILER)
}

fn cases(folder: &str) -> Vec<std::path::PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}
