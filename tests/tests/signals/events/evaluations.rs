//! Events of evaluations and user feedback.

use llmobs::Observer;
use llmobs::operation::Evaluation;
use llmobs::testing::Readings;
use serde_json::json;

use llmobs_tests::event_recorder::EventRecorder;

const EVALUATION_RESULT: &str = "gen_ai.evaluation.result";

#[test]
fn feedback_is_an_event_and_is_counted_if_it_was_declared() {
    let (recorder, _guard) = EventRecorder::install();
    let observer = Observer::builder().model("m").evaluation("feedback", ["up", "down"]).build().unwrap();
    let operation = observer.chat("m").start();
    operation.marker().response_id("resp_1");
    let marker = operation.marker().clone();
    operation.feedback(0.5);
    operation.complete();
    marker.feedback(Evaluation::new("feedback").label("up"));
    observer.record_evaluation("resp_1", Evaluation::new("feedback").label("down").score(0.0));
    observer.record_evaluation("resp_forgotten", Evaluation::new("feedback").label("sideways"));
    let events = recorder.events_named(EVALUATION_RESULT);
    assert_eq!(events.len(), 4);
    assert_eq!(events[0].fields["gen_ai.evaluation.score.value"], json!(0.5));
    assert_eq!(events[1].fields["gen_ai.evaluation.score.label"], json!("up"));
    assert_eq!(events[2].fields["gen_ai.response.id"], json!("resp_1"));
    assert!(events.iter().all(|event| event.fields["gen_ai.evaluation.name"] == "feedback"));
    let readings = Readings::new(&observer);
    for label in ["up", "down"] {
        let labels = [("gen_ai.request.model", "m"), ("gen_ai.evaluation.score.label", label)];
        assert_eq!(readings.value("llmobs.evaluation.results", &labels), 1.0, "{label}");
    }
    let folded = [("llmobs.label", "gen_ai.evaluation.name")];
    assert_eq!(readings.value("llmobs.self.folded_labels", &folded), 1.0);
}

#[test]
fn a_later_evaluation_is_in_the_trace_of_its_answer() {
    use opentelemetry::trace::TracerProvider;
    use tracing_subscriber::layer::SubscriberExt;
    let provider = opentelemetry_sdk::trace::SdkTracerProvider::builder().build();
    let recorder = EventRecorder::default();
    let layers = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with(recorder.clone())
        .with(TraceIdLayer);
    llmobs_tests::callsites::ask_every_subscriber();
    let _guard = tracing::subscriber::set_default(layers);
    let observer = Observer::builder().model("m").build().unwrap();
    let operation = observer.chat("m").start();
    operation.marker().response_id("resp_1");
    operation.complete();
    let trace = recorder.only_event("llm_request_complete").fields["trace_id"].as_str().unwrap().to_owned();
    observer.record_evaluation("resp_1", 1.0);
    assert_eq!(SEEN.with(|seen| seen.borrow().clone()), [trace.clone(), trace]);
}

std::thread_local! {
    static SEEN: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// A layer that stores the current trace at each event, as a bridge to OpenTelemetry logs would.
struct TraceIdLayer;

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for TraceIdLayer {
    fn on_event(&self, event: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        use opentelemetry::trace::TraceContextExt;
        if event.metadata().target() == "llmobs"
            && ["llm_request_complete", EVALUATION_RESULT].contains(&event.metadata().name())
        {
            let trace = opentelemetry::Context::map_current(|context| context.span().span_context().trace_id());
            SEEN.with(|seen| seen.borrow_mut().push(trace.to_string()));
        }
    }
}
