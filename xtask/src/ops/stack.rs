//! `cargo xtask stack`: a service, a collector, Prometheus and Alertmanager on loopback, with the files of the operations kit
//! and a load with every kind of end. With `--pages`, a test: every paging alert, from a fault to a webhook. With `--record`,
//! the pages from which the tests of the alerts are made. With `--locust`, a test of the load for Locust.
//!
//! Needs the programs `prometheus` and `alertmanager` (Debian's `prometheus-alertmanager`). Everything ends with the command,
//! also by Ctrl-C.

use std::time::Duration;

use self::config::Configuration;
use self::receiver::Receiver;
use super::programs;
use super::programs::alertmanager::Alertmanager;
use super::programs::folder::Folder;
use super::programs::load;
use super::programs::prometheus::Prometheus;
use super::programs::rotel::Rotel;
use super::programs::service;
use super::programs::service::Service;
use super::programs::sink::Sink;

mod config;
mod faulty;
mod kit;
mod locust;
mod pages;
mod receiver;
mod record;
mod shortened;

/// The duration if none is given.
const DEFAULT_SECONDS: u64 = 300;

/// The interval of the scrapes and evaluations, so that a short run shows many points.
const INTERVAL: &str = "5s";

/// Runs the command with these arguments.
pub(crate) fn run(arguments: &[&str]) -> Result<(), String> {
    match arguments {
        [] => show(DEFAULT_SECONDS),
        ["--seconds", number] => show(number.parse().map_err(|_| format!("{number:?} is not a number of seconds"))?),
        ["--pages"] => pages::run(),
        ["--locust"] => locust::run(),
        ["--record"] => record::run(),
        _ => Err("usage: cargo xtask stack [--seconds N | --pages | --record | --locust]".to_owned()),
    }
}

/// Returns whether Prometheus and Alertmanager are installed.
pub(crate) fn has_programs() -> bool {
    Prometheus::is_installed() && Alertmanager::program().is_some()
}

/// Returns whether Locust is installed.
pub(crate) fn has_locust() -> bool {
    programs::locust::is_installed()
}

/// Runs the stack for this time.
fn show(seconds: u64) -> Result<(), String> {
    let binaries = programs::build(&["-p axum-chat", "-p fake-nvml"])?;
    let folder = Folder::create("stack")?;
    let receiver = Receiver::start(|alert| {
        if alert.severity != "watchdog" {
            println!("{} {} of {}: {}", alert.severity, alert.name, alert.job, alert.status);
        }
    })?;
    let alertmanager = Alertmanager::start(
        &folder,
        &config::alertmanager(&kit::read("alertmanager/alertmanager.yml")?, &receiver.address)?,
    )?;
    let sink = Sink::start()?;
    let collector = Rotel::start(&sink.address)?;
    let endpoint = collector.as_ref().map_or(&sink.address, |collector| &collector.http);
    let services = service::start_three(&binaries, &format!("http://{endpoint}"))?;
    let addresses: Vec<_> = services.iter().map(|service| service.address.clone()).collect();
    let configuration = Configuration {
        prometheus: programs::free_address()?,
        alertmanager: alertmanager.address.clone(),
        rules: kit::path("prometheus/rules/*.yml").display().to_string(),
        interval: INTERVAL,
        jobs: vec![("llmobs".to_owned(), addresses.clone())],
    };
    let text = config::prometheus(&kit::read("prometheus/prometheus.yml")?, &configuration)?;
    let flags = kit::read("prometheus/flags.txt")?;
    let flags: Vec<_> = flags.lines().filter(|line| line.starts_with("--")).collect();
    let prometheus = Prometheus::start(&folder, &configuration.prometheus, &text, &flags)?;

    print_addresses(&services, &prometheus, &alertmanager, collector.as_ref());
    println!("load for {seconds} s; Ctrl-C ends everything");
    load::run(&addresses, Duration::from_secs(seconds), |_| {});
    for (path, count) in sink.requests() {
        println!("{count} requests of {path} reached the end of the pipeline");
    }
    println!("{} notifications of alerts", receiver.alerts().len());
    Ok(())
}

fn print_addresses(
    services: &[Service],
    prometheus: &Prometheus,
    alertmanager: &Alertmanager,
    collector: Option<&Rotel>,
) {
    for (service, what) in services.iter().zip(["works, with two simulated GPUs", "its engine panics", "works"]) {
        let address = &service.address;
        println!("axum-chat    http://{address}/v1/chat/completions  {what}");
        println!("             http://{address}/metrics  http://{address}/debug/llmobs");
    }
    println!("Prometheus   http://{0}/graph  http://{0}/alerts  http://{0}/api/v1/query?query=up", prometheus.address);
    println!("Alertmanager http://{0}/  http://{0}/api/v2/alerts", alertmanager.address);
    match collector {
        Some(collector) => println!("collector    OTLP on http://{} and gRPC on {}", collector.http, collector.grpc),
        None => println!(
            "no collector: Rotel is not installed (`pip install rotel`); the service sends OTLP to this command"
        ),
    }
}
