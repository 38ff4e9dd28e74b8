//! Content in events: the details of the operation, and the text of the error.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use tracing::Level;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

use crate::LEAVES;
use crate::call;
use crate::heard::Ear;
use crate::kit::MODEL;

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
fn the_details_are_written_where_events_have_content_and_carry_it() {
    for (mode, expected) in MODES {
        let (ear, _guard) = Ear::listen();
        call(&observer(mode));
        let details = ear.named(DETAILS);
        assert_eq!(details.len(), usize::from(expected), "{mode:?}");
        for details in details {
            assert_eq!(details.level, Level::DEBUG);
            for (name, json) in LEAVES {
                assert_eq!(details.fields[name], json, "{name}, {mode:?}");
            }
        }
    }
}

#[test]
fn no_other_event_has_content() {
    let (ear, _guard) = Ear::listen();
    call(&observer(ContentCapture::SpansAndEvents));
    let complete = ear.only("llm_request_complete");
    assert!(LEAVES.iter().all(|(name, _)| !complete.fields.contains_key(*name)));
    assert!(!format!("{complete:?}").contains("Hello"));
}

#[test]
fn who_asks_for_content_and_filters_it_out_is_told() {
    let ear = Ear::default();
    let registry = tracing_subscriber::registry().with(ear.clone()).with(LevelFilter::INFO);
    tracing::subscriber::with_default(registry, || {
        let observer = observer(ContentCapture::Events);
        call(&observer);
        call(&observer);
    });
    assert!(ear.named(DETAILS).is_empty());
    let told: Vec<_> = ear.all().into_iter().filter(|heard| heard.level == Level::WARN).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].fields["message"].as_str().unwrap().contains("llmobs::content=debug"));
}

#[test]
fn an_error_says_its_text_only_where_events_have_content() {
    for (mode, expected) in MODES {
        let (ear, _guard) = Ear::listen();
        let observer = observer(mode);
        let failure = Failure::new(ErrorType::Upstream).message("no route to jane@example.org");
        observer.chat(MODEL).start().fail(failure);
        let exception = ear.only(EXCEPTION);
        assert_eq!(exception.fields["exception.type"], "upstream");
        let message = exception.fields.get("exception.message").and_then(|text| text.as_str());
        assert_eq!(message, expected.then_some("no route to [EMAIL]"), "{mode:?}");
        assert!(!observer.recent_operations().contains("route"), "the flight recorder has no content");
    }
}
