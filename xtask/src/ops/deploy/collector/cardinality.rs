//! The rules about the processor that finds labels with too many values.

use std::collections::BTreeSet;

use serde_json::Value;

use super::config::Config;
use crate::ops::deploy::report::Report;
use crate::ops::deploy::yaml;

const PROCESSOR: &str = "cardinality_guardian";

/// Checks each processor. `attributes` are those of the metrics of llmobs.
pub(super) fn check(file: &str, config: &Config, attributes: &BTreeSet<String>, report: &mut Report) {
    let rule = "labels of llmobs are exempt";
    for (name, processor) in config.of_type("processors", PROCESSOR) {
        let exempt = yaml::texts(processor, &["never_drop_labels"]);
        for attribute in attributes.iter().filter(|attribute| !exempt.contains(&attribute.as_str())) {
            report.add(file, rule, &format!("`never_drop_labels` of `{name}` lacks {attribute}"));
        }
        for exempted in exempt.iter().filter(|exempted| !attributes.contains(**exempted)) {
            report.add(
                file,
                rule,
                &format!("`never_drop_labels` of `{name}` has {exempted}, which no metric of llmobs has"),
            );
        }
        let limit = processor.get("max_tracker_count").and_then(Value::as_u64).unwrap_or_default();
        report.require(limit > 0, file, "a limit of watched labels", &format!("`{name}` has no max_tracker_count"));
        let pipelines = config.pipelines.iter().filter(|pipeline| pipeline.processors.iter().any(|one| one == name));
        for pipeline in pipelines.filter(|pipeline| pipeline.signal() != "metrics") {
            report.add(file, rule, &format!("`{name}` is in the pipeline {}, and reads metrics only", pipeline.name));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;

    #[test]
    fn a_list_that_differs_from_the_metrics_is_refused() {
        let name = "gateway-cardinality";
        refused(name, "      - gen_ai.request.model\n", "", "lacks gen_ai.request.model");
        refused(name, "      - llmobs.stall.cause\n", "      - llmobs.stall\n", "has llmobs.stall, which");
    }

    #[test]
    fn memory_without_a_limit_and_other_signals_are_refused() {
        let name = "gateway-cardinality";
        refused(name, "    max_tracker_count: 100000\n", "", "a limit of watched labels");
        refused(
            name,
            "processors: [tail_sampling]",
            "processors: [tail_sampling, cardinality_guardian]",
            "metrics only",
        );
    }
}
