//! `cargo xtask semconv`: the constants of the conventions, written from the data files in `semconv/`.

use std::fs;
use std::path::Path;

use crate::generated;
use crate::root;

use registry::Registry;

mod registry;
mod write;
mod yaml;

/// The files that both profiles share, and those of each.
const CORE: &[&str] = &["core.yaml"];
const V1_41: &[&str] = &["v1_41/registry.yaml", "v1_41/metrics.yaml"];
const LATEST: &[&str] =
    &["latest/registry.yaml", "latest/metrics.yaml", "latest/token-metrics.yaml", "latest/spans.yaml"];
const HARDWARE: &[&str] = &[
    "hardware/registry.yaml",
    "hardware/common.yaml",
    "hardware/common-metrics.yaml",
    "hardware/fan-metrics.yaml",
    "hardware/gpu-metrics.yaml",
    "hardware/memory-metrics.yaml",
    "hardware/temperature-metrics.yaml",
];

/// What `latest` holds of a branch that upstream has not merged: `semconv/README.md` says more.
const UNMERGED_ATTRIBUTE: &str = "gen_ai.invocation.is_nested";
const UNMERGED_OPERATION: &str = "handle_conversation_turn";

/// What the generated files are made from.
#[derive(Debug)]
struct Model {
    v1_41: Registry,
    latest: Registry,
    hardware: Registry,
}

/// Writes both files, or with `check` compares them and names the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let model = model(&root().join("semconv"))?;
    let folder = root().join("llmobs/src/semconv");
    generated::put(&folder.join("attribute.rs"), &generated::rustfmt(&write::attributes(&model))?, check)?;
    generated::put(&folder.join("metric.rs"), &generated::rustfmt(&write::metrics(&model)?)?, check)
}

fn model(folder: &Path) -> Result<Model, String> {
    let mut latest = read(folder, &[CORE, LATEST])?;
    // Both must still be there, or this list would outlive its reason.
    let attribute = latest.attributes.remove(UNMERGED_ATTRIBUTE);
    attribute.ok_or_else(|| format!("`{UNMERGED_ATTRIBUTE}` is gone from the data: drop its exception"))?;
    let operation = latest.attributes.get_mut("gen_ai.operation.name").ok_or("`gen_ai.operation.name` is gone")?;
    let before = operation.members.len();
    operation.members.retain(|member| member.value != UNMERGED_OPERATION);
    if operation.members.len() == before {
        return Err(format!("`{UNMERGED_OPERATION}` is gone from the data: drop its exception"));
    }
    Ok(Model { v1_41: read(folder, &[CORE, V1_41])?, latest, hardware: read(folder, &[CORE, HARDWARE])? })
}

fn read(folder: &Path, sets: &[&[&str]]) -> Result<Registry, String> {
    let mut registry = Registry::default();
    for name in sets.iter().copied().flatten() {
        let text = fs::read_to_string(folder.join(name)).map_err(|error| format!("semconv/{name}: {error}"))?;
        let read = yaml::parse(&text).and_then(|document| registry.read(&document));
        read.map_err(|error| format!("semconv/{name}:{error}"))?;
    }
    Ok(registry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_in_a_data_file_names_the_file_and_the_line() {
        let error = read(Path::new("/nowhere"), &[CORE]).unwrap_err();
        assert!(error.starts_with("semconv/core.yaml: "), "{error}");
        let folder = std::env::temp_dir().join(format!("llmobs-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("core.yaml"), "attributes:\n  - key: a\n    b: {}\n").unwrap();
        let error = read(&folder, &[CORE]).unwrap_err();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.starts_with("semconv/core.yaml:3: "), "{error}");
    }

    #[test]
    fn the_data_gives_the_three_server_metrics_alike_in_both_profiles() {
        let model = model(&root().join("semconv")).unwrap();
        for name in ["request.duration", "time_per_output_token", "time_to_first_token"] {
            let name = format!("gen_ai.server.{name}");
            let (old, new) = (&model.v1_41.metrics[&name], &model.latest.metrics[&name]);
            assert_eq!((&old.unit, &old.instrument), (&new.unit, &new.instrument));
            assert_eq!(model.v1_41.attributes_of(old), model.latest.attributes_of(new));
        }
    }

    #[test]
    fn the_data_keeps_what_the_profiles_disagree_on() {
        let model = model(&root().join("semconv")).unwrap();
        assert_eq!(model.v1_41.attributes["gen_ai.request.top_k"].kind, "double");
        assert_eq!(model.latest.attributes["gen_ai.request.top_k"].kind, "int");
        assert!(model.v1_41.metrics.contains_key("gen_ai.client.token.usage"));
        assert!(!model.latest.metrics.contains_key("gen_ai.client.token.usage"));
        assert!(!model.latest.attributes.contains_key(UNMERGED_ATTRIBUTE));
    }
}
