//! `cargo xtask stack --locust`: the load of the kit for Locust on a running `axum-chat`. Fails if a request fails, if a kind of
//! request is missing, or if the service counted other numbers than Locust.

use std::thread;
use std::time::Duration;

use super::kit;
use crate::ops::programs;
use crate::ops::programs::http;
use crate::ops::programs::locust;
use crate::ops::programs::locust::Line;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;

/// The time in which new requests are sent.
const TIME: Duration = Duration::from_secs(12);

/// The kinds of requests of `docs/ops/load/locustfile.py`. The last one closes the connection before the end.
const KINDS: [&str; 4] = ["short", "long_answer", "long_prompt", "abandoned"];

/// Runs the load.
pub(super) fn run() -> Result<(), String> {
    let binaries = programs::build(&["-p axum-chat"])?;
    let service = Service::chat(&binaries, ANY_PORT, &[], &["--synthetic-token", "5ms"])?;
    println!("locust on http://{} for {} s", service.address, TIME.as_secs());
    let lines = locust::run(&kit::path("load/locustfile.py"), &service.address, TIME)?;
    let page = idle_page(&service.address)?;
    for line in &lines {
        let mean = line.milliseconds / line.count.max(1.0);
        println!("{:>12} {:<12} {:>4}, {} failed, mean {mean:.0} ms", line.kind, line.name, line.count, line.failures);
    }
    let failures = compare(&lines, &page);
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n")) }
}

/// Returns the page of the service when no operation is in flight.
fn idle_page(address: &str) -> Result<String, String> {
    for _ in 0..50 {
        let page = http::metrics(address)?;
        if sum(&page, "llmobs_operation_active", "") == 0.0 {
            return Ok(page);
        }
        thread::sleep(Duration::from_millis(200));
    }
    Err("operations are in flight ten seconds after the load".to_owned())
}

/// Returns what differs between Locust's table and the page of the service.
fn compare(lines: &[Line], page: &str) -> Vec<String> {
    let count = |kind: &str, names: &[&str]| -> f64 {
        let of = lines.iter().filter(|line| line.kind == kind && names.contains(&line.name.as_str()));
        of.map(|line| line.count).sum()
    };
    let mut failures = Vec::new();
    for kind in KINDS {
        if count("POST", &[kind]) == 0.0 {
            failures.push(format!("no request of the kind {kind}"));
        }
    }
    let failed: f64 = lines.iter().map(|line| line.failures).sum();
    if failed > 0.0 {
        failures.push(format!("{failed} requests failed"));
    }
    let ended = "llmobs_operation_ended_total";
    for (what, sent, seen) in [
        ("completed", count("POST", &KINDS[..3]), sum(page, ended, "llmobs_operation_outcome=\"completed\"")),
        ("cancelled", count("POST", &KINDS[3..]), sum(page, ended, "llmobs_operation_outcome=\"cancelled\"")),
        ("first tokens", count("first_token", &KINDS), sum(page, "llmobs_time_to_first_token_seconds_count", "")),
    ] {
        println!("{what}: {sent} by locust, {seen} by the service");
        if (sent - seen).abs() > 0.5 {
            failures.push(format!("{what}: {sent} by locust, and {seen} by the service"));
        }
    }
    failures
}

/// Returns the sum of the series of a metric whose labels contain a text.
fn sum(page: &str, metric: &str, labels: &str) -> f64 {
    let lines = page.lines().filter(|line| {
        line.strip_prefix(metric).is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(labels)
    });
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_the_service_did_not_count_or_that_failed_is_found() {
        let line = |kind: &str, name: &str| Line {
            kind: kind.to_owned(),
            name: name.to_owned(),
            count: 2.0,
            failures: 0.0,
            milliseconds: 40.0,
        };
        let mut lines: Vec<_> = KINDS.iter().flat_map(|kind| [line("POST", kind), line("first_token", kind)]).collect();
        let page = "llmobs_operation_ended_total{a=\"b\",llmobs_operation_outcome=\"completed\"} 6.0\n\
                    llmobs_operation_ended_total{llmobs_operation_outcome=\"cancelled\"} 2.0\n\
                    llmobs_time_to_first_token_seconds_count{a=\"b\"} 8\n";
        assert_eq!(compare(&lines, page), Vec::<String>::new());
        lines[0].count = 3.0;
        assert_eq!(compare(&lines, page), ["completed: 7 by locust, and 6 by the service"]);
        lines[0].failures = 1.0;
        lines.truncate(6);
        assert_eq!(compare(&lines, page).len(), 5, "missing, failed, and three numbers differ");
    }
}
