//! The metrics as data: one row each. Code binds instruments from these rows, `cargo xtask metrics-doc` writes
//! `docs/metrics.md` from them, tests read them.

mod buckets;
mod rows;
mod view;

pub use self::buckets::BucketShape;
pub use self::buckets::Buckets;
pub use self::rows::ROWS;
pub(crate) use self::rows::RowId;
pub(crate) use self::rows::SERIES;
pub(crate) use self::rows::llmobs_attribute;
pub use self::view::DeviceAttribute;
pub use self::view::DeviceValue;
pub(crate) use self::view::ValueOrigin;
pub use self::view::View;
pub(crate) use self::view::ViewDefinition;
pub(crate) use self::view::ViewMetric;

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The OpenTelemetry name.
    pub name: &'static str,
    /// The kind of instrument.
    pub instrument: Instrument,
    /// The unit, in UCUM as the conventions write it; empty where a unit would spoil the name.
    pub unit: &'static str,
    /// What it counts or measures.
    pub description: &'static str,
    /// The attributes, in the order in which they are always recorded.
    pub attributes: &'static [&'static str],
    /// The level from which on it is recorded.
    pub level: Level,
    /// What it belongs to.
    pub group: Group,
    /// The shape of its buckets, for a histogram.
    pub shape: Option<BucketShape>,
    /// Which roles record it.
    pub roles: &'static [Role],
    /// The profile of the conventions that it belongs to; `None` for both and for our own.
    pub profile: Option<Profile>,
    /// The version that records it first; `None` while no part of the library does.
    pub since: Option<&'static str>,
}

impl Row {
    /// The name on a Prometheus page, without the suffix that the kind adds (`_total`, `_bucket`).
    ///
    /// ```
    /// use llmobs::catalog::ROWS;
    ///
    /// let row = ROWS.iter().find(|row| row.name == "llmobs.queue.duration").unwrap();
    /// assert_eq!(row.prometheus_name(), "llmobs_queue_duration_seconds");
    /// ```
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        let base = self.name.replace('.', "_");
        match self.prometheus_unit() {
            Some(unit) => format!("{base}_{unit}"),
            None => base,
        }
    }

    /// The unit as a word of a Prometheus name. Annotations such as `{token}` give none.
    #[must_use]
    pub fn prometheus_unit(&self) -> Option<&'static str> {
        match self.unit {
            "s" => Some("seconds"),
            "By" => Some("bytes"),
            "J" => Some("joules"),
            "W" => Some("watts"),
            "Hz" => Some("hertz"),
            "Cel" => Some("celsius"),
            // A sum has no word for it.
            "1" if matches!(self.instrument, Instrument::Gauge | Instrument::ObservableGauge) => Some("ratio"),
            _ => None,
        }
    }

    /// Whether the value is read when somebody collects, and not when something happens.
    #[must_use]
    pub const fn is_observable(&self) -> bool {
        matches!(
            self.instrument,
            Instrument::ObservableCounter | Instrument::ObservableGauge | Instrument::ObservableUpDownCounter
        )
    }

    /// Whether its values come from another crate, through [`companion`](crate::companion).
    pub(crate) const fn is_external(&self) -> bool {
        matches!(self.group, Group::Gpu)
    }

    /// Whether its values are whole numbers.
    pub(crate) fn is_integer(&self) -> bool {
        (self.unit.starts_with('{') && self.unit != "{USD}") || self.unit == "By"
    }

    /// Whether its buckets link to traces.
    pub(crate) fn has_exemplars(&self) -> bool {
        matches!(self.shape, Some(BucketShape::FirstToken | BucketShape::Duration | BucketShape::Http))
    }
}

/// The kind of an instrument, in OpenTelemetry's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instrument {
    /// A sum that only grows.
    Counter,
    /// A sum that grows and shrinks.
    UpDownCounter,
    /// A distribution.
    Histogram,
    /// A value that is set.
    Gauge,
    /// A sum that only grows, read at collection.
    ObservableCounter,
    /// A sum that grows and shrinks, read at collection.
    ObservableUpDownCounter,
    /// A value that is read at collection.
    ObservableGauge,
}

/// How much is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Level {
    /// What an operator cannot do without. Gateways start here.
    Core,
    /// Everything that a dashboard shows. The default.
    #[default]
    Standard,
    /// What one looks up in an investigation.
    Full,
}

impl Level {
    /// The level's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

/// Which of the conventions' metric sets is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// The last tagged set, v1.41.
    #[default]
    V1_41,
    /// The pinned unreleased set, with split client metrics.
    Latest,
    /// Both sets of client metrics; their names do not collide.
    Dual,
}

impl Profile {
    /// The profile's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_41 => "v1_41",
            Self::Latest => "latest",
            Self::Dual => "dual",
        }
    }

    /// Whether this choice records what belongs to `row`'s profile.
    pub(crate) fn includes(self, row: Option<Self>) -> bool {
        row.is_none_or(|row| self == Self::Dual || self == row)
    }
}

/// What a process is towards the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "a process runs a model, passes calls on, or makes them")]
pub enum Role {
    /// It runs the model.
    #[default]
    Server,
    /// It passes calls on to somebody who does.
    Gateway,
    /// It calls somebody who does.
    Client,
}

impl Role {
    /// Whether the engine is behind a network, so that its queue and prefill cannot be seen.
    pub(crate) const fn is_remote(self) -> bool {
        !matches!(self, Self::Server)
    }

    /// The role's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Gateway => "gateway",
            Self::Client => "client",
        }
    }
}

/// What a row belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Group {
    /// The conventions' server metrics.
    GenAiServer,
    /// The conventions' client metrics.
    GenAiClient,
    /// The conventions' metrics of HTTP servers.
    HttpServer,
    /// The books: every operation from start to end.
    Operation,
    /// Where the time goes.
    Time,
    /// Tokens by direction, kind and source.
    Token,
    /// What was asked for.
    Request,
    /// Caches of whole responses.
    ResponseCache,
    /// Judgements of answers.
    Evaluation,
    /// Service-level objectives.
    Objective,
    /// The async runtime.
    Runtime,
    /// llmobs watching itself.
    SelfObservability,
    /// What a pipeline sends and loses.
    Pipeline,
    /// What is running.
    Build,
    /// What the GPU did; recorded by the crate `llmobs-gpu`.
    Gpu,
}

impl Group {
    /// The group's name, also the value of `llmobs.metric.group`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GenAiServer => "gen_ai.server",
            Self::GenAiClient => "gen_ai.client",
            Self::HttpServer => "http.server",
            Self::Operation => "operation",
            Self::Time => "time",
            Self::Token => "token",
            Self::Request => "request",
            Self::ResponseCache => "response_cache",
            Self::Evaluation => "evaluation",
            Self::Objective => "objective",
            Self::Runtime => "runtime",
            Self::SelfObservability => "self",
            Self::Pipeline => "pipeline",
            Self::Build => "build",
            Self::Gpu => "gpu",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::semconv::metric as m;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_no_name_is_both_a_value_and_a_parent() {
        let names: HashSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        // The conventions have such names themselves: `hw.temperature` and `hw.temperature.limit`.
        for name in names.iter().filter(|name| name.starts_with("llmobs.")) {
            let parent = format!("{name}.");
            assert!(!names.iter().any(|other| other.starts_with(&parent)), "{name} is a parent of another name");
        }
    }

    #[test]
    fn histograms_have_a_shape_and_nothing_else_has() {
        for row in ROWS {
            assert_eq!(row.shape.is_some(), row.instrument == Instrument::Histogram, "{}", row.name);
        }
    }

    #[test]
    fn unit_one_stands_on_gauges_only() {
        // But for the conventions' own `hw.status`.
        for row in ROWS.iter().filter(|row| row.unit == "1" && row.name != m::HW_STATUS) {
            assert!(matches!(row.instrument, Instrument::Gauge | Instrument::ObservableGauge), "{}", row.name);
        }
    }

    #[test]
    fn own_names_and_own_attributes_are_namespaced() {
        for row in ROWS {
            let known = ["llmobs.", "gen_ai.", "http.", "hw."];
            assert!(known.iter().any(|prefix| row.name.starts_with(prefix)), "{}", row.name);
            for attribute in row.attributes {
                let known = ["llmobs.", "gen_ai.", "error.", "service.", "http.", "url.", "network.", "hw."];
                assert!(known.iter().any(|prefix| attribute.starts_with(prefix)), "{} of {}", attribute, row.name);
            }
        }
    }

    #[test]
    fn an_id_stands_at_its_row() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(RowId::ALL[index].row().name, row.name);
        }
    }
}
