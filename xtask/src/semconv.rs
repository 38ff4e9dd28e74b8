//! `cargo xtask semconv`: generates the constants of the OpenTelemetry semantic conventions from the data files in
//! `semconv/`.

use std::fs;
use std::path::Path;

use crate::generated;
use crate::root;

use registry::Registry;

mod registry;
mod write;
mod yaml;

/// The data files shared by both profiles, and those of each profile.
const CORE: &[&str] = &["core.yaml"];
const CORE_SIGNALS: &[&str] = &["core-signals.yaml"];
const V1_41: &[&str] = &["v1_41/registry.yaml", "v1_41/metrics.yaml", "v1_41/spans.yaml", "v1_41/events.yaml"];
const LATEST: &[&str] = &[
    "latest/registry.yaml",
    "latest/metrics.yaml",
    "latest/token-metrics.yaml",
    "latest/spans.yaml",
    "latest/events.yaml",
];
const HARDWARE: &[&str] = &[
    "hardware/registry.yaml",
    "hardware/common.yaml",
    "hardware/common-metrics.yaml",
    "hardware/fan-metrics.yaml",
    "hardware/gpu-metrics.yaml",
    "hardware/memory-metrics.yaml",
    "hardware/temperature-metrics.yaml",
];

/// Definitions in `latest` from a branch that upstream has not merged; see `semconv/README.md`.
const UNMERGED_ATTRIBUTE: &str = "gen_ai.invocation.is_nested";
const UNMERGED_OPERATION: &str = "handle_conversation_turn";

/// The definitions from which the files are generated.
#[derive(Debug)]
struct Model {
    core: Registry,
    v1_41: Registry,
    latest: Registry,
    hardware: Registry,
}

/// Writes the files; with `check`, compares them instead and fails with the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let model = model(&root().join("semconv"))?;
    let folder = root().join("llmobs/src/semconv");
    generated::put(&folder.join("attribute.rs"), &generated::rustfmt(&write::attributes(&model))?, check)?;
    generated::put(&folder.join("event.rs"), &generated::rustfmt(&write::events(&model)?)?, check)?;
    generated::put(&folder.join("metric.rs"), &generated::rustfmt(&write::metrics(&model)?)?, check)?;
    generated::put(&folder.join("span.rs"), &generated::rustfmt(&write::spans(&model)?)?, check)
}

fn model(folder: &Path) -> Result<Model, String> {
    let mut latest = read(folder, &[CORE, LATEST])?;
    // Fails when upstream removes either definition, so that this exception is removed too.
    let attribute = latest.attributes.remove(UNMERGED_ATTRIBUTE);
    attribute.ok_or_else(|| format!("`{UNMERGED_ATTRIBUTE}` is gone from the data: drop its exception"))?;
    let operation = latest.attributes.get_mut("gen_ai.operation.name").ok_or("`gen_ai.operation.name` is gone")?;
    let before = operation.members.len();
    operation.members.retain(|member| member.value != UNMERGED_OPERATION);
    if operation.members.len() == before {
        return Err(format!("`{UNMERGED_OPERATION}` is gone from the data: drop its exception"));
    }
    Ok(Model {
        core: read(folder, &[CORE, CORE_SIGNALS])?,
        v1_41: read(folder, &[CORE, V1_41])?,
        latest,
        hardware: read(folder, &[CORE, HARDWARE])?,
    })
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
    use super::registry::Kind;
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
        assert_eq!(model.v1_41.attributes["gen_ai.request.top_k"].kind, Kind::Double);
        assert_eq!(model.latest.attributes["gen_ai.request.top_k"].kind, Kind::Int);
        assert!(model.v1_41.metrics.contains_key("gen_ai.client.token.usage"));
        assert!(!model.latest.metrics.contains_key("gen_ai.client.token.usage"));
        assert!(!model.latest.attributes.contains_key(UNMERGED_ATTRIBUTE));
    }

    #[test]
    fn the_data_keeps_what_the_spans_of_the_profiles_disagree_on() {
        let model = model(&root().join("semconv")).unwrap();
        let attributes = |registry: &Registry, id: &str| registry.attributes_of_span(&registry.spans[id]).unwrap();
        let old = attributes(&model.v1_41, "gen_ai.inference.client");
        let new = attributes(&model.latest, "gen_ai.client.inference");
        let (created, written) = ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens");
        assert!(old.contains_key(created) && !old.contains_key(written));
        assert!(new.contains_key(written) && !new.contains_key(created));
        let retrieval = |registry| attributes(registry, "gen_ai.retrieval.client");
        assert!(retrieval(&model.v1_41).contains_key("gen_ai.request.top_k"));
        assert!(retrieval(&model.latest).contains_key("gen_ai.retrieval.top_k"));
        let internal = |registry| attributes(registry, "gen_ai.invoke_agent.internal");
        assert!(internal(&model.v1_41).contains_key("gen_ai.provider.name"));
        assert!(!internal(&model.latest).contains_key("gen_ai.provider.name"));
    }

    #[test]
    fn every_span_of_an_operation_says_which_and_no_two_of_a_kind_share_one() {
        let model = model(&root().join("semconv")).unwrap();
        for registry in [&model.v1_41, &model.latest] {
            let mut seen = Vec::new();
            for (id, span) in &registry.spans {
                assert_eq!(span.operations.is_empty(), id.contains("inference"), "{id}");
                seen.extend(span.operations.iter().map(|operation| (operation, &span.kind)));
            }
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert!(all > 6 && seen.len() == all, "{seen:?}");
        }
    }
}
