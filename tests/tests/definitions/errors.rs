//! Error types: a closed list, and an error text that is not exported by default.

use std::error::Error;
use std::fmt;
use std::io;

use llmobs::Content;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Objective;
use llmobs::semconv::value::Outcome;
use llmobs::semconv::value::QueueExit;

use crate::fixture::Fixture;

#[test]
fn error_types_are_a_closed_list() {
    let mut types: Vec<_> = ErrorType::ALL.iter().map(|error| error.as_str()).collect();
    types.sort_unstable();
    let expected = [
        "_OTHER",
        "authentication",
        "budget_exceeded",
        "cancelled",
        "content_filter",
        "inference",
        "internal",
        "invalid_request",
        "out_of_memory",
        "overloaded",
        "rate_limited",
        "shutdown",
        "timeout",
        "tool",
        "upstream",
    ];
    assert_eq!(types, expected);
    let outcomes: Vec<_> = Outcome::ALL.iter().map(|outcome| outcome.as_str()).collect();
    assert_eq!(outcomes, ["completed", "failed", "cancelled", "rejected"]);
    let exits: Vec<_> = QueueExit::ALL.iter().map(|exit| exit.as_str()).collect();
    assert_eq!(exits, ["scheduled", "cancelled", "timeout", "shed"]);
}

#[test]
fn a_classifier_maps_statuses_provider_bodies_and_engine_messages_to_it() {
    for (status, expected) in [
        (200, None),
        (400, Some(ErrorType::InvalidRequest)),
        (401, Some(ErrorType::Authentication)),
        (429, Some(ErrorType::RateLimited)),
        (499, Some(ErrorType::Cancelled)),
        (500, Some(ErrorType::Upstream)),
        (503, Some(ErrorType::Overloaded)),
        (504, Some(ErrorType::Timeout)),
    ] {
        assert_eq!(ErrorType::from_http_status(status), expected, "{status}");
    }
    for (text, expected) in [
        (r#"{"error":{"type":"rate_limit_error"}}"#, Some(ErrorType::RateLimited)),
        (r#"{"error":{"code":"content_filter"}}"#, Some(ErrorType::ContentFilter)),
        ("CUDA out of memory. Tried to allocate 2.50 GiB", Some(ErrorType::OutOfMemory)),
        ("CUDA error: an illegal memory access was encountered", Some(ErrorType::Inference)),
        ("nobody knows", None),
    ] {
        assert_eq!(ErrorType::from_text(text), expected, "{text}");
    }
}

/// An error around another one, as web frameworks wrap the errors of a server.
#[derive(Debug)]
struct Wrapped(io::Error);

impl fmt::Display for Wrapped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body cannot be read")
    }
}

impl Error for Wrapped {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.0)
    }
}

#[test]
fn a_request_whose_body_breaks_off_is_cancelled_and_one_with_an_invalid_body_is_not() {
    for (kind, expected) in [
        (io::ErrorKind::UnexpectedEof, ErrorType::Cancelled),
        (io::ErrorKind::ConnectionReset, ErrorType::Cancelled),
        (io::ErrorKind::ConnectionAborted, ErrorType::Cancelled),
        (io::ErrorKind::BrokenPipe, ErrorType::Cancelled),
        (io::ErrorKind::InvalidData, ErrorType::InvalidRequest),
        (io::ErrorKind::InvalidInput, ErrorType::InvalidRequest),
        (io::ErrorKind::TimedOut, ErrorType::InvalidRequest),
    ] {
        assert_eq!(ErrorType::from_request_body_error(&io::Error::from(kind)), expected, "{kind}");
        assert_eq!(ErrorType::from_request_body_error(&Wrapped(kind.into())), expected, "{kind}, wrapped");
    }
    assert_eq!(ErrorType::from_request_body_error(&fmt::Error), ErrorType::InvalidRequest);
}

#[test]
fn client_errors_never_spend_an_error_budget() {
    for error in ErrorType::ALL {
        let fixture = Fixture::with(|builder| builder.objective(Objective::new("available")));
        fixture.chat().reject(*error);
        fixture.chat().fail(*error);
        let spent = fixture.count("llmobs.objective.events", &[("llmobs.objective.result", "bad")]);
        let is_fault = matches!(error, ErrorType::InvalidRequest | ErrorType::Authentication);
        assert_eq!(spent, if is_fault { 0 } else { 2 }, "{error}");
        assert_eq!(fixture.ended_count("rejected"), 1, "the operation is counted too");
    }
}

#[test]
fn the_text_of_an_error_is_never_exported() {
    let fixture = Fixture::new();
    let canary = "the prompt said hunter2";
    let failure = Failure::new(ErrorType::Upstream).message(canary);
    assert!(!format!("{failure:?}").contains("hunter2"));
    assert_eq!(failure.message_content(), Some(&Content::from(canary)), "the text is stored, and sealed");
    let operation = fixture.chat();
    assert!(!format!("{operation:?} {:?} {:?}", fixture.observer, operation.marker()).contains("hunter2"));
    operation.fail(failure);
    assert!(!format!("{:?}", fixture.observer).contains("hunter2"));
    for accept in [None, Some("application/openmetrics-text; version=1.0.0")] {
        let page = llmobs::prometheus::page(&fixture.observer, accept).body;
        assert!(page.contains("upstream") && !page.contains("hunter2"));
    }
}
