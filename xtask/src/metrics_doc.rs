//! `cargo xtask metrics-doc`: generates the page of metrics from the catalog.

use crate::cargo::CargoCommand;
use crate::generated;
use crate::workspace_root;

/// Writes `docs/metrics.md`; with `check`, compares it instead and fails with the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    // The example prints the catalog of the library, and users can run it too.
    let page = CargoCommand::new("run --quiet -p llmobs-examples --example metrics_doc").output()?;
    if page.trim().is_empty() {
        return Err("the example `metrics_doc` printed nothing".to_owned());
    }
    generated::write_or_check(&workspace_root().join("docs/metrics.md"), &page, check)
}
