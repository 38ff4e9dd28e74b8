//! The series of the fleet: those of the recorded page of healthy traffic, for each model, and the metrics of llmobs that a
//! rule reads and the page does not have.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::ops::history::synthetic;
use crate::ops::names::Kind;
use crate::ops::names::Metric;
use crate::ops::names::Names;
use crate::ops::names::Origin;
use crate::ops::rules::File;
use crate::ops::scenarios::page;
use crate::ops::scenarios::series::Series;
use crate::ops::scenarios::series::parse_labels;

/// Seconds between two scrapes.
pub(super) const SCRAPE: u64 = 30;

const SERVICES: usize = 40;
const REPLICAS: usize = 5;
const MODELS: usize = 3;

/// The label that differs between models.
const MODEL: &str = "gen_ai_request_model";

/// The most series, for each model, of a metric that the page does not have, and of a recording rule. Many values of their labels
/// never occur together.
const MOST_SERIES: usize = 6;

/// The recorded page: traffic of a minute lies between `during` and `after`.
const PAGE: &str = "healthy";

/// All series of the fleet.
#[derive(Debug)]
pub(super) struct Fleet {
    /// The series of one replica, with the labels `job` and `instance` left out.
    of_replica: Vec<Shape>,
    recorded: Vec<Shape>,
}

/// A replica.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The number of the replica in the fleet.
    pub(super) index: u64,
    pub(super) job: String,
    pub(super) instance: String,
}

/// A series of a replica, or of a rule.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    pub(super) name: String,
    /// All labels except `job` and `instance`.
    labels: BTreeMap<String, String>,
    value: f64,
    /// The growth of a counter in a second; none for a gauge.
    growth: Option<f64>,
    /// False if replicas are added up, so that the series has no `instance`.
    has_instance: bool,
    /// False if services are added up.
    has_job: bool,
}

impl Target {
    /// Returns the path of the page.
    pub(super) fn path(&self) -> String {
        format!("/{}/{}", self.job, self.instance)
    }
}

impl Shape {
    /// Returns the series of a replica.
    pub(super) fn selector(&self, target: &Target) -> String {
        let job = self.has_job.then_some(("job", target.job.as_str()));
        let instance = self.has_instance.then_some(("instance", target.instance.as_str()));
        self.written_with(job.into_iter().chain(instance))
    }

    /// Returns the series as on a page of recorded series: an empty label removes the one that Prometheus would add.
    pub(super) fn selector_with_empty_labels(&self, target: &Target) -> String {
        let job = if self.has_job { target.job.as_str() } else { "" };
        let instance = if self.has_instance { target.instance.as_str() } else { "" };
        self.written_with([("job", job), ("instance", instance)].into_iter())
    }

    /// Returns the series as on the page of its replica, without `job` and `instance`.
    pub(super) fn selector_on_page(&self) -> String {
        self.written_with(std::iter::empty())
    }

    /// Returns the series with these labels before its own.
    fn written_with<'a>(&'a self, labels: impl Iterator<Item = (&'a str, &'a str)>) -> String {
        let own = self.labels.iter().map(|(label, value)| (label.as_str(), value.as_str()));
        let labels: Vec<_> = labels.chain(own).map(|(label, value)| format!("{label}=\"{value}\"")).collect();
        format!("{}{{{}}}", self.name, labels.join(","))
    }

    /// Returns whether the series belongs to this replica: a series without `instance` belongs to the first of its service.
    pub(super) fn is_of(&self, target: &Target) -> bool {
        let first = targets().next();
        match (self.has_job, self.has_instance) {
            (_, true) => true,
            (true, false) => target.instance.starts_with("replica-0:"),
            (false, false) => first.as_ref() == Some(target),
        }
    }

    /// Returns the value at a moment, in seconds since 1970.
    pub(super) fn at(&self, time: u64) -> f64 {
        // The beginning of the counters, before the oldest sample: they never restart.
        const START: u64 = 1_780_000_000;
        match self.growth {
            Some(growth) => self.value + growth * to_f64(time.saturating_sub(START)),
            None => self.value * (1.0 + 0.1 * to_f64(time % 600) / 600.0),
        }
    }
}

impl Fleet {
    /// Makes the series that the rules read.
    pub(super) fn of(rules: &[File], names: &Names) -> Result<Self, String> {
        let read: BTreeSet<&String> = rules.iter().flat_map(|file| file.reads.values().flatten()).collect();
        let mut of_replica = from_page(&read, names)?;
        for name in &read {
            let Some(metric) = names.get(name).filter(|metric| matches!(metric.origin, Origin::Own { .. })) else {
                continue;
            };
            if !of_replica.iter().any(|shape| shape.name == **name) {
                of_replica.extend(from_table(name, metric)?);
            }
        }
        let recorded = read.iter().filter_map(|name| Some((*name, names.get(name)?)));
        let recorded = recorded
            .filter_map(|(name, metric)| match &metric.origin {
                Origin::Recorded { sources } => Some(recorded_by_rule(name, metric, sources, &of_replica)),
                _ => None,
            })
            .flatten()
            .collect();
        Ok(Self { of_replica, recorded })
    }

    /// Returns the number of scraped series.
    pub(super) fn scraped(&self) -> usize {
        self.of_replica.len() * SERVICES * REPLICAS
    }

    /// Returns the number of series that rules record and read.
    pub(super) fn recorded(&self) -> usize {
        targets().map(|target| self.recorded.iter().filter(|shape| shape.is_of(&target)).count()).sum()
    }

    /// Returns the series with this name.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &Shape> {
        self.of_replica.iter().chain(&self.recorded).filter(move |shape| shape.name == name)
    }

    /// Returns the series of a replica.
    pub(super) fn scraped_series(&self) -> &[Shape] {
        &self.of_replica
    }

    /// Returns the series that rules record and read.
    pub(super) fn recorded_series(&self) -> &[Shape] {
        &self.recorded
    }

    /// Returns the page of each replica at a moment.
    pub(super) fn page(&self, time: u64) -> String {
        self.of_replica.iter().map(|shape| format!("{} {}\n", shape.selector_on_page(), shape.at(time))).collect()
    }
}

/// Returns all replicas.
pub(super) fn targets() -> impl Iterator<Item = Target> {
    (0..SERVICES).flat_map(|service| {
        (0..REPLICAS).map(move |replica| Target {
            index: (service * REPLICAS + replica) as u64,
            job: format!("service-{service:02}"),
            instance: format!("replica-{replica}:{service}"),
        })
    })
}

/// Returns the series of the page that are read, for each model.
fn from_page(read: &BTreeSet<&String>, names: &Names) -> Result<Vec<Shape>, String> {
    let before: BTreeMap<String, f64> = page::samples(&format!("{PAGE}.during"))?.into_iter().collect();
    let mut shapes = Vec::new();
    for (selector, value) in page::samples(&format!("{PAGE}.after"))? {
        let series = Series::parse(&selector, Vec::new(), names)?;
        let earlier = before.get(&selector).copied().unwrap_or_default();
        let growth = series.is_counter.then_some((value - earlier) / 60.0);
        let shape = shape(&series.name, series.labels, value, growth);
        if read.contains(&shape.name) {
            shapes.extend(of_models(&shape));
        }
    }
    Ok(shapes)
}

/// Returns the series of a metric that the page does not have. Money is spent; other counters do not grow, and gauges have
/// half of their range.
fn from_table(name: &str, metric: &Metric) -> Result<Vec<Shape>, String> {
    let mut shapes = Vec::new();
    let mut seen = BTreeSet::new();
    for labels in synthetic::label_sets(metric) {
        let mut labels = parse_labels(&labels)?;
        if let Some(model) = labels.get_mut(MODEL) {
            "m".clone_into(model);
        }
        if seen.len() == MOST_SERIES || !seen.insert(labels.clone()) {
            continue;
        }
        let (value, growth) = match metric.kind {
            Kind::Gauge => (0.5, None),
            Kind::Counter | Kind::Histogram => (0.0, Some(if name.contains("_usd") { 0.001 } else { 0.0 })),
        };
        shapes.extend(of_models(&shape(name, labels, value, growth)));
    }
    Ok(shapes)
}

/// Returns the series of a recording rule: each label has the values of the series that the rule reads.
fn recorded_by_rule(name: &str, metric: &Metric, sources: &BTreeSet<String>, of_replica: &[Shape]) -> Vec<Shape> {
    let mut sets = vec![BTreeMap::new()];
    for label in metric.labels.keys().filter(|label| !["job", "instance"].contains(&label.as_str())) {
        let of_sources = of_replica.iter().filter(|shape| sources.contains(&shape.name));
        let mut values: BTreeSet<&str> =
            of_sources.filter_map(|shape| shape.labels.get(label)).map(String::as_str).collect();
        if values.is_empty() {
            values.insert("llmobs");
        }
        let with = |set: &BTreeMap<String, String>, value: &str| {
            let mut set = set.clone();
            set.insert(label.clone(), value.to_owned());
            set
        };
        sets = sets.iter().flat_map(|set| values.iter().map(|value| with(set, value)).collect::<Vec<_>>()).collect();
    }
    let mut seen: BTreeMap<Option<String>, usize> = BTreeMap::new();
    sets.retain(|labels| {
        let count = seen.entry(labels.get(MODEL).cloned()).or_default();
        *count += 1;
        *count <= MOST_SERIES
    });
    let has = |label: &str| metric.labels.contains_key(label);
    let made = sets.into_iter().map(|labels| Shape {
        has_instance: has("instance"),
        has_job: has("job"),
        ..shape(name, labels, 0.5, None)
    });
    made.collect()
}

fn shape(name: &str, mut labels: BTreeMap<String, String>, value: f64, growth: Option<f64>) -> Shape {
    labels.remove("job");
    labels.remove("instance");
    Shape { name: name.to_owned(), labels, value, growth, has_instance: true, has_job: true }
}

/// Returns a series for each model, if it has the label.
fn of_models(shape: &Shape) -> Vec<Shape> {
    if !shape.labels.contains_key(MODEL) {
        return vec![shape.clone()];
    }
    let of_model = |model| {
        let mut shape = shape.clone();
        shape.labels.insert(MODEL.to_owned(), format!("model-{model}"));
        shape
    };
    (0..MODELS).map(of_model).collect()
}

#[expect(clippy::cast_precision_loss, reason = "the numbers are small")]
fn to_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::rules;

    fn fleet() -> Fleet {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        Fleet::of(&rules, &names).unwrap()
    }

    #[test]
    fn the_fleet_has_every_series_of_llmobs_that_a_rule_reads() {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        let fleet = Fleet::of(&rules, &names).unwrap();
        for name in rules.iter().flat_map(|file| file.reads.values().flatten()) {
            let is_foreign = matches!(names.get(name).map(|metric| &metric.origin), Some(Origin::Foreign { .. }));
            assert!(is_foreign || fleet.named(name).next().is_some(), "{name}");
        }
    }

    #[test]
    fn a_page_has_the_models_and_counters_that_grow() {
        let fleet = fleet();
        assert_eq!(targets().count(), 200);
        let started = |time| {
            let page = fleet.page(time);
            let lines: Vec<_> =
                page.lines().filter(|line| line.starts_with("llmobs_operation_started_total{")).collect();
            assert_eq!(lines.len(), MODELS);
            lines[0].rsplit_once(' ').unwrap().1.parse::<f64>().unwrap()
        };
        assert!(started(1_790_000_060) > started(1_790_000_000));
    }

    #[test]
    fn buckets_are_cumulative() {
        let page = fleet().page(1_790_000_000);
        let buckets: Vec<f64> = page
            .lines()
            .filter(|line| line.starts_with("llmobs_time_to_first_token_seconds_bucket") && line.contains("model-1"))
            .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
            .collect();
        assert!(buckets.len() > 10 && buckets.is_sorted(), "{buckets:?}");
    }
}
