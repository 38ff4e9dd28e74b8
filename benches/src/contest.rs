//! Compares contenders ("rivals") that do the same work in alternating rounds.

use std::time::Duration;

use crate::is_quick;
use crate::table::Table;

/// Duration of one round of one rival.
const ROUND: Duration = Duration::from_micros(250);

/// Runs a rival for the given number of turns and returns the time of the turns, without preparation.
type Rival<'a> = Box<dyn FnMut(u64) -> Duration + 'a>;

/// A set of rivals that are measured in one run. In each round every rival runs for about 250 µs, so that other load on
/// the machine affects all equally. The result is the median of many rounds.
#[derive(Default)]
pub struct Contest<'a> {
    title: String,
    rivals: Vec<(String, Rival<'a>)>,
}

impl<'a> Contest<'a> {
    /// Creates a contest without rivals. The title describes one turn.
    #[must_use]
    pub fn new(title: &str) -> Self {
        Self { title: title.to_owned(), rivals: Vec::new() }
    }

    /// Adds a rival.
    #[must_use]
    pub fn rival(mut self, name: &str, turns: impl FnMut(u64) -> Duration + 'a) -> Self {
        self.rivals.push((name.to_owned(), Box::new(turns)));
        self
    }

    /// Runs all rivals and returns the medians.
    #[must_use]
    pub fn run(mut self) -> Results {
        let (rounds, warm_up) = if is_quick() { (40, 4) } else { (800, 80) };
        let turns: Vec<u64> = self.rivals.iter_mut().map(|(_, rival)| turns_of_a_round(rival)).collect();
        let mut times = vec![Vec::with_capacity(rounds); turns.len()];
        for round in 0..warm_up + rounds {
            for (((_, rival), turns), times) in self.rivals.iter_mut().zip(&turns).zip(&mut times) {
                let time = nanos_of_a_turn(rival(*turns), *turns);
                if round >= warm_up {
                    times.push(time);
                }
            }
        }
        let median = |mut times: Vec<f64>| {
            times.sort_by(f64::total_cmp);
            times[times.len() / 2]
        };
        let names = self.rivals.into_iter().map(|(name, _)| name);
        Results { title: self.title, medians: names.zip(times.into_iter().map(median)).collect() }
    }
}

/// The results of a contest.
#[derive(Debug)]
pub struct Results {
    title: String,
    medians: Vec<(String, f64)>,
}

impl Results {
    /// Returns the median time of a rival's turn, in nanoseconds.
    ///
    /// # Panics
    ///
    /// Panics if no rival has this name.
    #[must_use]
    pub fn nanos(&self, name: &str) -> f64 {
        let found = self.medians.iter().find(|(rival, _)| rival == name);
        found.unwrap_or_else(|| panic!("no rival is called {name}")).1
    }

    /// Prints every rival's time as a ratio to the rival `against` and as the difference from the rival `above`.
    ///
    /// # Panics
    ///
    /// Panics if a rival with either name is missing.
    pub fn print(&self, against: &str, above: &str) {
        let mut table = Table::new(&[&self.title, &format!("x {against}"), "ns", &format!("ns above {above}")]);
        let (against, above) = (self.nanos(against), self.nanos(above));
        for (name, nanos) in &self.medians {
            let difference = nanos - above;
            table.row(&[name, &format!("{:.3}", nanos / against), &format!("{nanos:.1}"), &format!("{difference:.1}")]);
        }
        table.print();
    }
}

/// Returns the number of turns that take one round, found by doubling the turns.
fn turns_of_a_round(rival: &mut Rival<'_>) -> u64 {
    let mut turns = 1;
    loop {
        let time = rival(turns);
        if time >= ROUND / 2 {
            let exact = ROUND.as_secs_f64() / nanos_of_a_turn(time, turns) * 1e9;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive number of turns")]
            return (exact as u64).max(1);
        }
        turns *= 2;
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 turns")]
fn nanos_of_a_turn(time: Duration, turns: u64) -> f64 {
    time.as_secs_f64() * 1e9 / turns as f64
}
