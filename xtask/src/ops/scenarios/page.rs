//! The pages of `docs/ops/src/pages`: their samples and types.

use std::collections::BTreeMap;
use std::fs;

use super::super::output::FOLDER;
use crate::workspace_root;

/// Reads the samples of a page, such as `healthy.before`.
pub(crate) fn samples(name: &str) -> Result<Vec<(String, f64)>, String> {
    let text = read(name)?;
    let failed = |error: String| format!("{FOLDER}/src/pages/{name}.prom: {error}");
    let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    lines
        .map(|line| {
            let (selector, value) = line.rsplit_once(' ').ok_or_else(|| failed(format!("`{line}` is no sample")))?;
            let value = value.parse().map_err(|_| failed(format!("`{value}` is no number")))?;
            Ok((selector.to_owned(), value))
        })
        .collect()
}

/// Reads the types of the metrics of a page, by their names.
pub(super) fn types(name: &str) -> Result<BTreeMap<String, String>, String> {
    let text = read(name)?;
    let types = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    Ok(types.map(|(metric, kind)| (metric.to_owned(), kind.to_owned())).collect())
}

fn read(name: &str) -> Result<String, String> {
    let path = format!("src/pages/{name}.prom");
    fs::read_to_string(workspace_root().join(FOLDER).join(&path)).map_err(|error| format!("{FOLDER}/{path}: {error}"))
}
