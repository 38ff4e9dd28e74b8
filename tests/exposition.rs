//! Independent parsers read the page: `promtool` the classic text, and the strict parser of Prometheus' Python client
//! the OpenMetrics text.

mod support;

use std::io::Write;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use llmobs::BuildError;
use llmobs::Observer;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use llmobs::prometheus::prometheus_client::metrics::counter::Counter;
use llmobs::prometheus::prometheus_client::registry::Registry;
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::Tracer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;

use support::page;
use support::traffic::Traffic;
use support::traffic::everything;

/// Returns an observer with a value in every row, with exemplars and with labels that need escaping.
fn busy() -> Observer {
    let (clock, hand) = Clock::manual();
    let observer = everything().clock(clock).profile(Profile::Dual).build().unwrap();
    let tracer = SdkTracerProvider::builder().build().tracer("test");
    let _sampled = Context::current_with_span(tracer.start("request")).attach();
    let mut traffic = Traffic::new(&observer, &hand, 23);
    traffic.operations(200);
    observer
}

#[test]
fn promtool_finds_nothing_to_say_of_the_classic_page() {
    let page = llmobs::prometheus::page(&busy(), None).body;
    page::parse(&page);
    promtool(&page);
}

#[test]
fn the_strict_parser_of_open_metrics_takes_the_page_with_its_exemplars() {
    let page = page::open_metrics(&busy());
    assert!(page.ends_with("# EOF\n"));
    assert!(page.contains(" # {trace_id="), "there are exemplars to parse");
    if let Some(parsed) = open_metrics_parser(&page) {
        assert!(parsed["families"] > 30.0 && parsed["exemplars"] > 10.0, "{parsed:?}");
        let classic = page::parse(&llmobs::prometheus::page(&busy(), None).body);
        assert_eq!(parsed["families"], classic.len() as f64, "the same traffic gives the same families");
    }
}

#[test]
fn a_registry_of_the_user_gives_its_prefix_and_labels() {
    let zone = ("zone".into(), "eu \"1\"".into());
    let mut registry = Registry::with_prefix_and_labels("shop", [zone].into_iter());
    let own = Counter::<u64>::default();
    registry.register("orders", "Orders", own.clone());
    own.inc();
    let observer = Observer::builder().model("m").registry(&mut registry).build().unwrap();
    observer.chat("m").start().complete();

    let page = llmobs::prometheus::encode(&registry, None);
    let families = page::parse(&page.body);
    assert!(families.contains_key("shop_orders_total") && families.contains_key("shop_llmobs_operation_started_total"));
    for (name, family) in &families {
        assert!(name.starts_with("shop_"), "{name}");
        assert!(family.series.keys().all(|labels| labels["zone"] == "eu \"1\""), "{name}");
    }
    promtool(&page.body);
    open_metrics_parser(&llmobs::prometheus::encode(&registry, Some("application/openmetrics-text")).body);
    assert_eq!(llmobs::prometheus::page(&observer, None).body, "", "the metrics are in the user's registry");
}

#[test]
fn the_classic_page_can_follow_a_page_that_is_there_already() {
    let observer = Observer::builder().model("m").build().unwrap();
    observer.chat("m").start().complete();
    let mut page =
        "# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\nshop_orders_total 3\n".to_owned();
    llmobs::prometheus::render_classic(&observer, &mut page);
    let families = page::parse(&page);
    assert!(families.contains_key("shop_orders_total") && families.contains_key("llmobs_operation_started_total"));
    assert!(!page.contains("# EOF"), "more may follow");
    promtool(&page);
}

#[test]
fn a_registry_takes_the_metrics_once() {
    let mut registry = Registry::default();
    let _observer = Observer::builder().registry(&mut registry).build().unwrap();
    let second = Observer::builder().registry(&mut registry).build();
    assert_eq!(second.unwrap_err(), BuildError::AlreadyRegistered);
    // A second observer is also refused under a prefix. The names would differ, but an application has one observer.
    let mut prefixed = Registry::with_prefix("shop");
    let _observer = Observer::builder().registry(&mut prefixed).build().unwrap();
    assert_eq!(Observer::builder().registry(&mut prefixed).build().unwrap_err(), BuildError::AlreadyRegistered);
}

#[test]
fn two_scrapes_of_one_state_are_one_text() {
    let observer = busy();
    assert_eq!(page::open_metrics(&observer), page::open_metrics(&observer));
}

fn promtool(page: &str) {
    let Some(said) = run(Command::new("promtool").args(["check", "metrics"]), page) else { return };
    let words = [said.stdout.as_slice(), &said.stderr].concat();
    let words = String::from_utf8_lossy(&words);
    assert!(said.status.success() && words.trim().is_empty(), "{} {words}", said.status);
}

/// Returns the parser's counts of families, samples and exemplars, by name. `None` if the parser is not installed.
fn open_metrics_parser(page: &str) -> Option<std::collections::BTreeMap<String, f64>> {
    const PROGRAM: &str = "
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(sys.stdin.buffer.read().decode('utf-8')))
samples = [sample for family in families for sample in family.samples]
print('families', len(families))
print('samples', len(samples))
print('exemplars', sum(sample.exemplar is not None for sample in samples))
";
    let python = std::env::var("LLMOBS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let ready = run(Command::new(&python).args(["-c", "import prometheus_client.openmetrics.parser"]), "")?;
    if !ready.status.success() {
        return absent(&format!("{python} lacks the package prometheus-client"));
    }
    let said = run(Command::new(&python).args(["-c", PROGRAM]), page)?;
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let words = String::from_utf8(said.stdout).unwrap();
    Some(
        words
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(k, v)| (k.to_owned(), v.parse().unwrap()))
            .collect(),
    )
}

/// Passes the page to a program, and returns its output. `None` if the program is missing, which only CI forbids.
fn run(command: &mut Command, page: &str) -> Option<Output> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = piped else { return absent(&format!("{:?} is not installed", command.get_program())) };
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that stops reading early reports the reason in its output, so a write error is ignored.
        scope.spawn(move || input.write_all(page.as_bytes()).is_ok());
        Some(child.wait_with_output().unwrap())
    })
}

/// Reports a missing tool: a failure in CI, and a message elsewhere.
fn absent<T>(why: &str) -> Option<T> {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{why}");
    eprintln!("skipped: {why}");
    None
}
