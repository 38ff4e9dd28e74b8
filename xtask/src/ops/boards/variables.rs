//! The variables of boards.

use serde_json::Value;
use serde_json::json;

/// A variable of a board.
#[derive(Debug, Clone, Copy)]
pub(super) enum Variable {
    /// The data source of a type.
    Source { name: &'static str, label: &'static str, kind: &'static str },
    /// The values of a label; several may be chosen. Without a choice, all series match, also those without the label.
    Values { name: &'static str, label: &'static str, query: &'static str },
    /// One value of a label.
    One { name: &'static str, label: &'static str, query: &'static str },
    /// A text with a default.
    Text { name: &'static str, label: &'static str, value: &'static str },
}

pub(super) const DATASOURCE: Variable =
    Variable::Source { name: "datasource", label: "Data source", kind: "prometheus" };
pub(super) const LOKI: Variable = Variable::Source { name: "loki", label: "Logs", kind: "loki" };
pub(super) const TEMPO: Variable = Variable::Source { name: "tempo", label: "Traces", kind: "tempo" };

/// One job: the bounds of histograms depend on the objectives of the service, so histograms of two jobs have no sum.
pub(super) const JOB: Variable =
    Variable::One { name: "job", label: "Job", query: "label_values(llmobs_build_info, job)" };
pub(super) const JOBS: Variable =
    Variable::Values { name: "job", label: "Jobs", query: "label_values(llmobs_build_info, job)" };
pub(super) const INSTANCE: Variable = Variable::Values {
    name: "instance",
    label: "Instance",
    query: r#"label_values(llmobs_build_info{job=~"$job"}, instance)"#,
};
pub(super) const MODEL: Variable = Variable::Values {
    name: "model",
    label: "Model",
    query: r#"label_values(llmobs_operation_started_total{job=~"$job"}, gen_ai_request_model)"#,
};
pub(super) const PROVIDER: Variable = Variable::Values {
    name: "provider",
    label: "Provider",
    query: r#"label_values(llmobs_operation_started_total{job=~"$job"}, gen_ai_provider_name)"#,
};
pub(super) const TRACE_ID: Variable = Variable::Text { name: "trace_id", label: "Trace id", value: "" };

/// The variables of boards about one service.
pub(super) const SERVICE: [Variable; 5] = [DATASOURCE, JOB, INSTANCE, MODEL, PROVIDER];

impl Variable {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Source { name, .. }
            | Self::Values { name, .. }
            | Self::One { name, .. }
            | Self::Text { name, .. } => name,
        }
    }

    /// Returns the query for its values.
    pub(super) const fn query(&self) -> Option<&'static str> {
        match self {
            Self::Values { query, .. } | Self::One { query, .. } => Some(query),
            Self::Source { .. } | Self::Text { .. } => None,
        }
    }

    pub(super) fn to_json(self) -> Value {
        match self {
            Self::Source { name, label, kind } => json!({
                "type": "datasource", "name": name, "label": label, "query": kind, "regex": "", "refresh": 1, "hide": 0,
                "includeAll": false, "multi": false, "options": [], "skipUrlSync": false,
            }),
            Self::Values { name, label, query } => {
                let mut value = query_json(name, label, query);
                value["includeAll"] = json!(true);
                value["multi"] = json!(true);
                value["allValue"] = json!(".*");
                value["current"] = json!({ "selected": true, "text": ["All"], "value": ["$__all"] });
                value
            }
            Self::One { name, label, query } => query_json(name, label, query),
            Self::Text { name, label, value } => json!({
                "type": "textbox", "name": name, "label": label, "query": value, "hide": 0, "skipUrlSync": false,
                "current": { "selected": true, "text": value, "value": value },
                "options": [{ "selected": true, "text": value, "value": value }],
            }),
        }
    }
}

fn query_json(name: &str, label: &str, query: &str) -> Value {
    json!({
        "type": "query", "name": name, "label": label,
        "datasource": { "type": "prometheus", "uid": "${datasource}" },
        "query": { "query": query, "refId": "PrometheusVariableQueryEditor-VariableQuery" },
        "refresh": 2, "sort": 1, "regex": "", "hide": 0, "includeAll": false, "multi": false, "options": [],
        "skipUrlSync": false,
    })
}
