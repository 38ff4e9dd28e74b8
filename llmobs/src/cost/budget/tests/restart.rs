//! Restarts from a state file: what continues, what starts at zero, and how much a killed process loses.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use super::*;
use crate::cost::budget::BudgetError;

/// A folder that is removed at the end of a test.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("llmobs-budgets-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn file(&self) -> PathBuf {
        self.0.join("budgets.json")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the book of a budget with a state file.
pub(super) fn restart(file: &Path, budget: Budget) -> BudgetBook {
    book(Budgets::new().add(budget).state_file(file).unwrap())
}

const NOON: &str = "2026-11-30T12:00:00Z";

fn budget() -> Budget {
    Budget::new("all", usd(1_000)).thresholds([50, 80, 100]).deny()
}

#[test]
fn a_restart_continues_the_accounts_of_both_periods() {
    let folder = Folder::new("continue");
    let (now, next) = (date(NOON), date("2026-12-01T12:00:00Z"));
    let large = 9_007_199_254_740_993_000;
    let first = restart(&folder.file(), Budget::new("all", usd(u64::MAX)));
    charge(&first, large, now);
    charge(&first, 7, next);
    drop(first);
    let second = restart(&folder.file(), Budget::new("all", usd(u64::MAX)));
    assert_eq!((spent(&second, now), spent(&second, next)), (large, 7), "to the nano-dollar");
    charge(&second, 1, now);
    charge(&second, 1, next);
    drop(second);
    let third = restart(&folder.file(), Budget::new("all", usd(u64::MAX)));
    assert_eq!((spent(&third, now), spent(&third, next)), (large + 1, 8));
}

#[test]
fn a_restart_reports_no_threshold_again() {
    let folder = Folder::new("thresholds");
    let now = date(NOON);
    let logged = |budget: Budget| {
        let events = Log::new();
        let log = events.clone();
        let budgets = Budgets::new().add(budget).on_threshold(move |event| log.add(event.percent));
        (book(budgets.state_file(folder.file()).unwrap()), events)
    };
    let (first, events) = logged(budget());
    charge(&first, 600, now);
    assert_eq!(events.take(), [50]);
    drop(first);
    let (second, events) = logged(budget());
    charge(&second, 250, now);
    assert_eq!(events.take(), [80]);
    drop(second);
    // Another limit and other thresholds in the same period.
    let (third, events) = logged(budget().thresholds([10, 50, 80, 85]));
    charge(&third, 1, now);
    assert_eq!(events.take(), [10, 85]);
}

#[test]
fn a_rejection_continues_after_a_restart_and_reservations_do_not() {
    let folder = Folder::new("deny");
    let now = date(NOON);
    let first = restart(&folder.file(), budget());
    charge(&first, 900, now);
    let held = first.reserve(&FACTS, Some(usd(100)), now).unwrap();
    drop(first);
    let in_use = Budgets::new().state_file(folder.file()).unwrap_err();
    assert_eq!(in_use, BudgetError::StateFileInUse { path: folder.file() }, "an operation is in flight");
    drop(held);
    let second = restart(&folder.file(), budget());
    assert!(admits(&second, 100, now) && !admits(&second, 101, now));
}

#[test]
fn a_budget_with_another_name_period_or_time_zone_starts_at_zero() {
    let folder = Folder::new("renamed");
    let now = date(NOON);
    drop({
        let first = restart(&folder.file(), budget());
        charge(&first, 900, now);
        first
    });
    let saved = fs::read(folder.file()).unwrap();
    for changed in
        [Budget::new("new", usd(1_000)), budget().period(Period::Month), budget().time_zone("Europe/Berlin").unwrap()]
    {
        let book = restart(&folder.file(), changed);
        assert_eq!(spent(&book, now), 0);
        charge(&book, 1, now);
        drop(book);
        let text = fs::read_to_string(folder.file()).unwrap();
        assert_eq!(text.matches("\"name\"").count(), 1, "the old account is dropped: {text}");
        fs::write(folder.file(), &saved).unwrap();
    }
    assert_eq!(
        spent(&restart(&folder.file(), Budget::new("all", usd(5))), now),
        900,
        "another limit keeps the account"
    );
}

#[test]
fn the_file_has_two_periods_of_each_declared_budget() {
    let folder = Folder::new("bounded");
    let mut now = date(NOON);
    let book = restart(&folder.file(), budget());
    for _ in 0..400 {
        charge(&book, 1, now);
        now += Duration::from_secs(86_400);
    }
    drop(book);
    let text = fs::read_to_string(folder.file()).unwrap();
    assert_eq!(text.matches("\"start\"").count(), 2, "{text}");
}

/// The variable with the path of the state file of a child process.
const FILE: &str = "LLMOBS_TEST_BUDGETS_FILE";

/// Returns the command that runs one of the helpers below in a process of its own.
pub(super) fn child(helper: &str, file: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", helper, "--ignored", "--nocapture", "--test-threads=1"]).env(FILE, file);
    command
}

/// Returns the state file of this process, if it is such a child.
pub(super) fn file_of_child() -> PathBuf {
    std::env::var_os(FILE).expect("the test that starts this helper sets the variable").into()
}

#[test]
#[ignore = "a helper that another test starts as a process"]
fn helper_opens_the_file() {
    println!("opened: {:?}", Budgets::new().state_file(file_of_child()).map(|_| ()));
}

#[test]
fn a_second_process_gets_an_error() {
    let folder = Folder::new("locked");
    let open = || {
        let output = child("cost::budget::tests::restart::helper_opens_the_file", &folder.file()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let first = restart(&folder.file(), budget());
    let output = open();
    assert!(output.contains("opened: Err(StateFileInUse"), "{output}");
    drop(first);
    let output = open();
    assert!(output.contains("opened: Ok(())"), "{output}");
}

#[test]
#[ignore = "a helper that another test starts as a process"]
fn helper_charges_until_it_is_killed() {
    let budgets = Budgets::new().add(budget()).state_file(file_of_child()).unwrap();
    let book = book(budgets.state_interval(Duration::ZERO));
    for count in 1.. {
        charge(&book, 1, date(NOON));
        println!("charged {count}.");
    }
}

#[test]
fn a_killed_process_loses_at_most_what_ended_since_the_last_write() {
    let folder = Folder::new("killed");
    let mut command = child("cost::budget::tests::restart::helper_charges_until_it_is_killed", &folder.file());
    let mut process = command.stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut charged = 0;
    for line in lines {
        let line = line.unwrap();
        let number = line.strip_prefix("charged ").and_then(|rest| rest.strip_suffix('.'));
        charged = number.map_or(charged, |number| number.parse().unwrap());
        if charged == 50 {
            process.kill().unwrap();
        }
    }
    process.wait().unwrap();
    assert!(charged >= 50);
    let spent = spent(&restart(&folder.file(), budget()), date(NOON));
    assert!(
        (charged..=charged + 1).contains(&spent),
        "{spent} of {charged}: each was written, the last not yet printed"
    );
}
