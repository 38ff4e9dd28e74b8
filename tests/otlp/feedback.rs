//! Telemetry about the export itself is not exported. Otherwise each export would create more telemetry to export.

use std::time::Duration;

use llmobs::Observer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::kit::BOTH;
use crate::kit::MODEL;
use crate::kit::MOMENT;
use crate::kit::to;
use crate::support::collector::Behaviour;
use crate::support::collector::Collector;

/// Each protocol runs in a separate process: events of the pipeline's thread reach only a global subscriber.
#[test]
fn a_pipeline_that_hears_everything_exports_nothing_of_its_own() {
    let name = "feedback::the_pipeline_of_a_process_of_its_own";
    let test = std::env::current_exe().unwrap();
    for protocol in BOTH {
        let mut child = std::process::Command::new(&test);
        let child = child.args([name, "--exact", "--nocapture"]).env(ALONE, protocol.as_str());
        let ended = child.output().unwrap();
        let said = String::from_utf8_lossy(&ended.stderr).into_owned() + &String::from_utf8_lossy(&ended.stdout);
        assert!(ended.status.success() && said.contains("1 passed"), "{said}");
    }
}

/// The environment variable that makes a process run the test. Its value is the protocol.
const ALONE: &str = "LLMOBS_TEST_ALONE";

#[test]
fn the_pipeline_of_a_process_of_its_own() {
    let protocol = std::env::var(ALONE).unwrap_or_default();
    let Some(protocol) = BOTH.into_iter().find(|known| known.as_str() == protocol) else { return };
    let collector = Collector::start();
    let settings = to(collector.endpoint(), protocol).metrics_interval(Duration::from_millis(50));
    let pipeline = settings.build().unwrap();
    let heard = Heard::default();
    let registry = tracing_subscriber::registry().with(pipeline.layer()).with(heard.clone()).with(LevelFilter::TRACE);
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
    pipeline.shutdown(MOMENT).unwrap();
    let seen = collector.inbox().seen();
    let mut names: Vec<_> = seen.spans.iter().map(|span| span.item.name.as_str()).collect();
    names.retain(|name| *name != format!("chat {MODEL}"));
    // The collector runs in the same process, and its spans must not be exported either.
    assert_eq!(names, ["outer"]);
    assert_eq!(seen.spans.len(), 6);
    let others = seen.logs.iter().map(|log| log.scope.name.as_str()).filter(|scope| *scope != "llmobs");
    assert_eq!(others.collect::<Vec<_>>(), [""; 0]);
    assert_eq!(seen.logs.len(), 5, "one event for each operation");
    let heard = heard.0.lock().unwrap();
    assert!(heard.contains("hyper_util") && heard.contains("llmobs"), "else there was nothing to keep out: {heard:?}");
}

/// A layer that stores the names of the crates that emitted an event.
#[derive(Clone, Default)]
struct Heard(std::sync::Arc<std::sync::Mutex<std::collections::BTreeSet<String>>>);

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Heard {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        let name = event.metadata().target().split("::").next().unwrap_or_default();
        self.0.lock().unwrap().insert(name.to_owned());
    }
}
