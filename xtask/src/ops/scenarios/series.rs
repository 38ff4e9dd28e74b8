//! One series of a test.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::super::names::Kind;
use super::super::names::Metric;
use super::super::names::Names;
use super::super::names::Origin;
use super::values::Value;

/// The systems whose counters grow with requests: engines, and the store of their spans.
const SERVING: [&str; 8] =
    ["vLLM", "SGLang", "TGI", "Triton", "TorchServe", "TorchServe frontend", "Dynamo", "Tempo itself"];

/// The units of gauges that count requests in work.
const IN_WORK: [&str; 3] = ["{operation}", "{request}", "{sequence}"];

/// The unit of money, which is not counted in whole numbers.
const DOLLARS: &str = "{USD}";

/// Labels of operations, which the table of cases and the recorded pages share.
const SHORT: [(&str, &str); 2] = [
    (
        "OPERATION",
        "gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"synthetic\",gen_ai_request_model=\"synthetic\"",
    ),
    ("ENGINE", "gen_ai_request_model=\"synthetic\",llmobs_engine_id=\"0\""),
];

/// A series with its values.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(super) values: Vec<Value>,
    pub(crate) is_counter: bool,
    pub(super) is_core: bool,
    pub(super) load: Load,
}

/// The way in which the values of a series depend on the number of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// The values do not depend on the number of requests.
    Independent,
    /// A counter of things, such as operations or tokens, that grows with each request.
    Count,
    /// A counter of seconds or dollars that grows with each request.
    Amount,
    /// A gauge that counts the requests in work.
    Active,
    /// A gauge of a request in work, such as its age.
    Age,
}

impl Series {
    /// Parses a series such as `up` or `x_total{OPERATION,kind="a"}`, and adds the labels `job` and `instance`. Fails if the
    /// name or a label is unknown.
    pub(crate) fn parse(text: &str, values: Vec<Value>, names: &Names) -> Result<Self, String> {
        let text = SHORT.iter().fold(text.to_owned(), |text, (short, long)| text.replace(short, long));
        let (name, rest) = text.split_once('{').unwrap_or((&text, "}"));
        let mut labels = parse_labels(rest.trim_end_matches('}'))?;
        labels.entry("job".to_owned()).or_insert_with(|| "chat".to_owned());
        labels.entry("instance".to_owned()).or_insert_with(|| "a:8080".to_owned());
        let metric = names.get(name).ok_or_else(|| format!("no table contains the metric {name}"))?;
        for (label, value) in &labels {
            match metric.labels.get(label) {
                None => return Err(format!("{name} has no label {label}")),
                Some(Some(values)) if !values.contains(value) => {
                    return Err(format!("the label {label} of {name} has no value `{value}`"));
                }
                Some(_) => {}
            }
        }
        let is_core = match &metric.origin {
            Origin::Own { level, .. } => level == "core",
            _ => true,
        };
        let is_counter = matches!(metric.kind, Kind::Counter | Kind::Histogram);
        let load = Load::of(metric, name);
        Ok(Self { name: name.to_owned(), labels, values, is_counter, is_core, load })
    }

    /// Returns whether the series is a counter that each request increases.
    pub(super) fn grows_with_requests(&self) -> bool {
        matches!(self.load, Load::Count | Load::Amount)
    }

    /// Returns whether Prometheus itself makes the series when it scrapes.
    pub(super) fn is_of_scrape(&self) -> bool {
        self.name == "up" || self.name.starts_with("scrape_")
    }

    /// Returns whether the series exists as long as its process.
    pub(super) fn is_of_process(&self) -> bool {
        self.is_of_scrape() || self.name == "llmobs_build_info"
    }

    /// Returns the series as promtool reads it.
    pub(super) fn selector(&self) -> String {
        let mut text = format!("{}{{", self.name);
        for (index, (label, value)) in self.labels.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = write!(text, "{comma}{label}=\"{value}\"");
        }
        text + "}"
    }
}

impl Load {
    /// Returns how the values of a series of the metric depend on requests.
    fn of(metric: &Metric, series: &str) -> Self {
        let is_of_requests = match &metric.origin {
            Origin::Own { .. } => !series.starts_with("llmobs_gpu_") && !series.starts_with("hw_"),
            Origin::Foreign { system } => SERVING.contains(&system.as_str()),
            Origin::Recorded { .. } => false,
        };
        match metric.kind {
            _ if !is_of_requests => Self::Independent,
            Kind::Counter if metric.unit.starts_with('{') && metric.unit != DOLLARS => Self::Count,
            Kind::Histogram if !series.ends_with("_sum") => Self::Count,
            Kind::Counter | Kind::Histogram => Self::Amount,
            Kind::Gauge if IN_WORK.contains(&metric.unit.as_str()) => Self::Active,
            Kind::Gauge if series.starts_with("llmobs_operation_") => Self::Age,
            Kind::Gauge => Self::Independent,
        }
    }
}

/// Parses `a="1",b="2"`. A value has no quotes and no commas.
pub(crate) fn parse_labels(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut labels = BTreeMap::new();
    for pair in text.split("\",").filter(|pair| !pair.is_empty()) {
        let (label, value) = pair.split_once("=\"").ok_or_else(|| format!("`{pair}` is no label"))?;
        labels.insert(label.trim().to_owned(), value.trim_end_matches('"').to_owned());
    }
    Ok(labels)
}
