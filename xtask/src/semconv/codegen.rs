//! Generates the text of the files, which rustfmt then formats.

mod attribute;
mod doc;
mod event;
mod metric;
pub(crate) mod names;
mod profile_entry;
mod span;
pub(crate) mod tables;

/// The beginnings of the names that llmobs defines.
const OWN_PREFIXES: [&str; 3] = ["llmobs.", "llm_request_", "gpu"];

const HEADER: &str = "// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.\n\n";

/// Returns the name of a constant: `gen_ai.request.model` becomes `GEN_AI_REQUEST_MODEL`.
fn const_name(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}

/// Returns the expression of a name in a table: its constant in this module, or the text of a name that llmobs defines.
fn expression(module: &str, name: &str) -> String {
    if OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix)) {
        format!("{name:?}")
    } else {
        format!("{module}::{}", const_name(name))
    }
}
