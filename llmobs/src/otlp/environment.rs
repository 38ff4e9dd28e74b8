//! The standard environment variables, read once, and the warnings about values that cannot be applied.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::Signal;

/// The variables whose names begin with `OTEL_`, and `RUST_LOG`.
#[derive(Clone, Default)]
pub(super) struct Environment(BTreeMap<String, String>);

/// Prints only the names: the values may contain keys.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// Returns the environment variables of the process.
    pub(super) fn from_process() -> Self {
        let pairs = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
        Self::from_pairs(pairs.map(|(name, value)| (name, value.to_string_lossy().into_owned())))
    }

    pub(super) fn from_pairs(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs.into_iter().map(|(name, value)| (name, value.trim().to_owned()));
        // The OpenTelemetry specification treats an empty value as unset.
        Self(
            pairs
                .filter(|(name, value)| (name.starts_with("OTEL_") || name == "RUST_LOG") && !value.is_empty())
                .collect(),
        )
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Returns a value in lower case. The OpenTelemetry specification recommends to read the values of enumerations in
    /// any case.
    pub(super) fn lowercase(&self, name: &str) -> Option<String> {
        self.get(name).map(str::to_ascii_lowercase)
    }

    /// Returns the value of the variable of one signal, else of the variable for all signals, with the name of the
    /// variable.
    pub(super) fn for_signal(&self, signal: Signal, suffix: &str) -> Option<(String, &str)> {
        let own = format!("OTEL_EXPORTER_OTLP_{}_{suffix}", signal_env_infix(signal));
        let common = format!("OTEL_EXPORTER_OTLP_{suffix}");
        [own, common].into_iter().find_map(|name| self.0.get(&name).map(|value| (name, value.as_str())))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    /// Returns the value of a variable as a whole number. Adds a warning and returns `None` if it is not one.
    pub(super) fn integer(&self, name: &str, warnings: &mut Warnings) -> Option<usize> {
        let value = self.get(name)?;
        let number = value.parse().ok();
        if number.is_none() {
            warnings.add(name, format!("`{value}` is not a whole number, so the default is used"));
        }
        number
    }

    /// Returns the value of a variable as a duration. The variables contain milliseconds.
    pub(super) fn duration(&self, name: &str, warnings: &mut Warnings) -> Option<Duration> {
        self.integer(name, warnings).map(|millis| Duration::from_millis(millis as u64))
    }
}

/// Returns the part of a variable name that identifies a signal.
pub(super) const fn signal_env_infix(signal: Signal) -> &'static str {
    match signal {
        Signal::Traces => "TRACES",
        Signal::Metrics => "METRICS",
        Signal::Logs => "LOGS",
    }
}

/// The variables that cannot be applied, with reasons. All of them are reported in one warning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Warnings(Vec<String>);

impl Warnings {
    pub(super) fn add(&mut self, name: &str, reason: impl AsRef<str>) {
        let warning = format!("{name}: {}", reason.as_ref());
        if !self.0.contains(&warning) {
            self.0.push(warning);
        }
    }

    pub(super) fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Adds a warning for each variable in the environment that the pipeline does not support.
    pub(super) fn add_unsupported(&mut self, environment: &Environment) {
        for (name, reason) in UNSUPPORTED_VARIABLES {
            if environment.get(name).is_some() {
                self.add(name, reason);
            }
        }
    }
}

const NO_VALUE_LENGTH_LIMIT: &str = "the pipeline does not truncate the values of attributes";
const NO_LOG_ATTRIBUTE_LIMIT: &str = "the pipeline does not limit the attributes of log records";
const NO_CONFIG_FILE: &str = "the pipeline does not read configuration files; set variables or use the builder";

const NO_ZIPKIN: &str = "Zipkin is not supported";
const NO_PROMETHEUS: &str = "the pipeline does not serve the Prometheus page; the application does";
const OBSOLETE_INSECURE: &str = "this variable is obsolete; set OTEL_EXPORTER_OTLP_TRACES_INSECURE or \
                                 OTEL_EXPORTER_OTLP_METRICS_INSECURE instead";

/// Variables of the OpenTelemetry specification that the pipeline does not support. Variables for TLS files are handled
/// with the endpoints, and reported there if the feature `otlp-tls` is disabled.
const UNSUPPORTED_VARIABLES: &[(&str, &str)] = &[
    ("OTEL_ENTITIES", "entities are not supported; set OTEL_RESOURCE_ATTRIBUTES instead"),
    ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", NO_VALUE_LENGTH_LIMIT),
    ("OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", NO_VALUE_LENGTH_LIMIT),
    ("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT", NO_VALUE_LENGTH_LIMIT),
    ("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT", NO_LOG_ATTRIBUTE_LIMIT),
    ("OTEL_METRICS_EXEMPLAR_FILTER", "the OpenTelemetry SDK records no exemplars; the Prometheus page contains them"),
    ("OTEL_EXPORTER_OTLP_SPAN_INSECURE", OBSOLETE_INSECURE),
    ("OTEL_EXPORTER_OTLP_METRIC_INSECURE", OBSOLETE_INSECURE),
    ("OTEL_EXPORTER_ZIPKIN_ENDPOINT", NO_ZIPKIN),
    ("OTEL_EXPORTER_ZIPKIN_PROTOCOL", NO_ZIPKIN),
    ("OTEL_EXPORTER_ZIPKIN_TIMEOUT", NO_ZIPKIN),
    ("OTEL_EXPORTER_PROMETHEUS_HOST", NO_PROMETHEUS),
    ("OTEL_EXPORTER_PROMETHEUS_PORT", NO_PROMETHEUS),
    ("OTEL_EXPORTER_PROMETHEUS_WITHOUT_SCOPE_INFO", NO_PROMETHEUS),
    ("OTEL_CONFIG_FILE", NO_CONFIG_FILE),
    ("OTEL_EXPERIMENTAL_CONFIG_FILE", NO_CONFIG_FILE),
    ("OTEL_LOG_LEVEL", "this variable is not supported; set RUST_LOG instead, for example to `llmobs=debug`"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_pairs(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn the_variable_of_one_signal_overrides_the_common_variable() {
        let environment =
            environment(&[("OTEL_EXPORTER_OTLP_TIMEOUT", "1"), ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", " 2 ")]);
        assert_eq!(environment.for_signal(Signal::Traces, "TIMEOUT").unwrap().1, "1");
        let (name, value) = environment.for_signal(Signal::Logs, "TIMEOUT").unwrap();
        assert_eq!((name.as_str(), value), ("OTEL_EXPORTER_OTLP_LOGS_TIMEOUT", "2"));
    }

    #[test]
    fn an_empty_value_is_unset_and_an_invalid_value_gets_a_warning() {
        let environment = environment(&[("OTEL_BSP_MAX_QUEUE_SIZE", " "), ("OTEL_BSP_SCHEDULE_DELAY", "soon")]);
        let mut warnings = Warnings::default();
        assert_eq!(environment.integer("OTEL_BSP_MAX_QUEUE_SIZE", &mut warnings), None);
        assert_eq!(environment.duration("OTEL_BSP_SCHEDULE_DELAY", &mut warnings), None);
        assert_eq!(
            warnings.as_slice(),
            ["OTEL_BSP_SCHEDULE_DELAY: `soon` is not a whole number, so the default is used"]
        );
    }
}
