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

use crate::fixture::DURATION;

/// A body of given frames that reports a given size.
#[derive(Default)]
struct ScriptedBody {
    frames: VecDeque<Frame<Bytes>>,
    size_hint: SizeHint,
    /// If set, `is_end_stream` is true after the last frame; otherwise always false.
    reports_end: bool,
}

impl Body for ScriptedBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.frames.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.reports_end && self.frames.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        self.size_hint
    }
}

struct ScriptedService(Option<Response<ScriptedBody>>);

impl Service<Request<()>> for ScriptedService {
    type Response = Response<ScriptedBody>;
    type Error = Infallible;
    type Future = Ready<Result<Response<ScriptedBody>, Infallible>>;

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
fn call_through_layer(observer: &Observer, answer: Response<ScriptedBody>) -> ServerBody<ScriptedBody> {
    let mut service = ServerLayer::new(observer.clone()).layer(ScriptedService(Some(answer)));
    let future = service.call(Request::new(()));
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        Poll::Ready(Ok(response)) => response.into_body(),
        Poll::Pending => panic!("the answer is ready"),
    }
}

fn next_frame(body: &mut ServerBody<ScriptedBody>) -> Option<Frame<Bytes>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(frame) => frame.map(|frame| frame.unwrap_or_else(|never| match never {})),
        Poll::Pending => panic!("every frame is ready"),
    }
}

fn data_frame(text: &'static str) -> Frame<Bytes> {
    Frame::data(Bytes::from_static(text.as_bytes()))
}

fn ended_count(observer: &Observer) -> u64 {
    Readings::new(observer).histogram(DURATION, &[]).count
}

fn cancelled_count(observer: &Observer) -> u64 {
    Readings::new(observer).histogram(DURATION, &[("error.type", "cancelled")]).count
}

#[test]
fn the_length_and_the_end_that_a_body_reports_are_passed_on() {
    let observer = observer();
    let (mut size_hint, frames) = (SizeHint::new(), VecDeque::from([data_frame("ab")]));
    size_hint.set_lower(2);
    size_hint.set_upper(7);
    let answer = Response::new(ScriptedBody { frames, size_hint, reports_end: true });
    let mut body = call_through_layer(&observer, answer);
    assert_eq!((body.size_hint().lower(), body.size_hint().upper()), (2, Some(7)));
    assert!(!body.is_end_stream());
    assert_eq!(next_frame(&mut body).unwrap().into_data().unwrap(), "ab");
    assert!(body.is_end_stream());
    assert_eq!(ended_count(&observer), 1, "a caller that sees the end does not poll again");
    drop(body);
    assert_eq!((ended_count(&observer), cancelled_count(&observer)), (1, 0));
}

#[test]
fn trailers_are_passed_on() {
    let observer = observer();
    let trailers = HeaderMap::from_iter([(http::header::ETAG, HeaderValue::from_static("x"))]);
    let frames = VecDeque::from([data_frame("ab"), Frame::trailers(trailers.clone())]);
    let mut body = call_through_layer(&observer, Response::new(ScriptedBody { frames, ..ScriptedBody::default() }));
    assert!(next_frame(&mut body).unwrap().is_data());
    assert_eq!(next_frame(&mut body).unwrap().into_trailers().unwrap(), trailers);
    assert_eq!(ended_count(&observer), 0);
    assert!(next_frame(&mut body).is_none());
    assert_eq!(ended_count(&observer), 1);
    assert!(next_frame(&mut body).is_none(), "an end that is polled twice is counted once");
    assert_eq!(ended_count(&observer), 1);
}

#[test]
fn a_body_that_has_already_ended_ends_its_request_at_once() {
    let observer = observer();
    let body =
        call_through_layer(&observer, Response::new(ScriptedBody { reports_end: true, ..ScriptedBody::default() }));
    assert_eq!((ended_count(&observer), cancelled_count(&observer)), (1, 0));
    drop(body);
    assert_eq!(ended_count(&observer), 1);
}

#[test]
fn a_body_that_is_dropped_before_its_end_is_cancelled() {
    let observer = observer();
    let frames = VecDeque::from([data_frame("ab"), data_frame("cd")]);
    let mut body = call_through_layer(&observer, Response::new(ScriptedBody { frames, ..ScriptedBody::default() }));
    next_frame(&mut body);
    drop(body);
    assert_eq!((ended_count(&observer), cancelled_count(&observer)), (1, 1));
}

#[test]
fn an_empty_body_is_complete_although_it_was_never_polled() {
    let observer = observer();
    let body = call_through_layer(
        &observer,
        Response::new(ScriptedBody { size_hint: SizeHint::with_exact(0), ..ScriptedBody::default() }),
    );
    drop(body);
    assert_eq!((ended_count(&observer), cancelled_count(&observer)), (1, 0));
}

#[test]
fn an_exact_length_is_enough_to_know_the_end() {
    let observer = observer();
    let frames = VecDeque::from([data_frame("ab"), data_frame("cd")]);
    let size_hint = SizeHint::with_exact(4);
    let mut body = call_through_layer(&observer, Response::new(ScriptedBody { frames, size_hint, reports_end: false }));
    next_frame(&mut body);
    assert_eq!(ended_count(&observer), 0);
    next_frame(&mut body);
    assert_eq!((ended_count(&observer), cancelled_count(&observer)), (1, 0));
}

#[test]
fn a_future_that_is_dropped_before_the_answer_is_cancelled() {
    let observer = observer();
    let mut service = ServerLayer::new(observer.clone()).layer(ScriptedService(Some(Response::default())));
    let future = service.call(Request::new(()));
    assert_eq!(ended_count(&observer), 0);
    drop(future);
    assert_eq!((ended_count(&observer), cancelled_count(&observer)), (1, 1));
}

#[test]
fn a_service_that_returns_an_error_has_failed() {
    struct FailingService;

    impl Service<Request<()>> for FailingService {
        type Response = Response<ScriptedBody>;
        type Error = &'static str;
        type Future = Ready<Result<Response<ScriptedBody>, &'static str>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _: Request<()>) -> Self::Future {
            ready(Err("planned"))
        }
    }

    let observer = observer();
    let future = ServerLayer::new(observer.clone()).layer(FailingService).call(Request::new(()));
    let polled = std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Err("planned"))), "the error is passed on unchanged");
    assert_eq!(Readings::new(&observer).histogram(DURATION, &[("error.type", "_OTHER")]).count, 1);
}

#[test]
fn both_backends_have_the_same_series_and_the_status_is_a_number_in_opentelemetry() {
    use llmobs_tests::families::differences;
    let otel = llmobs_tests::otel_backend::OtelBackend::new();
    let observer = Observer::builder().model("m").meter_provider(&otel.provider).build().unwrap();
    drop(call_through_layer(&observer, Response::new(ScriptedBody { reports_end: true, ..ScriptedBody::default() })));
    let open = call_through_layer(
        &observer,
        Response::new(ScriptedBody { frames: [data_frame("ab")].into(), ..ScriptedBody::default() }),
    );
    let found = differences(&otel.families(), &llmobs_tests::prometheus_page::families(&observer));
    assert!(found.is_empty(), "{found:?}");
    let status = otel.attribute_values("http.server.request.duration", "http.response.status_code");
    assert_eq!(status, [opentelemetry::Value::I64(200)]);
    drop(open);
    let found = differences(&otel.families(), &llmobs_tests::prometheus_page::families(&observer));
    assert!(found.is_empty(), "{found:?}");
}
