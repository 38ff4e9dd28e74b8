//! The past that the rules read: what is in blocks as OpenMetrics text for `promtool`, and what is in memory as pages whose
//! samples have times.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufWriter;
use std::io::Write;
use std::ops::Range;
use std::path::Path;

use promql_parser::util::parse_duration;

use super::fleet;
use super::fleet::Fleet;
use super::fleet::SCRAPE;
use super::fleet::Shape;
use super::fleet::Target;
use crate::ops::promql;
use crate::ops::rules::File;

/// Periods of ages in seconds, from the newest to the oldest.
type Periods = Vec<(u64, u64)>;

/// Writes the samples that the rules read at the moment `now` and that are older than `memory`, both in seconds since 1970.
/// Returns their number.
pub(super) fn write(fleet: &Fleet, rules: &[File], now: u64, memory: u64, path: &Path) -> Result<u64, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let mut file = BufWriter::new(fs::File::create(path).map_err(failed)?);
    let mut count = 0;
    for (name, periods) in periods(rules)? {
        let step = interval(rules, &name)?;
        let mut times = times(&periods, step, now);
        times.retain(|time| *time < memory);
        for target in fleet::targets() {
            for shape in fleet.named(&name).filter(|shape| shape.is_of(&target)) {
                let selector = shape.selector(&target);
                for time in &times {
                    writeln!(file, "{selector} {} {time}", shape.at(*time)).map_err(failed)?;
                }
                count += times.len() as u64;
            }
        }
    }
    writeln!(file, "# EOF").map_err(failed)?;
    file.flush().map_err(failed)?;
    Ok(count)
}

/// The samples of the last hour, which a Prometheus that has run for hours has in memory. It takes them from a page: a page
/// may have many samples of a series, each with its time.
#[derive(Debug)]
pub(super) struct Recent {
    /// The seconds between two samples of each series that a rule records.
    intervals: BTreeMap<String, u64>,
    period: Range<u64>,
}

impl Recent {
    /// Prepares the samples of a period, in seconds since 1970.
    pub(super) fn of(fleet: &Fleet, rules: &[File], period: Range<u64>) -> Result<Self, String> {
        let named = |shape: &Shape| Ok((shape.name.clone(), interval(rules, &shape.name)?));
        Ok(Self { intervals: fleet.recorded_series().iter().map(named).collect::<Result<_, String>>()?, period })
    }

    /// Returns the page with the samples of a replica.
    pub(super) fn scraped(&self, fleet: &Fleet, target: &Target) -> String {
        fleet
            .scraped_series()
            .iter()
            .map(|shape| self.lines(shape, &shape.selector_on_page(), SCRAPE, target))
            .collect()
    }

    /// Returns the page with the samples that rules recorded for a replica.
    pub(super) fn recorded(&self, fleet: &Fleet, target: &Target) -> String {
        let shapes = fleet.recorded_series().iter().filter(|shape| shape.is_of(target));
        let step = |shape: &Shape| self.intervals[&shape.name];
        shapes.map(|shape| self.lines(shape, &shape.selector_with_empty_labels(target), step(shape), target)).collect()
    }

    fn lines(&self, shape: &Shape, selector: &str, step: u64, target: &Target) -> String {
        // Replicas are scraped one after the other, and groups are evaluated one after the other.
        let first = self.period.start + target.index % step;
        let times = (first..self.period.end).step_by(usize::try_from(step).unwrap_or(1));
        times.map(|time| format!("{selector} {} {time}000\n", shape.at(time))).collect()
    }
}

/// Returns the periods that the rules read, by series, without overlaps.
fn periods(rules: &[File]) -> Result<BTreeMap<String, Periods>, String> {
    let mut periods: BTreeMap<String, Periods> = BTreeMap::new();
    let groups = || rules.iter().flat_map(|file| &file.groups);
    let records = groups().flat_map(|group| group.records.iter().map(|record| &record.expr));
    let alerts = groups().flat_map(|group| group.alerts.iter().map(|alert| &alert.expr));
    for query in records.chain(alerts) {
        for window in promql::windows(query)? {
            periods.entry(window.series).or_default().push((window.newest, window.oldest));
        }
    }
    periods.values_mut().for_each(merge);
    Ok(periods)
}

/// Joins periods that touch.
fn merge(periods: &mut Periods) {
    periods.sort_unstable();
    let mut merged: Periods = Vec::new();
    for &(newest, oldest) in periods.iter() {
        match merged.last_mut() {
            Some(last) if newest <= last.1 => last.1 = last.1.max(oldest),
            _ => merged.push((newest, oldest)),
        }
    }
    *periods = merged;
}

/// Returns the times of the samples in these periods, in ascending order.
fn times(periods: &[(u64, u64)], step: u64, end: u64) -> Vec<u64> {
    let mut times = Vec::new();
    for (newest, oldest) in periods.iter().rev() {
        let first = (end - oldest).next_multiple_of(step);
        times.extend((first..=end - newest).step_by(usize::try_from(step).unwrap_or(1)));
    }
    times
}

/// Returns the seconds between two samples: the interval of the group that records the series, or of the scrape.
fn interval(rules: &[File], name: &str) -> Result<u64, String> {
    let mut groups = rules.iter().flat_map(|file| &file.groups);
    let Some(group) = groups.find(|group| group.records.iter().any(|record| record.name == name)) else {
        return Ok(SCRAPE);
    };
    let interval = group.interval.as_deref().unwrap_or("1m");
    let duration = parse_duration(interval).map_err(|error| format!("{}: `{interval}`: {error}", group.name))?;
    Ok(duration.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::names::Names;
    use crate::ops::rules;

    #[test]
    fn periods_that_touch_are_joined() {
        let mut periods = vec![(600, 900), (0, 300), (300, 400)];
        merge(&mut periods);
        assert_eq!(periods, [(0, 400), (600, 900)]);
    }

    #[test]
    fn samples_ascend_through_all_periods() {
        assert_eq!(times(&[(0, 60), (600, 640)], 30, 10_000), [9_360, 9_390, 9_960, 9_990]);
    }

    #[test]
    fn the_past_reaches_as_far_as_the_longest_window() {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        let oldest = periods(&rules).unwrap().into_values().flatten().map(|(_, oldest)| oldest).max();
        assert!(oldest >= Some(30 * 86_400), "{oldest:?}");
        assert_eq!(interval(&rules, "llmobs:operations_started:rate5m"), Ok(30));
        assert_eq!(interval(&rules, "up"), Ok(SCRAPE));
    }
}
