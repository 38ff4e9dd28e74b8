//! Telemetry about the export itself is not exported. Otherwise each export would create more telemetry to export.

use std::time::Duration;

use llmobs::Observer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::fixture::MODEL;
use crate::fixture::PROTOCOLS;
use crate::fixture::TIMEOUT;
use crate::fixture::pipeline_to;
use llmobs_tests::collector::Behaviour;
use llmobs_tests::collector::Collector;

/// Each protocol runs in a separate process: events of the pipeline's thread reach only a global subscriber.
#[test]
fn a_pipeline_exports_no_telemetry_about_its_own_exports() {
    let name = "export_loop::the_pipeline_in_a_child_process";
    let test = std::env::current_exe().unwrap();
    for protocol in PROTOCOLS {
        let mut child = std::process::Command::new(&test);
        let child = child.args([name, "--exact", "--nocapture"]).env(CHILD_PROTOCOL_VARIABLE, protocol.as_str());
        let result = child.output().unwrap();
        let output = String::from_utf8_lossy(&result.stderr).into_owned() + &String::from_utf8_lossy(&result.stdout);
        assert!(result.status.success() && output.contains("1 passed"), "{output}");
    }
}

/// The environment variable that makes a process run the test. Its value is the protocol.
const CHILD_PROTOCOL_VARIABLE: &str = "LLMOBS_TEST_ALONE";

#[test]
fn the_pipeline_in_a_child_process() {
    let protocol = std::env::var(CHILD_PROTOCOL_VARIABLE).unwrap_or_default();
    let Some(protocol) = PROTOCOLS.into_iter().find(|known| known.as_str() == protocol) else { return };
    let collector = Collector::start();
    let settings = pipeline_to(collector.endpoint(), protocol).metrics_interval(Duration::from_millis(50));
    let pipeline = settings.build().unwrap();
    let targets = TargetRecorder::default();
    let registry = tracing_subscriber::registry().with(pipeline.layer()).with(targets.clone()).with(LevelFilter::TRACE);
    tracing::subscriber::set_global_default(registry).unwrap();
    let observer = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider()).build().unwrap();
    tracing::info_span!("outer").in_scope(|| {
        for round in 0..5 {
            // A failing export causes more log events than a successful one.
            collector.behave(if round % 2 == 0 { Behaviour::Accept } else { Behaviour::Unavailable });
            observer.chat(MODEL).start().complete();
            let _ = pipeline.flush(Duration::from_millis(400));
        }
    });
    collector.behave(Behaviour::Accept);
    pipeline.shutdown(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    let mut names: Vec<_> = seen.spans.iter().map(|span| span.item.name.as_str()).collect();
    names.retain(|name| *name != format!("chat {MODEL}"));
    // The collector runs in the same process, and its spans must not be exported either.
    assert_eq!(names, ["outer"]);
    assert_eq!(seen.spans.len(), 6);
    let others = seen.logs.iter().map(|log| log.scope.name.as_str()).filter(|scope| *scope != "llmobs");
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(seen.logs.len(), 5, "one event for each operation");
    let targets = targets.0.lock().unwrap();
    assert!(
        targets.contains("hyper_util") && targets.contains("llmobs"),
        "otherwise nothing had to be excluded: {targets:?}"
    );
}

/// A layer that stores the names of the crates that emitted an event.
#[derive(Clone, Default)]
struct TargetRecorder(std::sync::Arc<std::sync::Mutex<std::collections::BTreeSet<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for TargetRecorder {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let name = event.metadata().target().split("::").next().unwrap_or_default();
        self.0.lock().unwrap().insert(name.to_owned());
    }
}
