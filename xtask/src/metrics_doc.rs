//! `cargo xtask metrics-doc`: the page of metrics, written from the catalog.

use crate::cargo::Cargo;
use crate::generated;
use crate::root;

/// Writes `docs/metrics.md`, or with `check` compares it and names the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    // The catalog is a matter of the library; an example that a reader can run prints it.
    let page = Cargo::new("run --quiet -p llmobs-examples --example metrics_doc").output()?;
    if page.trim().is_empty() {
        return Err("the example `metrics_doc` printed nothing".to_owned());
    }
    generated::put(&root().join("docs/metrics.md"), &page, check)
}
