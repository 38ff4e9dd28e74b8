//! The series of recordings. `cargo xtask stack --record` writes their pages.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::super::names::Names;
use super::page;
use super::series::Series;
use super::values::Value;
use super::variants::FEW;

/// The moments of the pages, as parts of the names of their files: before the fault, 20 seconds after it, a minute later.
const MOMENTS: [&str; 3] = ["before", "during", "after"];

/// The seconds between the first and the last page.
const SECONDS: f64 = 80.0;

/// The counter of requests.
const STARTED: &str = "llmobs_operation_started_total{";

/// The values of a row at the three moments. A row that a page lacks has no value.
type Row = [Value; 3];

/// A recorded process.
#[derive(Debug)]
pub(super) struct Recording {
    rows: BTreeMap<String, Row>,
}

impl Recording {
    pub(super) fn read(name: &str) -> Result<Self, String> {
        let mut rows: BTreeMap<String, Row> = BTreeMap::new();
        for (index, moment) in MOMENTS.into_iter().enumerate() {
            for (selector, value) in page::samples(&format!("{name}.{moment}"))? {
                rows.entry(selector).or_default()[index] = Some(value);
            }
        }
        Ok(Self { rows })
    }

    /// Returns the series of a fault that begins at the minute `onset`. From then on gauges have the values of the second and
    /// then of the third page, and counters go on as between these two pages, which are a minute apart. Before it, the series
    /// have the values of the first page, or are those of the healthy traffic `past`.
    pub(super) fn fault(
        &self,
        past: Option<&Self>,
        onset: usize,
        length: usize,
        names: &Names,
        read: &BTreeSet<String>,
    ) -> Result<Vec<Series>, String> {
        let selectors: BTreeSet<&String> =
            self.rows.keys().chain(past.into_iter().flat_map(|past| past.rows.keys())).collect();
        let values = |selector: &String, is_counter: bool| {
            let row = self.rows.get(selector).copied().unwrap_or_default();
            let mut values = match past {
                None => vec![row[0]; onset],
                Some(past) => past.values(selector, 1.0, onset, is_counter),
            };
            let last = past.map(|_| values.last().copied().flatten().unwrap_or_default());
            values.extend(from_onset(row, last, length - onset, is_counter));
            values
        };
        series(selectors, values, names, read)
    }

    /// Returns the series of steady traffic: counters go on as between the last two pages, as often as `part` says; gauges have
    /// the values of the last page.
    pub(super) fn traffic(
        &self,
        part: f64,
        length: usize,
        names: &Names,
        read: &BTreeSet<String>,
    ) -> Result<Vec<Series>, String> {
        let values = |selector: &String, is_counter: bool| self.values(selector, part, length, is_counter);
        series(self.rows.keys().collect(), values, names, read)
    }

    /// Returns the number of requests an hour, and at least the number of the situation with the fewest. Of a process that
    /// ends, the requests before the end count.
    pub(super) fn requests(&self) -> f64 {
        let started = |moment: usize| -> f64 {
            let rows = self.rows.iter().filter(|(selector, _)| selector.starts_with(STARTED));
            rows.filter_map(|(_, row)| row[moment]).sum()
        };
        let (before, after) = (started(0), started(2));
        let number = if after > before { after - before } else { before };
        (number * 3_600.0 / SECONDS).max(FEW)
    }

    /// Returns the values of steady traffic.
    fn values(&self, selector: &str, part: f64, length: usize, is_counter: bool) -> Vec<Value> {
        let Some([_, during, Some(last)]) = self.rows.get(selector).copied() else { return vec![None; length] };
        let step = if is_counter { (last - during.unwrap_or_default()) * part } else { 0.0 };
        grown(last, step).take(length).map(Some).collect()
    }
}

/// Returns the values of a fault from its onset on. A counter goes on from `past`, if there is such a value.
fn from_onset([_, during, after]: Row, past: Value, length: usize, is_counter: bool) -> Vec<Value> {
    let mut values = match after {
        Some(after) if is_counter => {
            let step = after - during.unwrap_or_default();
            let first = past.map_or_else(|| during.unwrap_or_default(), |past| past + step);
            grown(first, step).take(length).map(Some).collect()
        }
        _ => vec![after; length],
    };
    if let Some(first) = values.first_mut()
        && (during.is_none() || !is_counter || after.is_none())
    {
        *first = during;
    }
    values
}

/// Returns values that grow by a step: added repeatedly, as promtool does it, so that they have a short form.
fn grown(start: f64, step: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(start), move |value| Some(value + step))
}

/// Returns the series that are read, with their values.
fn series(
    selectors: BTreeSet<&String>,
    values: impl Fn(&String, bool) -> Vec<Value>,
    names: &Names,
    read: &BTreeSet<String>,
) -> Result<Vec<Series>, String> {
    let mut found = Vec::new();
    for selector in selectors {
        let mut one = Series::parse(selector, Vec::new(), names)?;
        if read.contains(&one.name) {
            one.values = values(selector, one.is_counter);
            found.push(one);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAILED: &str =
        "llmobs_operation_ended_total{OPERATION,llmobs_operation_outcome=\"failed\",error_type=\"timeout\"}";
    const STARTED: &str = "llmobs_operation_started_total{OPERATION}";
    const AGE: &str = "llmobs_engine_step_age_seconds{ENGINE}";

    fn recording(rows: &[(&str, Row)]) -> Recording {
        Recording { rows: rows.iter().map(|(selector, row)| ((*selector).to_owned(), *row)).collect() }
    }

    fn fault() -> Recording {
        let up = ("up", [1.0, 1.0, 0.0].map(Some));
        let counters = [(FAILED, [None, Some(2.0), Some(12.0)]), (STARTED, [7.0, 9.0, 19.0].map(Some))];
        recording(&[up, counters[0], counters[1], (AGE, [Some(0.0), Some(9.0), None])])
    }

    /// Returns the values of a series, where -1 is a missing one.
    fn values(series: &[Series], name: &str) -> Vec<f64> {
        let one = series.iter().find(|one| one.name == name.split('{').next().unwrap_or_default()).unwrap();
        one.values.iter().map(|value| value.unwrap_or(-1.0)).collect()
    }

    fn series(past: Option<&Recording>) -> Vec<Series> {
        let names = Names::load().unwrap();
        let read = ["up", FAILED, STARTED, AGE].map(|one| one.split('{').next().unwrap_or_default().to_owned()).into();
        fault().fault(past, 2, 5, &names, &read).unwrap()
    }

    #[test]
    fn a_fault_has_the_first_page_before_it_and_grows_as_between_the_others_after_it() {
        let series = series(None);
        assert_eq!(values(&series, "up"), [1.0, 1.0, 1.0, 0.0, 0.0]);
        assert_eq!(values(&series, FAILED), [-1.0, -1.0, 2.0, 12.0, 22.0]);
        assert_eq!(values(&series, STARTED), [7.0, 7.0, 9.0, 19.0, 29.0]);
        assert_eq!(values(&series, AGE), [0.0, 0.0, 9.0, -1.0, -1.0]);
    }

    #[test]
    fn a_fault_after_healthy_traffic_goes_on_from_it() {
        let past = recording(&[("up", [Some(1.0); 3]), (STARTED, [0.0, 1.0, 5.0].map(Some))]);
        let series = series(Some(&past));
        assert_eq!(values(&series, STARTED), [5.0, 9.0, 19.0, 29.0, 39.0]);
        assert_eq!(values(&series, FAILED), [-1.0, -1.0, 10.0, 20.0, 30.0]);
        assert_eq!(values(&series, AGE), [-1.0, -1.0, 9.0, -1.0, -1.0]);
    }

    #[test]
    fn traffic_goes_on_as_between_the_last_pages_and_has_their_number_of_requests() {
        let names = Names::load().unwrap();
        let read = ["up", "llmobs_operation_started_total"].map(str::to_owned).into();
        let series = fault().traffic(0.5, 3, &names, &read).unwrap();
        assert_eq!(values(&series, STARTED), [19.0, 24.0, 29.0]);
        assert!((fault().requests() - 12.0 * 3_600.0 / 80.0).abs() < 1e-9);
    }
}
