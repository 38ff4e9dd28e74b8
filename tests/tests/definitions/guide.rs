//! The guide of definitions and its tests agree: every named test exists, and every definition test is named.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[test]
fn every_test_that_the_guide_names_exists_and_every_definition_is_in_the_guide() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &Path| fs::read_to_string(path).unwrap();
    let guide = read(&root.join("llmobs/docs/guide/definitions.md"));
    let named: BTreeSet<_> = guide.split('`').skip(1).step_by(2).filter(|word| is_sentence(word)).collect();

    let definitions: String = sources(&root.join("tests/tests/definitions"), read);
    let properties = read(&root.join("llmobs/src/timing/properties.rs"))
        + &read(&root.join("tests/tests/concurrency/ending_counts.rs"))
        + &sources(&root.join("tests/tests/cost"), read);
    let defined: BTreeSet<_> = functions(&definitions).collect();
    let known: BTreeSet<_> = defined.iter().copied().chain(functions(&properties)).collect();

    let missing: Vec<_> = named.difference(&known).collect();
    assert!(missing.is_empty(), "the guide names tests that do not exist: {missing:#?}");
    let unnamed: Vec<_> = defined.difference(&named).filter(|name| !name.contains("_the_guide")).collect();
    assert!(unnamed.is_empty(), "the guide does not name {unnamed:#?}");
    assert!(defined.len() > 100, "only {} definitions were found", defined.len());
}

/// Returns whether a word is the name of a test: at least three underscores. Example: `decode_time_needs_two_tokens` is
/// a test, `expect_pending` is a helper.
fn is_sentence(word: &str) -> bool {
    word.matches('_').count() >= 3 && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn functions(source: &str) -> impl Iterator<Item = &str> {
    source
        .split("fn ")
        .skip(1)
        .filter_map(|rest| rest.split_once('('))
        .map(|(name, _)| name)
        .filter(|it| is_sentence(it))
}

fn sources(folder: &Path, read: impl Fn(&Path) -> String) -> String {
    fs::read_dir(folder).unwrap().map(|file| read(&file.unwrap().path())).collect()
}
