//! `cargo xtask stack --pages`: every alert that pages, from a fault of a running service through a real Prometheus and a real
//! Alertmanager to a webhook.
//!
//! Services first work for a while under traffic, and no page may arrive. Then each fault is caused, in a job of its own, and
//! each expected page must arrive at the webhook of its team within [`LIMIT`]; no other may. All services, servers and
//! gateways, are at the level core. Rules, routes and inhibition are those of the kit, with short windows ([`shortened`]).
//! [`inhibited`] lists the alerts that the pages explain.

#![expect(clippy::disallowed_methods, reason = "a test of running programs measures real time")]

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use self::faults::Faults;
use self::verdict::EXPECTED;
use super::config;
use super::config::Configuration;
use super::kit;
use super::receiver::Receiver;
use super::shortened;
use crate::ops::programs;
use crate::ops::programs::alertmanager::Alertmanager;
use crate::ops::programs::folder::Folder;
use crate::ops::programs::prometheus::Prometheus;
use crate::ops::rules;

pub(super) mod faults;
mod inhibited;
pub(super) mod traffic;
mod verdict;

/// The time of healthy traffic, longer than each `for` and than the first window of each alert that pages.
const HEALTHY: Duration = Duration::from_secs(25);

/// The time limit of the pages after the faults.
const LIMIT: Duration = Duration::from_secs(100);

/// The time after the last expected page in which no other may arrive.
const QUIET: Duration = Duration::from_secs(8);

/// Runs the test.
pub(super) fn run() -> Result<(), String> {
    let binaries = programs::build(&["-p axum-chat", "-p fake-nvml", "-p llmobs-examples --example gateway"])?;
    let folder = Folder::create("stack-pages")?;
    write_rules(&folder)?;
    let receiver = Receiver::start(|_| {})?;
    let routes = config::alertmanager(&kit::read("alertmanager/alertmanager.yml")?, &receiver.address)?;
    let alertmanager = Alertmanager::start(&folder, &shortened::routes(&routes))?;
    let mut faults = Faults::start(&binaries, &folder)?;
    let configuration = Configuration {
        prometheus: programs::free_address()?,
        alertmanager: alertmanager.address.clone(),
        rules: folder.path().join("rules/*.yml").display().to_string(),
        interval: "1s",
        jobs: faults.jobs(),
    };
    let text = config::prometheus(&kit::read("prometheus/prometheus.yml")?, &configuration)?;
    // Two defaults of Prometheus are shortened too: the 5 minutes for which a sample without a successor counts, and the
    // minute after which an alert is sent again.
    let lookback = format!("--query.lookback-delta={}s", 300 / shortened::FACTOR);
    let resend = format!("--rules.alert.resend-delay={}s", 60 / shortened::FACTOR);
    let arguments = ["--enable-feature=exemplar-storage,extra-scrape-metrics", &lookback, &resend];
    let prometheus = Prometheus::start(&folder, &configuration.prometheus, &text, &arguments)?;
    println!(
        "Prometheus http://{}/alerts, Alertmanager http://{}; healthy traffic for {} s",
        prometheus.address,
        alertmanager.address,
        HEALTHY.as_secs()
    );
    thread::sleep(HEALTHY);
    let early = receiver.alerts();
    if let Some(page) = early.iter().find(|alert| alert.severity == "page") {
        return Err(format!("a page arrived under healthy traffic: {page:?}"));
    }
    if !early.iter().any(|alert| alert.path == "/watchdog") {
        return Err("the watchdog did not arrive".to_owned());
    }

    faults.cause(&binaries)?;
    let start = Instant::now();
    let mut arrived = BTreeMap::new();
    let mut last = Duration::ZERO;
    let mut missing = inhibited::missing(&alertmanager.address)?;
    let is_complete = |arrived: usize, missing: usize| arrived == EXPECTED.len() && missing == 0;
    while start.elapsed() < LIMIT && !(is_complete(arrived.len(), missing.len()) && start.elapsed() > last + QUIET) {
        for page in verdict::arrived(&receiver.alerts()) {
            arrived.entry(page).or_insert_with(|| {
                last = start.elapsed();
                println!(
                    "{:>5.1} s after the faults: {} of {} on {}",
                    last.as_secs_f64(),
                    page.alert,
                    page.job,
                    page.path
                );
            });
        }
        thread::sleep(Duration::from_millis(200));
        missing = inhibited::missing(&alertmanager.address)?;
    }
    faults.check_level()?;
    let mut failures = verdict::failures(&receiver.alerts());
    failures.extend(missing.iter().map(|(job, alert, page)| format!("{alert} of {job} is not inhibited by {page}")));
    failures.extend(inhibited::failures(&receiver.alerts()));
    if failures.is_empty() {
        println!("{} of {} pages arrived, and no other; their tickets were inhibited", arrived.len(), EXPECTED.len());
        return Ok(());
    }
    Err(format!("{} failures:\n{}", failures.len(), failures.join("\n")))
}

/// Writes the rules of the kit with short windows into the folder `rules`.
fn write_rules(folder: &Folder) -> Result<(), String> {
    fs::create_dir(folder.path().join("rules")).map_err(|error| format!("rules: {error}"))?;
    for path in rules::paths()? {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        folder.write(&format!("rules/{name}"), &shortened::rules(&name, &text)?)?;
    }
    Ok(())
}
