//! The rules about content and secrets.

use serde_json::Value;

use super::components;
use super::config::Config;
use crate::ops::deploy::report::Report;
use crate::ops::deploy::yaml;

/// The processor that deletes content, and the keys of its statements with the path of their attributes.
const DROP_CONTENT: &str = "transform/drop_content";
const STATEMENTS: [(&str, &str); 2] = [("trace_statements", "span.attributes"), ("log_statements", "log.attributes")];

/// The paths with which a statement may begin.
const CONTEXTS: [&str; 8] =
    ["datapoint.", "instrumentation_scope.", "log.", "metric.", "resource.", "scope.", "span.", "spanevent."];

pub(super) fn check(file: &str, config: &Config, content_keys: &[String], report: &mut Report) {
    check_pipelines(file, config, report);
    check_statements(file, config, content_keys, report);
    check_paths(file, config, report);
    for (name, redaction) in config.of_type("processors", "redaction") {
        check_redaction(file, name, redaction, report);
    }
}

/// Every trace and log passes the deletion of content and the redaction before an exporter of the network.
fn check_pipelines(file: &str, config: &Config, report: &mut Report) {
    let rule = "redaction before every exporter";
    let sends = |name: &String| !config.is_connector(name) && components::type_of(name) != "debug";
    for pipeline in config.pipelines.iter().filter(|pipeline| matches!(pipeline.signal(), "traces" | "logs")) {
        if !pipeline.exporters.iter().any(sends) {
            continue;
        }
        let upstream = config.upstream(pipeline);
        let drops = upstream.iter().any(|from| from.processors.iter().any(|name| name == DROP_CONTENT));
        let redacts = upstream.iter().any(|from| from.has_processor("redaction"));
        report.require(drops && redacts, file, rule, &format!("in the pipeline `{}`", pipeline.name));
    }
}

/// The deletion names each key of content of the library, and an error drops the data.
fn check_statements(file: &str, config: &Config, content_keys: &[String], report: &mut Report) {
    let rule = "every key of content is deleted";
    let Some(transform) = config.component("processors", DROP_CONTENT) else {
        return report.add(file, rule, &format!("`{DROP_CONTENT}` is missing"));
    };
    for (statements, attributes) in STATEMENTS {
        let statements = yaml::texts(transform, &[statements]);
        for key in content_keys {
            let statement = format!("delete_key({attributes}, \"{key}\")");
            report.require(statements.contains(&statement.as_str()), file, rule, &format!("no `{statement}`"));
        }
    }
    let mode = yaml::text(transform, &["error_mode"]);
    report.require(mode == Some("propagate"), file, rule, "`error_mode` must be `propagate`: others let content pass");
}

/// Every path in a statement or condition begins with its context.
fn check_paths(file: &str, config: &Config, report: &mut Report) {
    let mut check_statement = |statement: &str| {
        let has_bare = bare_paths(statement);
        report.require(!has_bare, file, "paths with a context", &format!("`{statement}`"));
    };
    for (_, transform) in config.of_type("processors", "transform") {
        for (key, _) in yaml::entries(transform, &[]).filter(|(key, _)| key.ends_with("_statements")) {
            yaml::texts(transform, &[key]).into_iter().for_each(&mut check_statement);
        }
    }
    for (_, sampling) in config.of_type("processors", "tail_sampling") {
        for policy in yaml::items(sampling, &["policies"]) {
            yaml::texts(policy, &["ottl_condition", "span"]).into_iter().for_each(&mut check_statement);
        }
    }
}

/// Returns true if `attributes` occurs without a context before it.
fn bare_paths(statement: &str) -> bool {
    statement.match_indices("attributes").any(|(index, _)| {
        let before = statement.get(..index).unwrap_or_default();
        !CONTEXTS.iter().any(|context| before.ends_with(context))
    })
}

fn check_redaction(file: &str, name: &str, redaction: &Value, report: &mut Report) {
    let rule = "redaction";
    let allows_all = redaction.get("allow_all_keys").and_then(Value::as_bool) == Some(true);
    let has_list = yaml::items(redaction, &["allowed_keys"]).next().is_some();
    let text = format!("`{name}` removes all attributes without `allow_all_keys` or `allowed_keys`");
    report.require(allows_all || has_list, file, rule, &text);
    let all_types = redaction.get("redact_all_types").and_then(Value::as_bool) == Some(true);
    let text = format!("`redact_all_types` of `{name}` masks durations as card numbers");
    report.require(!all_types, file, rule, &text);
    for pattern in yaml::texts(redaction, &["blocked_key_patterns"]) {
        let text = format!("`{pattern}` of `{name}` masks gen_ai.usage.input_tokens");
        report.require(!pattern.contains("token"), file, rule, &text);
    }
    let masks = |part: &str| yaml::texts(redaction, &["blocked_values"]).iter().any(|value| value.contains(part));
    for part in ["@", "bearer", "sk-"] {
        report.require(masks(part), file, rule, &format!("`{name}` masks no value with `{part}`"));
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::refused;
    use super::*;

    #[test]
    fn an_exporter_without_redaction_is_refused() {
        let rule = "redaction before every exporter";
        refused("sidecar", ", redaction/secrets]", "]", rule);
        refused("gateway", "transform/drop_content, redaction/secrets", "redaction/secrets", rule);
        refused("elastic", "[memory_limiter, transform/drop_content, redaction/secrets]", "[memory_limiter]", rule);
    }

    #[test]
    fn a_key_of_content_that_is_not_deleted_is_refused() {
        let rule = "every key of content is deleted";
        refused("agent", "      - delete_key(span.attributes, \"gen_ai.input.messages\")\n", "", rule);
        refused("agent", "      - delete_key(log.attributes, \"gen_ai.tool.call.result\")\n", "", rule);
        refused("agent", "error_mode: propagate", "error_mode: ignore", rule);
    }

    #[test]
    fn a_path_without_a_context_is_refused() {
        refused(
            "events",
            "resource.attributes[\"service.name\"]",
            "attributes[\"service.name\"]",
            "paths with a context",
        );
        refused("gateway", "span.attributes[\"error.type\"]", "attributes[\"error.type\"]", "paths with a context");
        assert!(!bare_paths("delete_key(log.attributes, \"a\")"));
        assert!(bare_paths("set(span.attributes[\"a\"], attributes[\"b\"])"));
    }

    #[test]
    fn a_redaction_that_masks_too_much_or_too_little_is_refused() {
        refused("gateway", "redact_all_types: false", "redact_all_types: true", "masks durations");
        refused("gateway", "(api[-_]?key|", "(api[-_]?key|token|", "masks gen_ai.usage.input_tokens");
        refused("gateway", "allow_all_keys: true", "allow_all_keys: false", "removes all attributes");
        refused("gateway", "      - '\\bsk-[A-Za-z0-9_-]{16,}\\b'\n", "", "masks no value");
    }
}
