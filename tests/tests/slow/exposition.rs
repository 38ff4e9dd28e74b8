//! Independent parsers read the page: `promtool` the classic text, and the strict parser of Prometheus' Python client
//! the OpenMetrics text.

use std::io::Write;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use llmobs::Observer;
use llmobs::prometheus::prometheus_client::metrics::counter::Counter;
use llmobs::prometheus::prometheus_client::registry::Registry;

use llmobs_tests::prometheus_page;
use llmobs_tests::traffic::busy_observer;

#[test]
fn promtool_accepts_the_classic_page() {
    let page = llmobs::prometheus::page(&busy_observer(), None).body;
    prometheus_page::parse(&page);
    promtool(&page);
}

#[test]
fn the_strict_parser_of_open_metrics_accepts_the_page_with_its_exemplars() {
    let page = prometheus_page::open_metrics(&busy_observer());
    assert!(page.ends_with("# EOF\n"));
    assert!(page.contains(" # {trace_id="), "there are exemplars to parse");
    if let Some(parsed) = open_metrics_parser(&page) {
        assert!(parsed["families"] > 30.0 && parsed["exemplars"] > 10.0, "{parsed:?}");
        let classic = prometheus_page::parse(&llmobs::prometheus::page(&busy_observer(), None).body);
        assert_eq!(parsed["families"], classic.len() as f64, "the same traffic gives the same families");
    }
}

#[test]
fn a_registry_of_the_application_adds_its_prefix_and_labels() {
    let zone = ("zone".into(), "eu \"1\"".into());
    let mut registry = Registry::with_prefix_and_labels("shop", [zone].into_iter());
    let own = Counter::<u64>::default();
    registry.register("orders", "Orders", own.clone());
    own.inc();
    let observer = Observer::builder().model("m").registry(&mut registry).build().unwrap();
    observer.chat("m").start().complete();

    let page = llmobs::prometheus::encode(&registry, None);
    let families = prometheus_page::parse(&page.body);
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
fn the_classic_page_can_be_appended_to_another_page() {
    let observer = Observer::builder().model("m").build().unwrap();
    observer.chat("m").start().complete();
    let mut page =
        "# HELP shop_orders_total Orders.\n# TYPE shop_orders_total counter\nshop_orders_total 3\n".to_owned();
    llmobs::prometheus::render_classic(&observer, &mut page);
    let families = prometheus_page::parse(&page);
    assert!(families.contains_key("shop_orders_total") && families.contains_key("llmobs_operation_started_total"));
    assert!(!page.contains("# EOF"), "more may follow");
    promtool(&page);
}

fn promtool(page: &str) {
    let Some(output) = run_with_page(Command::new("promtool").args(["check", "metrics"]), page) else { return };
    let text = [output.stdout.as_slice(), &output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.trim().is_empty(), "{} {text}", output.status);
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
    let ready = run_with_page(Command::new(&python).args(["-c", "import prometheus_client.openmetrics.parser"]), "")?;
    if !ready.status.success() {
        return missing_tool(&format!("{python} lacks the package prometheus-client"));
    }
    let output = run_with_page(Command::new(&python).args(["-c", PROGRAM]), page)?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    Some(
        text.lines()
            .map(|line| line.split_once(' ').unwrap())
            .map(|(k, v)| (k.to_owned(), v.parse().unwrap()))
            .collect(),
    )
}

/// Passes the page to a program, and returns its output. `None` if the program is missing, which only CI forbids.
fn run_with_page(command: &mut Command, page: &str) -> Option<Output> {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let Ok(mut child) = piped else { return missing_tool(&format!("{:?} is not installed", command.get_program())) };
    let mut input = child.stdin.take().unwrap();
    std::thread::scope(|scope| {
        // A program that stops reading early reports the reason in its output, so a write error is ignored.
        scope.spawn(move || input.write_all(page.as_bytes()).is_ok());
        Some(child.wait_with_output().unwrap())
    })
}

/// Reports a missing tool: a failure in CI, and a message elsewhere.
fn missing_tool<T>(message: &str) -> Option<T> {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{message}");
    eprintln!("skipped: {message}");
    None
}
