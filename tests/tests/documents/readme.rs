//! The README's code compiles: each of its lines is also in an example that is compiled.

use std::fs;
use std::path::Path;

#[test]
fn the_code_of_the_readme_is_in_an_example_that_is_compiled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let example = fs::read_to_string(root.join("examples/axum_handler.rs")).unwrap();
    let code = readme.split("```rust,ignore\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let known: Vec<&str> = example.lines().map(str::trim).collect();
    let lines: Vec<&str> = code.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert!(lines.len() > 5, "the README has no code block");
    for line in lines {
        assert!(known.contains(&line), "not in examples/axum_handler.rs: {line}");
    }
}

#[test]
fn every_file_that_the_readme_links_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let links = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files: Vec<&str> = links.filter(|link| !link.contains("://")).collect();
    assert!(files.len() > 5, "the README links its documents");
    for file in files {
        assert!(root.join(file).exists(), "{file} does not exist");
    }
}
