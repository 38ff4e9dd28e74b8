//! `cargo xtask metrics-doc`: generates the page of metrics, and the metrics of the registry for OpenTelemetry Weaver, from
//! the catalog.

use crate::cargo::CargoCommand;
use crate::generated;
use crate::workspace_root;

/// The examples that print the catalog, and the file of each.
const PAGES: [(&str, &str); 2] =
    [("metrics_doc", "docs/metrics.md"), ("metrics_registry", "semconv/registry/metrics.yaml")];

/// Writes the files; with `check`, compares them instead and fails with the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    for (example, path) in PAGES {
        // The examples print the catalog of the library, and users can run them too.
        let page = CargoCommand::new(&format!("run --quiet -p llmobs-examples --example {example}")).output()?;
        if page.trim().is_empty() {
            return Err(format!("the example `{example}` printed nothing"));
        }
        generated::write_or_check(&workspace_root().join(path), &page, check)?;
    }
    Ok(())
}
