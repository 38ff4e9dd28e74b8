//! The module layers, checked file by file: no import cycle in any crate, imports of `llmobs` only from lower layers, and
//! the inherent `impl` of a type in the file of the type.

mod import_graph;
mod source_file;

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use self::import_graph::ImportGraph;

/// The root files of the crates, from the root of the workspace.
const CRATES: &[&str] = &[
    "llmobs/src/lib.rs",
    "llmobs-redact/src/lib.rs",
    "llmobs-gpu/src/lib.rs",
    "llmobs-macros/src/lib.rs",
    "xtask/src/main.rs",
];

/// The layers of `llmobs` from the lowest to the highest, and the modules of each in order. A module may use every module
/// before it.
const LAYERS: &[&[&str]] = &[
    &["sync", "number", "text", "json", "unwind", "grpc", "gzip", "body_stream"],
    &["semconv", "usage", "clock", "content", "error"],
    &["catalog", "timing", "cardinality", "objective", "cost"],
    &["capture", "pseudonym", "measurement", "sink", "series", "otel", "span", "event", "record", "metric"],
    &["companion", "engine", "admission", "backend", "observer"],
];

/// Edge modules: each may use every layer, and no other edge.
const EDGES: &[&str] = &["tower", "prometheus", "otlp", "process", "runtime", "sse", "testing"];

/// The modules that combine edges: each may use every layer and every edge.
const COMBINATIONS: &[&str] = &["gateway"];

/// The public modules that only re-export what other modules define, and the pages of the guide. No module uses them.
const FACADES: &[&str] = &["in_flight", "operation", "step", "stream", "guide"];

/// The module that the expansions of the attribute macro call. No other module uses it.
const EXPANSION: &str = "__private";

#[test]
fn no_files_import_each_other() {
    for root in CRATES {
        let graph = graph(root);
        let cycles = graph.cycles();
        assert!(cycles.is_empty(), "files that import each other: {cycles:#?}");
    }
}

#[test]
fn every_inherent_impl_is_in_the_file_of_its_type() {
    for root in CRATES {
        let graph = graph(root);
        let distant = graph.distant_impls();
        assert!(distant.is_empty(), "`impl` blocks outside of the file of the type: {distant:#?}");
    }
}

#[test]
fn every_file_imports_only_from_lower_layers() {
    let source = Path::new("llmobs/src");
    let graph = graph(CRATES[0]);
    let (mut imports, mut violations) = (0, Vec::new());
    for (file, targets) in graph.imports() {
        for target in targets {
            imports += 1;
            let [importer, imported] = [file, target].map(|file| root_module(file.strip_prefix(source).unwrap()));
            violations.extend(violation(&importer, &imported).map(|reason| format!("{}: {reason}", file.display())));
        }
    }
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    assert!(imports > 500, "only {imports} imports were found");
}

/// Returns the reason why the module `importer` may not import from `imported`, or `None` if it may.
fn violation(importer: &str, imported: &str) -> Option<String> {
    let layer = |name: &str| LAYERS.iter().copied().flatten().position(|module| *module == name);
    for name in [importer, imported] {
        let is_known =
            layer(name).is_some() || [EDGES, COMBINATIONS, FACADES].iter().any(|names| names.contains(&name));
        if !is_known && ![EXPANSION, "lib"].contains(&name) {
            return Some(format!("`{name}` is in no layer: add it to the list in tests/tests/architecture/main.rs"));
        }
    }
    if importer == imported || ["lib", EXPANSION].contains(&importer) || FACADES.contains(&importer) {
        return None;
    }
    if FACADES.contains(&imported) || [EXPANSION, "lib"].contains(&imported) {
        return Some(format!(
            "`{importer}` may not import from `{imported}`: import from the module with the definition"
        ));
    }
    match (layer(importer), layer(imported)) {
        (None, None) if COMBINATIONS.contains(&importer) && EDGES.contains(&imported) => None,
        (None, None) => Some(format!("the edge `{importer}` may not import from the edge `{imported}`")),
        (Some(_), None) => Some(format!("`{importer}` may not import from the edge `{imported}`")),
        (Some(from), Some(to)) if to > from => {
            Some(format!("`{importer}` may not import from the higher `{imported}`"))
        }
        _ => None,
    }
}

#[test]
fn imports_from_higher_layers_edges_and_facades_are_violations() {
    assert_eq!(violation("timing", "observer").unwrap(), "`timing` may not import from the higher `observer`");
    assert_eq!(violation("tower", "sse").unwrap(), "the edge `tower` may not import from the edge `sse`");
    assert!(violation("gateway", "sse").is_none() && violation("sse", "gateway").is_some());
    assert!(violation("observer", "tower").is_some() && violation("tower", "observer").is_none());
    assert!(violation("observer", "stream").is_some() && violation("stream", "observer").is_none());
    assert!(violation("tower", "__private").is_some() && violation("__private", "tower").is_none());
    assert!(violation("observer", "lib").is_some() && violation("lib", "observer").is_none());
    assert!(violation("surprise", "clock").unwrap().contains("add it to the list"));
}

#[test]
fn a_cycle_through_a_reexport_a_macro_and_a_path_is_found() {
    let graph = planted(&[
        ("src/lib.rs", "mod a; mod b; mod c; mod leaf;"),
        ("src/a.rs", "mod child; pub(crate) use self::child::Child; #[cfg(test)] mod tests { use crate::c::C; }"),
        ("src/a/child.rs", "pub(crate) struct Child; fn f() -> bool { matches!(1, crate::b::ONE) }"),
        ("src/b.rs", "pub(crate) const ONE: u8 = 1; fn f() { super::c::g() }"),
        ("src/c.rs", "use crate::{a::Child, leaf::L as M}; pub(crate) fn g() { let _ = Child; }"),
        ("src/leaf.rs", "pub(crate) struct L;"),
    ]);
    assert_eq!(graph.cycles(), [["src/a/child.rs", "src/b.rs", "src/c.rs"].map(Path::new)]);
}

#[test]
fn a_parent_that_uses_its_child_forms_a_cycle_only_if_the_child_uses_the_parent() {
    let parent = "mod child; use self::child::Child; pub(crate) struct Parent(Child);";
    let alone =
        planted(&[("src/lib.rs", "mod a;"), ("src/a.rs", parent), ("src/a/child.rs", "pub(super) struct Child;")]);
    assert!(alone.cycles().is_empty());
    let child = "use super::Parent; pub(super) struct Child; fn f(_: &Parent) {}";
    let both = planted(&[("src/lib.rs", "mod a;"), ("src/a.rs", parent), ("src/a/child.rs", child)]);
    assert_eq!(both.cycles().len(), 1);
}

#[test]
fn an_impl_away_from_its_type_is_found() {
    let graph = planted(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a.rs", "pub(crate) struct A; impl A { fn f() {} } pin! { struct P {} } impl P {}"),
        ("src/b.rs", "use crate::a::A; impl A { fn g() {} } impl Clone for A { fn clone(&self) -> A { A } }"),
    ]);
    assert_eq!(graph.distant_impls(), [(Path::new("src/b.rs"), "A")]);
}

/// Returns the graph of the crate with this root file, with paths from the root of the workspace.
fn graph(root: &str) -> ImportGraph {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    ImportGraph::load(Path::new(root), &|path| fs::read_to_string(workspace.join(path)).ok())
}

/// Returns the graph of a crate that consists of these files.
fn planted(files: &[(&str, &str)]) -> ImportGraph {
    let files: HashMap<_, _> = files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    ImportGraph::load(Path::new("src/lib.rs"), &|path| files.get(path).cloned())
}

/// Returns the root module of a file: `observer` for `observer/marker.rs`.
fn root_module(file: &Path) -> String {
    file.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs").to_owned()
}
