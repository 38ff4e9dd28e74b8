//! `cargo xtask ops-live`: runs the queries of all boards on a real Prometheus and fails if a panel is empty, zero or
//! constant under the load meant for it.
//!
//! The data: two hours of the example `ops_history`, an observer of the library on a manual clock; synthetic series of
//! systems that do not run here, with the names of the tables; and a minute of `axum-chat` under load, scraped each second,
//! with simulated GPUs. Everything listens on loopback and ends with the command. Needs `prometheus` and `promtool` on the
//! path.

#![expect(clippy::disallowed_methods, reason = "a check of running programs measures real time")]

use std::thread;
use std::time::Duration;
use std::time::Instant;

use self::verdict::Periods;
use super::boards;
use super::documents;
use super::history::History;
use super::history::PACKAGE;
use super::history::now;
use super::names::Names;
use super::programs;
use super::programs::folder::Folder;
use super::programs::load;
use super::programs::prometheus::Prometheus;
use super::programs::service;
use super::programs::sink::Sink;
use super::rules;
use crate::workspace_root;

mod exceptions;
mod verdict;

/// The duration of the load.
const LOAD: Duration = Duration::from_secs(60);

/// The page whose queries size a service.
const CAPACITY: &str = "docs/ops/capacity.md";

/// The files of recording rules whose results boards show, in each round of [`History::record`].
const RECORDED: [&[&str]; 4] =
    [&["engines.yml", "baselines.yml"], &["baselines.yml"], &["baselines.yml"], &["baselines.yml"]];

/// A rule that fails at each evaluation, for the panel of failed rules: each of the three services matches all of them.
const FAILING_RULE: &str = "\
groups: [{name: failing, interval: 5s, rules: [{record: 'failing:rule', expr: 'up * on (job) up'}]}]
";

/// Returns whether Prometheus is installed.
pub(crate) fn has_programs() -> bool {
    Prometheus::is_installed()
}

/// Runs the check.
pub(crate) fn run() -> Result<(), String> {
    let binaries = programs::build(&["-p axum-chat", "-p fake-nvml", PACKAGE])?;
    let mut names = Names::load()?;
    rules::read(&mut names)?;

    let folder = Folder::create("ops-live")?;
    let begin = Instant::now();
    let report = |what: &str| println!("{:>5.1} s: {what}", begin.elapsed().as_secs_f64());
    let history = History::write(&binaries, &folder, &names)?;
    history.import(&folder)?;
    report("the history is imported");
    history.record(&folder, &RECORDED)?;
    report("the rules are recorded over the history");

    let sink = Sink::start()?;
    let mut services = service::start_three(&binaries, &format!("http://{}", sink.address))?;
    let addresses: Vec<_> = services.iter().map(|service| service.address.clone()).collect();
    let prometheus = start_prometheus(&folder, &addresses, &sink)?;
    // Two scrapes before the load, so that the first rates have a value before them.
    thread::sleep(Duration::from_secs(3));
    let start = now();
    report(&format!("load on {} for {} s; Prometheus on {}", addresses.join(", "), LOAD.as_secs(), prometheus.address));
    load::run(&addresses, LOAD, |second| sink.refuse((25..45).contains(&second)));
    // The last service ends before the others, as a lost target would.
    services.pop();
    thread::sleep(Duration::from_secs(6));

    let periods = Periods { live: (start, now()), history: history.shown() };
    report("the load is over");
    check_capacity(&prometheus, (history.shown().0, periods.live.1), &names)?;
    let verdict = verdict::check(&boards::all(), &prometheus, periods);
    report("all queries have run");
    verdict
}

/// Fails if a query of the page about capacity has no value in the history or under the load.
fn check_capacity(prometheus: &Prometheus, period: (u64, u64), names: &Names) -> Result<(), String> {
    let queries = documents::promql_of(CAPACITY, names)?;
    for query in &queries {
        let result = prometheus.query(query, period, 60)?;
        let has_value = result.iter().any(|series| !verdict::points(series).is_empty());
        if !has_value {
            return Err(format!("{CAPACITY}: no value of {query}"));
        }
    }
    println!("{} queries of {CAPACITY} have values", queries.len());
    Ok(())
}

/// Starts Prometheus on the imported blocks, with the rules of the kit, a scrape of the services and of itself each second, an
/// Alertmanager that does not answer, and a remote write to the receiver of OTLP, which refuses requests for a while.
fn start_prometheus(folder: &Folder, services: &[String], sink: &Sink) -> Result<Prometheus, String> {
    let address = programs::free_address()?;
    let targets: Vec<_> = services.iter().map(|service| format!("\"{service}\"")).collect();
    let config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 5s}}\n\
         rule_files: [\"{}\", \"{}\"]\n\
         scrape_configs:\n\
         \x20 - {{job_name: axum-chat, static_configs: [{{targets: [{}]}}]}}\n\
         \x20 - {{job_name: prometheus, static_configs: [{{targets: [\"{address}\"]}}]}}\n\
         alerting: {{alertmanagers: [{{static_configs: [{{targets: [\"{}\"]}}]}}]}}\n\
         remote_write:\n\
         \x20 - url: http://{}/write\n\
         \x20   queue_config: {{batch_send_deadline: 1s}}\n\
         \x20   write_relabel_configs: [{{source_labels: [__name__], regex: up, action: keep}}]\n",
        workspace_root().join("docs/ops/prometheus/rules/*.yml").display(),
        folder.write("failing.yml", FAILING_RULE)?.display(),
        targets.join(", "),
        programs::free_address()?,
        sink.address,
    );
    // Alerts are sent again after five seconds instead of a minute.
    let resend = "--rules.alert.resend-delay=5s";
    let arguments = ["--storage.tsdb.retention.time=90d", "--enable-feature=exemplar-storage", resend];
    Prometheus::start(folder, &address, &config, &arguments)
}
