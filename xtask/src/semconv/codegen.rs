//! Generates the text of the files, which rustfmt then formats.

mod attribute;
mod doc;
mod event;
mod metric;
pub(crate) mod names;
mod profile_entry;
mod span;
pub(crate) mod tables;

const HEADER: &str = "// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.\n\n";

/// Returns the name of a constant: `gen_ai.request.model` becomes `GEN_AI_REQUEST_MODEL`.
fn const_name(name: &str) -> String {
    name.replace('.', "_").to_uppercase()
}
