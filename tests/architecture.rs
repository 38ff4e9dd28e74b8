//! The layers of `llmobs/src`: a file may import only names from earlier in the list, or from its own module.
//!
//! The check reads text, so other modules must be written as `crate::module`. Items behind `#[cfg(test)]` may use
//! anything.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// The layers from the lowest to the highest: vocabulary, rules, recording, lifecycle. A name may use all names before
/// it.
const LAYERS: &[&[&str]] = &[
    &["base64", "sync", "semconv", "usage", "clock", "content", "error"],
    &["classify", "catalog", "timing", "cardinality", "objective", "redact"],
    &["capture", "pseudonym", "measurement", "sink", "series", "otel", "span", "event"],
    &["companion", "observer"],
];

/// Edge modules: each may use every layer, and no other edge.
const EDGE_MODULES: &[&str] = &["tower", "prometheus", "otlp", "sse", "testing"];

/// The modules without code: rustdoc pages of the guide.
const PAGES: &[&str] = &["guide"];

/// The public modules that only re-export what other modules define; no module imports them.
const FACADES: &[&str] = &["in_flight", "operation", "step", "stream"];

/// The module that the attribute macro's expansions call, above everything: no other module may use it.
const TOP_MODULE: &str = "__private";

#[test]
fn every_file_imports_only_from_the_layers_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../llmobs/src");
    let (mut edges, mut wrong) = (0, Vec::new());
    for file in rust_files(&source) {
        let path = file.strip_prefix(&source).unwrap();
        let owner = path.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if owner == "lib" || path.iter().any(|part| part == "tests.rs" || part == "tests") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        for name in imports(&text) {
            edges += 1;
            wrong.extend(import_violation(owner, &name).map(|reason| format!("{}: {reason}", path.display())));
        }
        // In a file at the root, `super` would bypass this check.
        if path.iter().count() == 1 && text.lines().any(|line| line.starts_with("use super::")) {
            wrong.push(format!("{}: write `crate::` instead of `super::`", path.display()));
        }
        // A module without imports must be in the list too.
        wrong.extend(import_violation(owner, owner).map(|reason| format!("{}: {reason}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(edges > 0, "no import was found, so nothing was checked");
}

#[test]
fn an_upward_import_an_edge_to_an_edge_and_an_unknown_name_are_caught() {
    let planted =
        "use crate::clock::Clock;\nuse crate::{\n    usage::{Tokens, sink::Not},\n    observer::Observer,\n};\n";
    let found: Vec<_> = imports(planted).iter().filter_map(|name| import_violation("timing", name)).collect();
    assert_eq!(found, ["`timing` may not import `observer`, which is above it"]);
    assert!(imports("$crate::assert_books!()\n").is_empty());
    assert_eq!(imports("let x = crate::sink::Sink::new(); // crate::comment\n"), ["sink"]);
    assert_eq!(
        imports("#[cfg(test)]\nmod tests;\nuse crate::span;\n#[cfg(test)]\nmod t { use crate::event; }\n"),
        ["span"]
    );
    assert_eq!(
        import_violation("tower", "prometheus").unwrap(),
        "the edge `tower` may not import the edge `prometheus`"
    );
    assert!(import_violation("observer", "tower").is_some());
    assert!(import_violation("tower", "observer").is_none());
    assert!(import_violation("__private", "tower").is_none());
    assert!(import_violation("tower", "__private").is_some() && import_violation("observer", "__private").is_some());
    assert!(import_violation("observer", "guide").is_some() && import_violation("guide", "observer").is_some());
    assert!(import_violation("observer", "stream").is_some() && import_violation("stream", "observer").is_none());
    assert!(import_violation("surprise", "clock").unwrap().contains("add it to the list"));
    assert!(import_violation("observer", "Observer").is_some());
}

/// Returns the reason why a file of module `owner` may not import `name`, or `None` if it may.
fn import_violation(owner: &str, name: &str) -> Option<String> {
    let layer_index = |name: &str| LAYERS.iter().copied().flatten().position(|known| *known == name);
    if FACADES.contains(&owner) {
        return None;
    }
    if FACADES.contains(&name) {
        return Some(format!("`{owner}` may not import `{name}`, which only re-exports: import the definition"));
    }
    for name in [owner, name] {
        if layer_index(name).is_none() && !EDGE_MODULES.contains(&name) && !PAGES.contains(&name) && name != TOP_MODULE
        {
            return Some(format!("`{name}` has no layer: add it to the list in tests/architecture.rs"));
        }
    }
    if owner != name && (PAGES.contains(&owner) || PAGES.contains(&name)) {
        return Some(format!("`{owner}` may not import `{name}`: a page of the guide has no code"));
    }
    match (layer_index(owner), layer_index(name)) {
        _ if owner == name || owner == TOP_MODULE => None,
        (_, None) if name == TOP_MODULE => {
            Some(format!("`{owner}` may not import `{TOP_MODULE}`, which is the macro's"))
        }
        (None, None) => Some(format!("the edge `{owner}` may not import the edge `{name}`")),
        (Some(from), Some(to)) if to > from => Some(format!("`{owner}` may not import `{name}`, which is above it")),
        (Some(_), None) => Some(format!("`{owner}` may not import the edge `{name}`")),
        _ => None,
    }
}

/// Returns the first name after each `crate::`, also inside braces.
fn imports(text: &str) -> Vec<String> {
    let code: String = text.lines().map(|line| line.split("//").next().unwrap_or_default().to_owned() + "\n").collect();
    let code = without_tests(&code);
    let mut names = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        // `$crate::` is in a macro, whose expansion belongs to its caller.
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + found.len()..];
        let (mut depth, mut at_name) = (0_i32, true);
        let mut name = String::new();
        for c in rest.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => at_name = true,
                c if at_name && (c.is_alphanumeric() || c == '_') => {
                    name.push(c);
                    continue;
                }
                _ => {}
            }
            at_name &= name.is_empty();
            if !name.is_empty() {
                names.push(std::mem::take(&mut name));
            }
            if depth == 0 {
                break;
            }
        }
    }
    names
}

/// Returns the code without the items behind `#[cfg(test)]`.
fn without_tests(code: &str) -> String {
    let mut parts = code.split("#[cfg(test)]");
    let mut remaining = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut depth = 0_i32;
        let end = part.char_indices().find(|&(_, c)| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0 && matches!(c, ';' | '}')
        });
        remaining += end.map_or("", |(at, _)| &part[at + 1..]);
    }
    remaining
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { rust_files(&path) } else { vec![path] }).collect()
}
