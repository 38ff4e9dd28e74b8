//! `cargo xtask semconv`: generates the names of the OpenTelemetry semantic conventions for the library, and the tables of
//! their definitions for the tests, from the data files in `semconv/`.

use std::fs;
use std::path::Path;

use crate::generated;
use crate::workspace_root;

use registry::File;
use registry::Registry;

mod codegen;
pub(crate) mod registry;

/// The data files shared by both profiles, and those of each profile.
const CORE_FILES: &[&str] = &["core.yaml"];
const CORE_SIGNAL_FILES: &[&str] = &["core-signals.yaml"];
const V1_41_FILES: &[&str] = &["v1_41/registry.yaml", "v1_41/metrics.yaml", "v1_41/spans.yaml", "v1_41/events.yaml"];
const LATEST_FILES: &[&str] = &[
    "latest/registry.yaml",
    "latest/metrics.yaml",
    "latest/token-metrics.yaml",
    "latest/spans.yaml",
    "latest/events.yaml",
];
const HARDWARE_FILES: &[&str] = &[
    "hardware/registry.yaml",
    "hardware/common.yaml",
    "hardware/common-metrics.yaml",
    "hardware/fan-metrics.yaml",
    "hardware/gpu-metrics.yaml",
    "hardware/memory-metrics.yaml",
    "hardware/temperature-metrics.yaml",
];

/// The names that llmobs defines.
const LLMOBS_FILES: &[&str] = &["registry/attributes.yaml", "registry/metrics.yaml", "registry/signals.yaml"];

/// Definitions in `latest` from a branch that upstream has not merged; see `semconv/README.md`.
const UNMERGED_ATTRIBUTE: &str = "gen_ai.invocation.is_nested";
const UNMERGED_OPERATION: &str = "handle_conversation_turn";

/// The definitions from which the files are generated.
#[derive(Debug)]
struct Registries {
    core: Registry,
    v1_41: Registry,
    latest: Registry,
    hardware: Registry,
    /// The names that llmobs defines, and those of `v1_41` and of the hardware to which they refer.
    llmobs: Registry,
}

/// Writes the files; with `check`, compares them instead and fails with the first line that differs.
pub(crate) fn run(check: bool) -> Result<(), String> {
    let registries = load_registries(&workspace_root().join("semconv"))?;
    for (path, text) in [
        ("llmobs/src/semconv/attribute.rs", codegen::names::attributes(&registries)),
        ("llmobs/src/semconv/event.rs", codegen::names::events(&registries)?),
        ("llmobs/src/semconv/metric.rs", codegen::names::metrics(&registries)?),
        ("tests/src/semconv/attribute.rs", codegen::tables::attributes(&registries)),
        ("tests/src/semconv/event.rs", codegen::tables::events(&registries)?),
        ("tests/src/semconv/llmobs.rs", codegen::tables::llmobs(&registries)?),
        ("tests/src/semconv/metric.rs", codegen::tables::metrics(&registries)?),
        ("tests/src/semconv/span.rs", codegen::tables::spans(&registries)?),
    ] {
        generated::write_or_check(&workspace_root().join(path), &generated::rustfmt(&text)?, check)?;
    }
    Ok(())
}

fn load_registries(folder: &Path) -> Result<Registries, String> {
    let mut latest = load_registry(folder, &[CORE_FILES, LATEST_FILES])?;
    // Fails when upstream removes either definition, so that this exception is removed too.
    let attribute = latest.attributes.remove(UNMERGED_ATTRIBUTE);
    attribute.ok_or_else(|| format!("`{UNMERGED_ATTRIBUTE}` is no longer in the data: remove its exception"))?;
    let operation =
        latest.attributes.get_mut("gen_ai.operation.name").ok_or("`gen_ai.operation.name` is not in the data")?;
    let before = operation.members.len();
    operation.members.retain(|member| member.value != UNMERGED_OPERATION);
    if operation.members.len() == before {
        return Err(format!("`{UNMERGED_OPERATION}` is no longer in the data: remove its exception"));
    }
    Ok(Registries {
        core: load_registry(folder, &[CORE_FILES, CORE_SIGNAL_FILES])?,
        v1_41: load_registry(folder, &[CORE_FILES, V1_41_FILES])?,
        latest,
        hardware: load_registry(folder, &[CORE_FILES, HARDWARE_FILES])?,
        llmobs: load_registry(folder, &[CORE_FILES, V1_41_FILES, &HARDWARE_FILES[..1], LLMOBS_FILES])?,
    })
}

fn load_registry(folder: &Path, file_sets: &[&[&str]]) -> Result<Registry, String> {
    let mut registry = Registry::default();
    for name in file_sets.iter().copied().flatten() {
        let text = fs::read_to_string(folder.join(name)).map_err(|error| format!("semconv/{name}: {error}"))?;
        let file = File::parse(&text).map_err(|error| format!("semconv/{name}:{error}"))?;
        registry.add_file(file).map_err(|error| format!("semconv/{name}: {error}"))?;
    }
    Ok(registry)
}

#[cfg(test)]
mod tests {
    use super::registry::AttributeType;
    use super::*;

    #[test]
    fn an_error_in_a_data_file_names_the_file_and_the_line() {
        let error = load_registry(Path::new("/nowhere"), &[CORE_FILES]).unwrap_err();
        assert!(error.starts_with("semconv/core.yaml: "), "{error}");
        let folder = std::env::temp_dir().join(format!("llmobs-xtask-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("core.yaml"), "attributes:\n  - key: a\n    b: {}\n").unwrap();
        let error = load_registry(&folder, &[CORE_FILES]).unwrap_err();
        fs::remove_dir_all(&folder).unwrap();
        assert!(error.starts_with("semconv/core.yaml:3: "), "{error}");
    }

    #[test]
    fn both_profiles_define_the_three_server_metrics_equally() {
        let registries = load_registries(&workspace_root().join("semconv")).unwrap();
        for name in ["request.duration", "time_per_output_token", "time_to_first_token"] {
            let name = format!("gen_ai.server.{name}");
            let (old, new) = (&registries.v1_41.metrics[&name], &registries.latest.metrics[&name]);
            assert_eq!((&old.unit, &old.instrument), (&new.unit, &new.instrument));
            assert_eq!(registries.v1_41.metric_attributes(old), registries.latest.metric_attributes(new));
        }
    }

    #[test]
    fn the_data_preserves_the_differences_between_the_profiles() {
        let registries = load_registries(&workspace_root().join("semconv")).unwrap();
        assert_eq!(registries.v1_41.attributes["gen_ai.request.top_k"].kind, AttributeType::Double);
        assert_eq!(registries.latest.attributes["gen_ai.request.top_k"].kind, AttributeType::Int);
        assert!(registries.v1_41.metrics.contains_key("gen_ai.client.token.usage"));
        assert!(!registries.latest.metrics.contains_key("gen_ai.client.token.usage"));
        assert!(!registries.latest.attributes.contains_key(UNMERGED_ATTRIBUTE));
    }

    #[test]
    fn the_data_preserves_the_differences_between_the_spans_of_the_profiles() {
        let registries = load_registries(&workspace_root().join("semconv")).unwrap();
        let attributes = |registry: &Registry, id: &str| registry.span_attributes(&registry.spans[id]).unwrap();
        let old = attributes(&registries.v1_41, "gen_ai.inference.client");
        let new = attributes(&registries.latest, "gen_ai.client.inference");
        let (created, written) = ("gen_ai.usage.cache_creation.input_tokens", "gen_ai.usage.cache_write.input_tokens");
        assert!(old.contains_key(created) && !old.contains_key(written));
        assert!(new.contains_key(written) && !new.contains_key(created));
        let retrieval = |registry| attributes(registry, "gen_ai.retrieval.client");
        assert!(retrieval(&registries.v1_41).contains_key("gen_ai.request.top_k"));
        assert!(retrieval(&registries.latest).contains_key("gen_ai.retrieval.top_k"));
        let internal = |registry| attributes(registry, "gen_ai.invoke_agent.internal");
        assert!(internal(&registries.v1_41).contains_key("gen_ai.provider.name"));
        assert!(!internal(&registries.latest).contains_key("gen_ai.provider.name"));
    }

    #[test]
    fn every_span_except_inference_names_its_operations_and_no_two_spans_of_a_kind_share_one() {
        let registries = load_registries(&workspace_root().join("semconv")).unwrap();
        for registry in [&registries.v1_41, &registries.latest] {
            let mut seen = Vec::new();
            for (id, span) in &registry.spans {
                assert_eq!(span.operation_names.is_empty(), id.contains("inference"), "{id}");
                seen.extend(span.operation_names.iter().map(|operation| (operation, span.kind)));
            }
            let all = seen.len();
            seen.sort();
            seen.dedup();
            assert!(all > 6 && seen.len() == all, "{seen:?}");
        }
    }
}
