//! Content in events: the details of the operation, and the text of the error.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use super::EXPORTED_CONTENT;
use super::run_call;
use llmobs_tests::event_recorder::EventRecorder;
use llmobs_tests::tracing_backend::MODEL;

const DETAILS: &str = "gen_ai.client.inference.operation.details";
const EXCEPTION: &str = "gen_ai.client.operation.exception";

fn observer(mode: ContentCapture) -> Observer {
    Observer::builder().model(MODEL).capture(mode).build().unwrap()
}

const MODES: [(ContentCapture, bool); 5] = [
    (ContentCapture::Off, false),
    (ContentCapture::Spans, false),
    (ContentCapture::Events, true),
    (ContentCapture::SpansAndEvents, true),
    (ContentCapture::Hook, false),
];

#[test]
fn the_details_event_is_emitted_where_events_have_content() {
    for (mode, expected) in MODES {
        let (recorder, _guard) = EventRecorder::install();
        run_call(&observer(mode));
        let details = recorder.events_named(DETAILS);
        assert_eq!(details.len(), usize::from(expected), "{mode:?}");
        for details in details {
            assert_eq!(details.level, Level::DEBUG);
            for (name, json) in EXPORTED_CONTENT {
                assert_eq!(details.fields[name], json, "{name}, {mode:?}");
            }
        }
    }
}

#[test]
fn no_other_event_has_content() {
    let (recorder, _guard) = EventRecorder::install();
    run_call(&observer(ContentCapture::SpansAndEvents));
    let complete = recorder.only_event("llm_request_complete");
    assert!(EXPORTED_CONTENT.iter().all(|(name, _)| !complete.fields.contains_key(*name)));
    assert!(!format!("{complete:?}").contains("Hello"));
}

#[test]
fn a_filter_that_hides_captured_content_is_warned_about_once() {
    let recorder = EventRecorder::default();
    let registry = tracing_subscriber::registry().with(recorder.clone()).with(LevelFilter::INFO);
    tracing::subscriber::with_default(registry, || {
        let observer = observer(ContentCapture::Events);
        run_call(&observer);
        run_call(&observer);
    });
    assert!(recorder.events_named(DETAILS).is_empty());
    let warnings: Vec<_> = recorder.events().into_iter().filter(|event| event.level == Level::WARN).collect();
    let messages = warnings.iter().filter_map(|event| event.fields["message"].as_str());
    assert_eq!(messages.filter(|message| message.contains("llmobs::content=debug")).count(), 1, "{warnings:?}");
}

#[test]
fn an_exception_has_its_error_text_only_where_events_have_content() {
    for (mode, expected) in MODES {
        let (recorder, _guard) = EventRecorder::install();
        let observer = observer(mode);
        let failure = Failure::new(ErrorType::Upstream).message("no route to jane@example.org");
        observer.chat(MODEL).start().fail(failure);
        let exception = recorder.only_event(EXCEPTION);
        assert_eq!(exception.fields["exception.type"], "upstream");
        let message = exception.fields.get("exception.message").and_then(|text| text.as_str());
        assert_eq!(message, expected.then_some("no route to [EMAIL]"), "{mode:?}");
        assert!(!observer.recent_operations().contains("route"), "the flight recorder has no content");
    }
}
