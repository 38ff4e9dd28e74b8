//! Compares candidates that do the same work in alternating rounds.

use std::time::Duration;

use crate::is_quick;
use crate::table::Table;

/// Duration of one round of one candidate.
const ROUND_DURATION: Duration = Duration::from_micros(250);

/// Runs a candidate for the given number of iterations and returns their time, without preparation.
type Candidate<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

/// A set of candidates that are measured in one run. In each round every candidate runs for about 250 µs, so that other
/// load on the machine affects all equally. The result is the median of many rounds.
#[derive(Default)]
pub struct Comparison<'a> {
    title: String,
    candidates: Vec<(String, Candidate<'a>)>,
}

impl<'a> Comparison<'a> {
    /// Creates a comparison without candidates. The title describes one iteration.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), candidates: Vec::new() }
    }

    /// Adds a candidate.
    #[must_use]
    pub fn candidate(mut self, name: &str, run_iterations: impl FnMut(u64) -> Duration + 'a) -> Self {
        self.candidates.push((name.to_owned(), Box::new(run_iterations)));
        self
    }

    /// Runs all candidates and returns the medians.
    #[must_use]
    pub fn run(mut self) -> Results {
        let (rounds, warm_up) = if is_quick() { (40, 4) } else { (800, 80) };
        let iterations: Vec<u64> =
            self.candidates.iter_mut().map(|(_, candidate)| iterations_per_round(candidate)).collect();
        let mut times = vec![Vec::with_capacity(rounds); iterations.len()];
        for round in 0..warm_up + rounds {
            for (((_, candidate), iterations), times) in self.candidates.iter_mut().zip(&iterations).zip(&mut times) {
                let time = nanos_per_iteration(candidate(*iterations), *iterations);
                if round >= warm_up {
                    times.push(time);
                }
            }
        }
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let names = self.candidates.into_iter().map(|(name, _)| name);
        Results { title: self.title, medians: names.zip(times.into_iter().map(median)).collect() }
    }
}

/// The results of a comparison.
#[derive(Debug)]
pub struct Results {
    title: String,
    medians: Vec<(String, f64)>,
}

impl Results {
    /// Returns the median time of one iteration of a candidate, in nanoseconds.
    ///
    /// # Panics
    ///
    /// Panics if no candidate has this name.
    #[must_use]
    pub fn median_nanos(&self, name: &str) -> f64 {
        let found = self.medians.iter().find(|(candidate, _)| candidate == name);
        found.unwrap_or_else(|| panic!("no candidate has the name {name}")).1
    }

    /// Prints the time of every candidate as a ratio to `baseline` and as the difference from `floor`.
    ///
    /// # Panics
    ///
    /// Panics if a candidate with either name is missing.
    pub fn print(&self, baseline: &str, floor: &str) {
        let mut table = Table::new(&[&self.title, &format!("x {baseline}"), "ns", &format!("ns above {floor}")]);
        let (baseline, floor) = (self.median_nanos(baseline), self.median_nanos(floor));
        for (name, nanos) in &self.medians {
            let difference = nanos - floor;
            table.row(&[
                name,
                &format!("{:.3}", nanos / baseline),
                &format!("{nanos:.1}"),
                &format!("{difference:.1}"),
            ]);
        }
        table.print();
    }
}

/// Returns the number of iterations that take one round, found by doubling the number.
fn iterations_per_round(candidate: &mut Candidate<'_>) -> u64 {
    let mut iterations = 1;
    loop {
        let time = candidate(iterations);
        if time >= ROUND_DURATION / 2 {
            let exact = ROUND_DURATION.as_secs_f64() / nanos_per_iteration(time, iterations) * 1e9;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a positive number of iterations"
            )]
            return (exact as u64).max(1);
        }
        iterations *= 2;
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 iterations")]
fn nanos_per_iteration(time: Duration, iterations: u64) -> f64 {
    time.as_secs_f64() * 1e9 / iterations as f64
}
