//! The catalog of metrics: one row for each metric. Instruments are created from these rows, `cargo xtask metrics-doc`
//! writes `docs/metrics.md` from them, and tests read them.
//!
//! [`ROWS`] contains the metrics of this crate. Another crate defines its metrics as [`Metric`](crate::metric::Metric),
//! which holds a [`Row`].

mod buckets;
mod device;
mod group;
pub(crate) mod names;
mod rows;
mod view;

use std::fmt;
use std::str::FromStr;

pub use self::buckets::BucketShape;
pub use self::buckets::Buckets;
pub use self::device::DeviceAttribute;
pub use self::device::DeviceValue;
pub use self::group::Group;
pub(crate) use self::rows::ENGINE_ATTRIBUTES;
pub use self::rows::ROWS;
pub(crate) use self::rows::RowId;
pub(crate) use self::rows::SERIES_ATTRIBUTES;
pub(crate) use self::rows::llmobs_attribute;
pub use self::view::ValueOrigin;
pub use self::view::View;
pub use self::view::ViewLabel;
pub use self::view::ViewMetric;

/// The definition of one metric.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Row {
    /// The OpenTelemetry name.
    pub name: &'static str,
    /// The kind of instrument.
    pub instrument: Instrument,
    /// The unit in UCUM notation, as in the OpenTelemetry conventions. Empty for metrics without a unit, such as
    /// `llmobs.build.info`, whose Prometheus name would otherwise end with the unit.
    pub unit: &'static str,
    /// The description, shown as HELP on the Prometheus page: the subject, the unit, and the start and end of a
    /// measured time.
    pub description: &'static str,
    /// The names of the attributes, in the order in which they are recorded.
    pub attributes: &'static [&'static str],
    /// The lowest level at which the metric is recorded.
    pub level: Level,
    /// The group of the metric.
    pub group: Group,
    /// The bucket shape of a histogram; `None` for every other instrument.
    pub shape: Option<BucketShape>,
    /// The roles that record the metric.
    pub roles: &'static [Role],
    /// The profile of the conventions that contains the metric; `None` for metrics of both profiles and for metrics
    /// that llmobs defines.
    pub profile: Option<Profile>,
}

impl Row {
    /// Returns the name on the Prometheus page, without the suffix of the instrument (`_total`, `_bucket`).
    ///
    /// ```
    /// use llmobs::catalog::ROWS;
    ///
    /// let row = ROWS.iter().find(|row| row.name == "llmobs.queue.duration").unwrap();
    /// assert_eq!(row.prometheus_name(), "llmobs_queue_duration_seconds");
    /// ```
    #[must_use]
    pub fn prometheus_name(&self) -> String {
        let base = to_prometheus_name(self.name);
        match self.prometheus_unit() {
            Some(unit) => format!("{base}_{unit}"),
            None => base,
        }
    }

    /// Returns the unit as part of a Prometheus name, such as `seconds` for `s`. The known units are
    /// `s`, `By`, `J`, `W`, `Hz`, `Cel` and, for gauges, `1`. Returns `None` for every other unit, for annotations such as
    /// `{token}`, and for metrics without a unit.
    #[must_use]
    pub fn prometheus_unit(&self) -> Option<&'static str> {
        match self.unit {
            "s" => Some("seconds"),
            "By" => Some("bytes"),
            "J" => Some("joules"),
            "W" => Some("watts"),
            "Hz" => Some("hertz"),
            "Cel" => Some("celsius"),
            // Prometheus has no unit name for a dimensionless sum.
            "1" if matches!(self.instrument, Instrument::Gauge | Instrument::ObservableGauge) => Some("ratio"),
            _ => None,
        }
    }

    /// Returns whether the value is read at collection and not recorded when something happens.
    #[must_use]
    pub const fn is_observable(&self) -> bool {
        matches!(
            self.instrument,
            Instrument::ObservableCounter | Instrument::ObservableGauge | Instrument::ObservableUpDownCounter
        )
    }

    /// Returns the names on the Prometheus page: the name of the metric, and the same name with `_total` for a counter, or
    /// with `_bucket`, `_sum` and `_count` for a histogram.
    pub(crate) fn page_names(&self) -> Vec<String> {
        let name = self.prometheus_name();
        let suffixes: &[&str] = match self.instrument {
            Instrument::Counter | Instrument::ObservableCounter => &["_total"],
            Instrument::Histogram => &["_bucket", "_sum", "_count"],
            _ => &[],
        };
        let with_suffix: Vec<_> = suffixes.iter().map(|suffix| format!("{name}{suffix}")).collect();
        [vec![name], with_suffix].concat()
    }

    /// Returns whether the values of the row are whole numbers: counts (units in braces, except `{USD}`) and bytes.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        (self.unit.starts_with('{') && self.unit != "{USD}") || self.unit == "By"
    }

    /// Returns whether the histogram has exemplars, which link a bucket to a trace.
    pub(crate) fn has_exemplars(&self) -> bool {
        matches!(self.shape, Some(BucketShape::FirstToken | BucketShape::Duration | BucketShape::Http))
    }
}

/// Returns a name of OpenTelemetry as Prometheus writes it: `gen_ai.request.model` becomes `gen_ai_request_model`.
pub(crate) fn to_prometheus_name(name: &str) -> String {
    name.replace('.', "_")
}

/// The kind of an instrument, as defined by OpenTelemetry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Instrument {
    /// A monotonic sum.
    Counter,
    /// A sum that can increase and decrease.
    UpDownCounter,
    /// A distribution of values in buckets.
    Histogram,
    /// A current value that is set when it changes.
    Gauge,
    /// A monotonic sum that is read at collection.
    ObservableCounter,
    /// A sum that can increase and decrease and is read at collection.
    ObservableUpDownCounter,
    /// A current value that is read at collection.
    ObservableGauge,
}

/// A level of detail. Each level includes the metrics of the levels before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum Level {
    /// The metrics that operating a service requires. The default of gateways.
    Core,
    /// The metrics that dashboards show. The default of servers and clients.
    #[default]
    Standard,
    /// The metrics that are only needed to investigate a problem.
    Full,
}

impl Level {
    /// Returns the name of the level, such as `core`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }
}

/// Parses the name of a level, as [`Level::as_str`] returns it.
///
/// ```
/// use llmobs::catalog::Level;
///
/// assert_eq!("core".parse(), Ok(Level::Core));
/// assert_eq!("all".parse::<Level>().unwrap_err().to_string(), "a level is core, standard or full");
/// ```
impl FromStr for Level {
    type Err = ParseLevelError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        [Self::Core, Self::Standard, Self::Full].into_iter().find(|level| level.as_str() == name).ok_or(ParseLevelError)
    }
}

/// The error of parsing a text that is not the name of a [`Level`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParseLevelError;

impl fmt::Display for ParseLevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a level is core, standard or full")
    }
}

impl std::error::Error for ParseLevelError {}

/// A version of the OpenTelemetry GenAI metric conventions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Profile {
    /// The last tagged version of the conventions, v1.41.
    #[default]
    V1_41,
    /// A pinned unreleased version of the conventions, which has separate client metrics for inference and embeddings.
    Latest,
    /// The client metrics of both versions; their names do not collide.
    Dual,
}

impl Profile {
    /// Returns the name of the profile, such as `v1_41`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1_41 => "v1_41",
            Self::Latest => "latest",
            Self::Dual => "dual",
        }
    }

    /// Returns whether this profile records a row with the profile `row`; `None` is a row of every profile.
    pub(crate) fn includes(self, row: Option<Self>) -> bool {
        row.is_none_or(|row| self == Self::Dual || self == row)
    }
}

/// The role of a process with respect to the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[expect(clippy::exhaustive_enums, reason = "a process can only run a model, forward calls or make calls")]
pub enum Role {
    /// The process runs the model.
    #[default]
    Server,
    /// The process forwards calls to a server or a provider.
    Gateway,
    /// The process calls a server or a provider.
    Client,
}

impl Role {
    /// Returns whether the engine is in another process, so that its queue and prefill are not observable.
    pub(crate) const fn is_remote(self) -> bool {
        !matches!(self, Self::Server)
    }

    /// Returns the name of the role, such as `server`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Gateway => "gateway",
            Self::Client => "client",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn a_level_is_parsed_by_its_name() {
        for level in [Level::Core, Level::Standard, Level::Full] {
            assert_eq!(level.as_str().parse(), Ok(level));
        }
        assert!("Core".parse::<Level>().is_err_and(|error| error.to_string().contains("standard")));
    }

    #[test]
    fn names_are_unique_and_no_llmobs_name_is_the_prefix_of_another() {
        let names: HashSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        for name in names.iter().filter(|name| name.starts_with("llmobs.")) {
            let parent = format!("{name}.");
            assert!(!names.iter().any(|other| other.starts_with(&parent)), "{name} is the prefix of another name");
        }
    }

    #[test]
    fn histograms_have_a_bucket_shape_and_other_instruments_have_none() {
        for row in ROWS {
            assert_eq!(row.shape.is_some(), row.instrument == Instrument::Histogram, "{}", row.name);
        }
    }

    #[test]
    fn only_gauges_have_the_unit_one() {
        for row in ROWS.iter().filter(|row| row.unit == "1") {
            assert!(matches!(row.instrument, Instrument::Gauge | Instrument::ObservableGauge), "{}", row.name);
        }
    }

    #[test]
    fn names_and_attributes_have_a_known_prefix() {
        for row in ROWS {
            let prefixes = ["llmobs.", "gen_ai.", "http."];
            assert!(prefixes.iter().any(|prefix| row.name.starts_with(prefix)), "{}", row.name);
            for attribute in row.attributes {
                let prefixes = ["llmobs.", "gen_ai.", "error.", "service.", "http.", "url.", "network."];
                assert!(prefixes.iter().any(|prefix| attribute.starts_with(prefix)), "{} of {}", attribute, row.name);
            }
        }
    }

    #[test]
    fn a_row_id_is_the_index_of_its_row() {
        for (index, row) in ROWS.iter().enumerate() {
            assert_eq!(RowId::ALL[index].row().name, row.name);
        }
    }
}
