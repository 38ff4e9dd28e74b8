//! `cargo xtask ops-load`: measures how long a real Prometheus takes to evaluate all rules of the kit for a fleet of 40
//! services with 5 replicas and 3 models, and fails if it takes too long.
//!
//! Every series that a rule reads exists, from the oldest sample that the rule reads up to the present: the past as blocks,
//! the last fifty minutes in memory, as in a Prometheus that has run for hours, and the present as 200 pages that Prometheus
//! scrapes. Series that no rule reads are left out: they do not change the time of an evaluation. All groups are evaluated
//! more often than their interval says, so that a few minutes give several evaluations of each; one evaluation reads the
//! same samples as before. Everything listens on loopback and ends with the command, within ten minutes.
//!
//! On a machine with other work an evaluation waits for the processors. There the processor time of Prometheus is judged
//! instead, without that of a Prometheus that scrapes the same pages and has no rules. Needs `prometheus` and `promtool` on the path.

#![expect(clippy::disallowed_methods, reason = "a check of running programs measures real time")]

use std::fs;
use std::process::Command;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use self::fleet::Fleet;
use self::fleet::SCRAPE;
use self::history::Recent;
use self::pages::Pages;
use self::times::Times;
use super::history::now;
use super::names::Names;
use super::programs;
use super::programs::folder::Folder;
use super::programs::listener;
use super::programs::listener::Answer;
use super::programs::prometheus::Prometheus;
use super::rules;

mod cpu;
mod fleet;
mod history;
mod pages;
mod times;

/// The goal: the sum over all groups of the median seconds of an evaluation.
const GOAL: f64 = 1.0;

/// Seconds between two evaluations of each group during the measurement.
const EVALUATION: u64 = 20;

/// The seconds before the present whose samples are in memory. Prometheus accepts none that is an hour older than its newest.
const IN_MEMORY: u64 = 3_000;

/// The time before the measurement: each group is evaluated twice.
const WARM_UP: Duration = Duration::from_secs(60);

/// The duration of the measurement without rules, and the time before it, in which Prometheus takes the samples of the last
/// fifty minutes.
const WITHOUT_RULES: (Duration, Duration) = (Duration::from_secs(60), Duration::from_secs(90));

/// The share of the processors from which other programs make the times of evaluations meaningless.
const BUSY: f64 = 0.1;

/// The duration of the measurement.
const MEASUREMENT: Duration = Duration::from_secs(300);

/// Runs the measurement.
pub(crate) fn run() -> Result<(), String> {
    let mut names = Names::load()?;
    let rules = rules::read(&mut names)?;
    let fleet = Fleet::of(&rules, &names)?;
    println!("{} targets, {} scraped series, {} recorded", fleet::targets().count(), fleet.scraped(), fleet.recorded());

    let folder = Folder::create("ops-load")?;
    let begin = Instant::now();
    let now = now();
    let samples = history::write(&fleet, &rules, now, now - IN_MEMORY, &folder.path().join("history.om"))?;
    import(&folder)?;
    println!("{samples} samples of the past, written and imported in {} s", begin.elapsed().as_secs());

    let recent = Recent::of(&fleet, &rules, now - IN_MEMORY..now)?;
    let config = configuration(&folder, Pages::new(fleet, recent))?;
    let idle = time_without_rules(&folder, &config)?;
    let prometheus = start(&folder, &format!("rule_files: [\"{}/rules-*.yml\"]\n{config}", folder.path().display()))?;
    thread::sleep(WARM_UP);
    let (before, begin) = (cpu::read(prometheus.pid())?, Instant::now());
    let times = Times::collect(&prometheus, MEASUREMENT)?;
    let after = cpu::read(prometheus.pid())?;
    print!("{}", times.table(&rules));
    let rate = after.measured_since(&before) / begin.elapsed().as_secs_f64() - idle;
    let time = rate * Duration::from_secs(EVALUATION).as_secs_f64();
    let others = after.others_since(&before);
    println!("one evaluation of all groups takes {time:.2} s of processor time, with collecting garbage");
    println!("other programs took {:.0} % of the processors during the measurement", 100.0 * others);
    let (judged, what) = if others < BUSY { (times.sum(), "time") } else { (time, "processor time") };
    if judged < GOAL {
        Ok(())
    } else {
        Err(format!("all groups together take {judged:.2} s of {what}; the goal is {GOAL} s"))
    }
}

/// Returns the processor time in a second of a Prometheus that only scrapes.
fn time_without_rules(folder: &Folder, config: &str) -> Result<f64, String> {
    let (duration, warm_up) = WITHOUT_RULES;
    let prometheus = start(folder, config)?;
    thread::sleep(warm_up);
    let before = cpu::read(prometheus.pid())?;
    thread::sleep(duration);
    Ok(cpu::read(prometheus.pid())?.measured_since(&before) / duration.as_secs_f64())
}

fn start(folder: &Folder, config: &str) -> Result<Prometheus, String> {
    Prometheus::start(folder, &programs::free_address()?, config, &["--storage.tsdb.retention.time=90d"])
}

/// Imports the history as few long blocks: for each block, promtool reads the whole file.
fn import(folder: &Folder) -> Result<(), String> {
    let mut import = Command::new("promtool");
    import.args(["tsdb", "create-blocks-from", "--max-block-duration=1440h", "openmetrics", "-q"]);
    import.arg(folder.path().join("history.om")).arg(folder.path().join("data"));
    let output = import.output().map_err(|error| format!("promtool: {error}"))?;
    output.status.success().then_some(()).ok_or_else(|| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Starts the server of the pages, copies the rules without their intervals, and returns the configuration without rules.
fn configuration(folder: &Folder, pages: Pages) -> Result<String, String> {
    let server = listener::serve(move |request| Answer::page(pages.answer(&request.path)))?;
    for path in rules::paths()? {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let lines = text.lines().filter(|line| !line.starts_with("    interval: "));
        let text: String = lines.map(|line| format!("{line}\n")).collect();
        let name = path.file_name().unwrap_or_default();
        folder.write(&format!("rules-{}", name.display()), &text)?;
    }
    let mut config = format!(
        "global: {{scrape_interval: {SCRAPE}s, scrape_timeout: {SCRAPE}s, evaluation_interval: {EVALUATION}s}}\n\
         scrape_configs:\n"
    );
    for (job, settings, prefix) in [("fleet", "", ""), ("recorded", "honor_labels: true\n    ", pages::RECORDED)] {
        config += &format!("  - job_name: {job}\n    {settings}static_configs:\n");
        for target in fleet::targets() {
            let (path, job, instance) = (target.path(), &target.job, &target.instance);
            config += &format!(
                "      - {{targets: [\"{server}\"], labels: {{job: {job}, instance: \"{instance}\", \
                 __metrics_path__: {prefix}{path}}}}}\n",
            );
        }
    }
    Ok(config)
}
