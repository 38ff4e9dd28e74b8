//! The layer passes the body unchanged: its length, its end, its frames, its trailers.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::future::Ready;
use std::future::ready;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bytes::Bytes;
use http::HeaderMap;
use http::HeaderValue;
use http::Request;
use http::Response;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use llmobs::Observer;
use llmobs::testing::Readings;
use llmobs::tower::ServerBody;
use llmobs::tower::ServerLayer;
use tower_layer::Layer;
use tower_service::Service;

use crate::kit::DURATION;

/// A body of given frames that reports a given size.
#[derive(Default)]
struct Script {
    frames: VecDeque<Frame<Bytes>>,
    size: SizeHint,
    /// If set, `is_end_stream` is true after the last frame; otherwise always false.
    knows_its_end: bool,
}

impl Body for Script {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.frames.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.knows_its_end && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.size
    }
}

struct Answer(Option<Response<Script>>);

impl Service<Request<()>> for Answer {
    type Response = Response<Script>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Script>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.0.take().expect("one request")))
    }
}

fn observer() -> Observer {
    Observer::builder().model("m").build().unwrap()
}

/// Returns the body of an answer that passed through the layer.
fn through(observer: &Observer, answer: Response<Script>) -> ServerBody<Script> {
    let mut service = ServerLayer::new(observer.clone()).layer(Answer(Some(answer)));
    let future = service.call(Request::new(()));
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        Poll::Ready(Ok(response)) => response.into_body(),
        Poll::Pending => panic!("the answer is there"),
    }
}

fn next(body: &mut ServerBody<Script>) -> Option<Frame<Bytes>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.map(|frame| frame.unwrap_or_else(|never| match never {})),
        Poll::Pending => panic!("every frame is there"),
    }
}

fn data(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn ended(observer: &Observer) -> u64 {
    Readings::of(observer).histogram(DURATION, &[]).count
}

fn cancelled(observer: &Observer) -> u64 {
    Readings::of(observer).histogram(DURATION, &[("error.type", "cancelled")]).count
}

#[test]
fn what_a_body_says_of_its_length_and_its_end_is_passed_on() {
    let observer = observer();
    let (mut size, frames) = (SizeHint::new(), VecDeque::from([data("ab")]));
    size.set_lower(2);
    size.set_upper(7);
    let answer = Response::new(Script { frames, size, knows_its_end: true });
    let mut body = through(&observer, answer);
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (2, Some(7)));
    assert!(!body.is_end_stream());
    assert_eq!(next(&mut body).unwrap().into_data().unwrap(), "ab");
    assert!(body.is_end_stream());
    assert_eq!(ended(&observer), 1, "who is told of the end does not come back for it");
    drop(body);
    assert_eq!((ended(&observer), cancelled(&observer)), (1, 0));
}

#[test]
fn trailers_are_passed_on() {
    let observer = observer();
    let trailers = HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("x"))]);
    let frames = VecDeque::from([data("ab"), Frame::trailers(trailers.clone())]);
    let mut body = through(&observer, Response::new(Script { frames, ..Script::default() }));
    assert!(next(&mut body).unwrap().is_data());
    assert_eq!(next(&mut body).unwrap().into_trailers().unwrap(), trailers);
    assert_eq!(ended(&observer), 0);
    assert!(next(&mut body).is_none());
    assert_eq!(ended(&observer), 1);
    assert!(next(&mut body).is_none(), "an end that is asked for twice is counted once");
    assert_eq!(ended(&observer), 1);
}

#[test]
fn a_body_that_is_over_when_it_comes_ends_at_once() {
    let observer = observer();
    let body = through(&observer, Response::new(Script { knows_its_end: true, ..Script::default() }));
    assert_eq!((ended(&observer), cancelled(&observer)), (1, 0));
    drop(body);
    assert_eq!(ended(&observer), 1);
}

#[test]
fn a_body_that_is_dropped_before_its_end_is_cancelled() {
    let observer = observer();
    let frames = VecDeque::from([data("ab"), data("cd")]);
    let mut body = through(&observer, Response::new(Script { frames, ..Script::default() }));
    next(&mut body);
    drop(body);
    assert_eq!((ended(&observer), cancelled(&observer)), (1, 1));
}

#[test]
fn a_body_that_says_it_is_empty_is_whole_though_nobody_polled_it() {
    let observer = observer();
    let body = through(&observer, Response::new(Script { size: SizeHint::with_exact(0), ..Script::default() }));
    drop(body);
    assert_eq!((ended(&observer), cancelled(&observer)), (1, 0));
}

#[test]
fn an_exact_length_is_enough_to_know_the_end() {
    let observer = observer();
    let frames = VecDeque::from([data("ab"), data("cd")]);
    let size = SizeHint::with_exact(4);
    let mut body = through(&observer, Response::new(Script { frames, size, knows_its_end: false }));
    next(&mut body);
    assert_eq!(ended(&observer), 0);
    next(&mut body);
    assert_eq!((ended(&observer), cancelled(&observer)), (1, 0));
}

#[test]
fn a_future_that_is_dropped_before_the_answer_is_cancelled() {
    let observer = observer();
    let mut service = ServerLayer::new(observer.clone()).layer(Answer(Some(Response::default())));
    let future = service.call(Request::new(()));
    assert_eq!(ended(&observer), 0);
    drop(future);
    assert_eq!((ended(&observer), cancelled(&observer)), (1, 1));
}

#[test]
fn a_service_that_gives_an_error_instead_of_an_answer_has_failed() {
    struct Broken;

    impl Service<Request<()>> for Broken {
        type Response = Response<Script>;
        type Error = &'static str;
        type Future = Ready<Result<Response<Script>, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready(Err("planned"))
        }
    }

    let observer = observer();
    let future = ServerLayer::new(observer.clone()).layer(Broken).call(Request::new(()));
    let polled = std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Err("planned"))), "the error passes as it is");
    assert_eq!(Readings::of(&observer).histogram(DURATION, &[("error.type", "_OTHER")]).count, 1);
}

#[test]
fn both_backends_hold_the_same_and_the_status_is_a_number_to_opentelemetry() {
    use crate::support::families::differences;
    let otel = crate::support::otel::Otel::new();
    let observer = Observer::builder().model("m").meter_provider(&otel.provider).build().unwrap();
    drop(through(&observer, Response::new(Script { knows_its_end: true, ..Script::default() })));
    let open = through(&observer, Response::new(Script { frames: [data("ab")].into(), ..Script::default() }));
    let found = differences(&otel.families(), &crate::support::page::families(&observer));
    assert!(found.is_empty(), "{found:?}");
    let status = otel.attribute("http.server.request.duration", "http.response.status_code");
    assert_eq!(status, [opentelemetry::Value::I64(200)]);
    drop(open);
    let found = differences(&otel.families(), &crate::support::page::families(&observer));
    assert!(found.is_empty(), "{found:?}");
}
