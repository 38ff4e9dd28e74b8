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
use llmobs::llm_span;
use llmobs::tower::axum::sse;

use super::kit::MODEL;
use super::kit::World;
use super::kit::now;

const FRAMES: [&str; 4] = [
    "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hel\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"lo\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n",
];

fn frames() -> Body {
    Body::from_stream(stream::iter(FRAMES.map(Ok::<_, Infallible>)))
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

fn read(response: Response) -> String {
    assert_eq!(response.headers()["x-kept"], "yes");
    text(response.into_body())
}

fn text(body: Body) -> String {
    String::from_utf8(now(body.collect()).unwrap().to_bytes().to_vec()).unwrap()
}

#[test]
fn a_body_passes_untouched_and_its_tokens_are_read() {
    let answers: [fn(&Observer) -> String; 4] = [
        |observer| read(now(opaque(observer)).into_response()),
        |observer| read(now(response(observer))),
        |observer| read(now(result(observer, true)).unwrap()),
        |observer| text(body(observer)),
    ];
    for answer in answers {
        let world = World::new();
        assert_eq!(answer(&world.observer), FRAMES.concat());
        assert_eq!(world.end(), "completed");
        let readings = world.readings();
        assert_eq!(readings.count("llmobs.operation.ended", &[("llmobs.finish_reason", "length")]), 1);
        assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "input")]), 9);
        assert_eq!(readings.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]), 2);
    }
}

#[test]
fn a_body_that_is_dropped_early_is_cancelled() {
    let world = World::new();
    let mut body = now(response(&world.observer)).into_body();
    now(body.frame()).unwrap().unwrap();
    assert_eq!(world.observer.in_flight().len(), 1);
    drop(body);
    assert_eq!(world.end(), "cancelled");
}

#[test]
fn an_error_before_the_answer_and_an_errors_status_end_it_at_once() {
    let world = World::new();
    assert!(now(result(&world.observer, false)).is_err());
    assert_eq!(world.end(), "rejected/overloaded");
    for (status, end) in [
        (StatusCode::INTERNAL_SERVER_ERROR, "failed/internal"),
        (StatusCode::TOO_MANY_REQUESTS, "rejected/rate_limited"),
        (StatusCode::GATEWAY_TIMEOUT, "failed/timeout"),
    ] {
        #[llm_span(chat, observer = observer, model = MODEL, stream)]
        async fn refuses(observer: &Observer, status: StatusCode) -> impl IntoResponse + use<> {
            (status, "no")
        }
        let world = World::new();
        let response = now(refuses(&world.observer, status)).into_response();
        assert_eq!(world.end(), end);
        assert_eq!(text(response.into_body()), "no");
    }
}

#[test]
fn a_body_keeps_its_length_and_one_that_is_read_by_it_is_complete() {
    #[llm_span(chat, observer = observer, model = MODEL, stream, tokens = words)]
    async fn whole(observer: &Observer) -> Response {
        "one two three".into_response()
    }
    fn words(bytes: &Bytes) -> u32 {
        u32::try_from(bytes.split(|byte| *byte == b' ').count()).unwrap()
    }
    let world = World::new();
    let mut body = now(whole(&world.observer)).into_body();
    assert_eq!(body.size_hint().exact(), Some(13));
    assert!(!body.is_end_stream());
    now(body.frame()).unwrap().unwrap();
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
    drop(body);
    assert_eq!(world.end(), "completed");
    assert_eq!(world.readings().count("llmobs.token.processed", &[("llmobs.token.kind", "text")]), 3);
}

#[test]
fn nobody_watches_with_a_disabled_observer() {
    assert_eq!(read(now(response(&Observer::disabled()))), FRAMES.concat());
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
async fn kept_alive(observer: &Observer) -> impl IntoResponse + use<> {
    let tokens = stream::iter(["Hel", "lo"]);
    sse(call.take(), tokens, |token| Ok::<_, Infallible>((Chunk::tokens(1), Event::default().data(token))))
        .keep_alive(KeepAlive::default())
}

#[test]
fn server_sent_events_of_the_helper_end_the_operation_that_they_took() {
    let world = World::new();
    let answer = now(events(&world.observer, true)).unwrap().into_response();
    assert_eq!(world.observer.in_flight().len(), 1);
    assert_eq!(text(answer.into_body()), "data: Hel\n\ndata: lo\n\n");
    assert_eq!(world.end(), "completed");
    assert_eq!(world.readings().count("llmobs.token.processed", &[("llmobs.token.kind", "text")]), 2);

    let world = World::new();
    assert!(now(events(&world.observer, false)).is_err());
    assert_eq!(world.end(), "rejected/invalid_request");

    let clock = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let _clock = clock.enter();
    let world = World::new();
    let answer = now(kept_alive(&world.observer)).into_response();
    drop(answer);
    assert_eq!(world.end(), "cancelled");
}
