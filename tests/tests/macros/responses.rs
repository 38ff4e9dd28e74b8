//! Axum handlers: the body of the answer carries the operation.

use std::convert::Infallible;

use axum::body::Body;
use axum::body::HttpBody;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::response::sse::KeepAlive;
use bytes::Bytes;
use futures_util::Stream;
use futures_util::stream;
use http_body_util::BodyExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::llm_span;
use llmobs::tower::axum::sse;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;

const SSE_FRAMES: [&str; 4] = [
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
];

fn frames() -> Body {
    Body::from_stream(stream::iter(SSE_FRAMES.map(Ok::<_, Infallible>)))
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
async fn opaque(observer: &Observer) -> impl IntoResponse + use<> {
    ([("x-kept", "yes")], frames())
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
async fn response(observer: &Observer) -> Response {
    ([("x-kept", "yes")], frames()).into_response()
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
async fn result(observer: &Observer, ok: bool) -> Result<Response, ErrorType> {
    if ok { Ok(([("x-kept", "yes")], frames()).into_response()) } else { Err(ErrorType::Overloaded) }
}

#[llm_span(chat, observer = observer, model = MODEL, stream)]
fn body(observer: &Observer) -> Body {
    frames()
}

fn checked_body_text(response: Response) -> String {
    assert_eq!(response.headers()["x-kept"], "yes");
    text(response.into_body())
}

fn text(body: Body) -> String {
    String::from_utf8(block_on_ready(body.collect()).unwrap().to_bytes().to_vec()).unwrap()
}

#[test]
fn a_body_passes_unchanged_and_its_tokens_are_decoded() {
    let answers: [fn(&Observer) -> String; 4] = [
        |observer| checked_body_text(block_on_ready(opaque(observer)).into_response()),
        |observer| checked_body_text(block_on_ready(response(observer))),
        |observer| checked_body_text(block_on_ready(result(observer, true)).unwrap()),
        |observer| text(body(observer)),
    ];
    for answer in answers {
        let fixture = Fixture::new();
        assert_eq!(answer(&fixture.observer), SSE_FRAMES.concat());
        assert_eq!(fixture.only_end(), "completed");
        let metrics = fixture.metrics();
        assert_eq!(metrics.count("llmobs.operation.ended", &[("llmobs.finish_reason", "length")]), 1);
        assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "input")]), 9);
        assert_eq!(metrics.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 2);
    }
}

#[test]
fn a_body_that_is_dropped_early_is_cancelled() {
    let fixture = Fixture::new();
    let mut body = block_on_ready(response(&fixture.observer)).into_body();
    block_on_ready(body.frame()).unwrap().unwrap();
    assert_eq!(fixture.observer.in_flight().len(), 1);
    drop(body);
    assert_eq!(fixture.only_end(), "cancelled");
}

#[test]
fn an_error_before_the_response_and_an_error_status_end_the_operation_at_once() {
    let fixture = Fixture::new();
    assert!(block_on_ready(result(&fixture.observer, false)).is_err());
    assert_eq!(fixture.only_end(), "rejected/overloaded");
    for (status, expected) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "failed/internal"),
        (StatusCode::TOO_MANY_REQUESTS, "rejected/rate_limited"),
        (StatusCode::GATEWAY_TIMEOUT, "failed/timeout"),
    ] {
        #[llm_span(chat, observer = observer, model = MODEL, stream)]
        async fn refuses(observer: &Observer, status: StatusCode) -> impl IntoResponse + use<> {
            (status, "no")
        }
        let fixture = Fixture::new();
        let response = block_on_ready(refuses(&fixture.observer, status)).into_response();
        assert_eq!(fixture.only_end(), expected);
        assert_eq!(text(response.into_body()), "no");
    }
}

#[test]
fn a_body_keeps_its_length_and_one_read_to_its_length_is_completed() {
    #[llm_span(chat, observer = observer, model = MODEL, stream, tokens = count_words)]
    async fn complete(observer: &Observer) -> Response {
        "one two three".into_response()
    }
    fn count_words(bytes: &Bytes) -> u32 {
        u32::try_from(bytes.split(|byte| *byte == b' ').count()).unwrap()
    }
    let fixture = Fixture::new();
    let mut body = block_on_ready(complete(&fixture.observer)).into_body();
    assert_eq!(body.size_hint().exact(), Some(13));
    assert!(!body.is_end_stream());
    block_on_ready(body.frame()).unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
    drop(body);
    assert_eq!(fixture.only_end(), "completed");
    assert_eq!(fixture.metrics().count("llmobs.token.processed", &[("llmobs.token.kind", "text")]), 3);
}

#[test]
fn a_body_of_a_gateway_needs_a_finish_reason_or_the_argument_without_finish_reason() {
    fn count(_: &Bytes) -> u32 {
        1
    }
    #[llm_span(chat, observer = observer, model = MODEL, stream, tokens = count)]
    fn needs_one(observer: &Observer) -> Body {
        frames()
    }
    #[llm_span(chat, observer = observer, model = MODEL, stream, tokens = count, without_finish_reason)]
    async fn needs_none(observer: &Observer) -> Response {
        frames().into_response()
    }
    let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
    assert_eq!(text(needs_one(&fixture.observer)), SSE_FRAMES.concat());
    assert_eq!(fixture.only_end(), "failed/upstream");
    let fixture = Fixture::with(|builder| builder.role(Role::Gateway));
    assert_eq!(text(block_on_ready(needs_none(&fixture.observer)).into_body()), SSE_FRAMES.concat());
    assert_eq!(fixture.only_end(), "completed");
}

#[test]
fn a_disabled_observer_passes_the_body_unchanged() {
    assert_eq!(checked_body_text(block_on_ready(response(&Observer::disabled()))), SSE_FRAMES.concat());
}

#[llm_span(chat, observer = observer, model = MODEL, stream, handle = call)]
async fn events(
    observer: &Observer,
    ok: bool,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>, ErrorType> {
    if !ok {
        return Err(ErrorType::InvalidRequest);
    }
    let tokens = stream::iter(["Hel", "lo"]);
    Ok(sse(call.take(), tokens, |token| Ok((Chunk::tokens(1), Event::default().data(token)))))
}

#[llm_span(chat, observer = observer, model = MODEL, stream, handle = call)]
async fn with_keep_alive(observer: &Observer) -> impl IntoResponse + use<> {
    let tokens = stream::iter(["Hel", "lo"]);
    sse(call.take(), tokens, |token| Ok::<_, Infallible>((Chunk::tokens(1), Event::default().data(token))))
        .keep_alive(KeepAlive::default())
}

#[test]
fn server_sent_events_of_the_helper_end_the_operation_that_they_took() {
    let fixture = Fixture::new();
    let answer = block_on_ready(events(&fixture.observer, true)).unwrap().into_response();
    assert_eq!(fixture.observer.in_flight().len(), 1);
    assert_eq!(text(answer.into_body()), "data: Hel\n\ndata: lo\n\n");
    assert_eq!(fixture.only_end(), "completed");
    assert_eq!(fixture.metrics().count("llmobs.token.processed", &[("llmobs.token.kind", "text")]), 2);

    let fixture = Fixture::new();
    assert!(block_on_ready(events(&fixture.observer, false)).is_err());
    assert_eq!(fixture.only_end(), "rejected/invalid_request");

    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _guard = runtime.enter();
    let fixture = Fixture::new();
    let answer = block_on_ready(with_keep_alive(&fixture.observer)).into_response();
    drop(answer);
    assert_eq!(fixture.only_end(), "cancelled");
}
