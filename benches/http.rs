//! Measures the cost of the server layer for a request and for each frame of its body.

use std::convert::Infallible;
use std::future::Future;
use std::future::Ready;
use std::future::ready;
use std::hint::black_box;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::Request;
use http::Response;
use http_body::Body;
use http_body::Frame;
use llmobs::Observer;
use llmobs::tower::ServerLayer;
use llmobs_benches::Contest;
use llmobs_benches::timed;
use opentelemetry::propagation::Extractor;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tower_layer::Layer;
use tower_service::Service;
use tracing::field::Empty;

use self::carried::Nowhere;
use self::carried::carried;
use self::carried::carrying;

#[path = "support/carried.rs"]
mod carried;

const BARE: &str = "the bare service";
const DISABLED: &str = "the layer, disabled";
const METRICS: &str = "the layer, metrics alone";
const TRACED: &str = "the layer, with its span";
const BY_HAND: &str = "by hand: W3C and a tracing span, same attributes";
const ENTERED: &str = "by hand: a span entered at every poll";

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn main() {
    let observer = Observer::builder().model("m").build().expect("builds");
    let provider = SdkTracerProvider::builder().with_span_processor(Nowhere).build();
    let mut disabled = ServerLayer::new(Observer::disabled()).layer(Handler { frames: 1 });
    // Measured after a first request, which creates the series.
    let mut watched = ServerLayer::new(observer.clone()).route(|_| Some("/chat")).layer(Handler { frames: 1 });
    let mut traced = watched.clone();
    Contest::new("a request with one frame")
        .rival(BARE, |turns| timed(|| requests(turns, &mut Handler { frames: 1 })))
        .rival(DISABLED, |turns| timed(|| requests(turns, &mut disabled)))
        .rival(METRICS, |turns| timed(|| requests(turns, &mut watched)))
        .rival(TRACED, |turns| carried(&provider, || requests(turns, &mut traced)))
        .rival(BY_HAND, |turns| carried(&provider, || (0..turns).for_each(|_| by_hand(&mut Handler { frames: 1 }))))
        .run()
        .print(BY_HAND, BARE);

    let disabled = |frames| ServerLayer::new(Observer::disabled()).layer(Handler { frames });
    let watched = |frames| ServerLayer::new(observer.clone()).route(|_| Some("/chat")).layer(Handler { frames });
    Contest::new("a frame of a long body")
        .rival(BARE, |frames| read(&mut Handler { frames }))
        .rival(DISABLED, |frames| read(&mut disabled(frames)))
        .rival(METRICS, |frames| read(&mut watched(frames)))
        .rival(TRACED, |frames| carrying(&provider, || read(&mut watched(frames))))
        .rival(ENTERED, |frames| {
            carrying(&provider, || {
                let span = tracing::info_span!("by hand");
                let mut body = Frames { left: frames };
                timed(|| while span.in_scope(|| next(Pin::new(&mut body))) {})
            })
        })
        .run()
        .print(ENTERED, BARE);
}

/// A body with the given number of frames, which allocates nothing.
struct Frames {
    left: u64,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Ok(Frame::data(black_box(Bytes::from_static(b"data: token\n\n"))))))
    }
}

/// A service that answers with the given number of frames.
#[derive(Clone)]
struct Handler {
    frames: u64,
}

impl Service<Request<()>> for Handler {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Frames>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Frames { left: self.frames })))
    }
}

fn request() -> Request<()> {
    let request =
        Request::post("http://localhost:8080/chat").header("user-agent", "bench").header("traceparent", PARENT);
    request.body(()).expect("a request")
}

fn answer<S, B>(service: &mut S, request: Request<()>) -> B
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let future = service.call(request);
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.into_body(),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => panic!("the answer is there"),
    }
}

fn next<B: Body>(body: Pin<&mut B>) -> bool {
    matches!(black_box(body.poll_frame(&mut Context::from_waker(Waker::noop()))), Poll::Ready(Some(_)))
}

fn requests<S, B>(turns: u64, service: &mut S)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    for _ in 0..turns {
        let mut body = std::pin::pin!(answer(service, request()));
        while next(body.as_mut()) {}
    }
}

/// Returns the time to read the frames of one answer.
fn read<S, B>(service: &mut S) -> Duration
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    let mut body = std::pin::pin!(answer(service, request()));
    timed(|| while next(body.as_mut()) {})
}

/// The same span written by hand.
fn by_hand(service: &mut Handler) {
    let request = request();
    let parent = TraceContextPropagator::new().extract(&Headers(request.headers()));
    let _parent = parent.attach();
    let span = tracing::info_span!(
        "http",
        otel.name = format!("{} /chat", request.method()),
        otel.kind = "server",
        http.request.method = request.method().as_str(),
        url.path = request.uri().path(),
        url.scheme = "http",
        server.address = request.uri().host(),
        server.port = request.uri().port_u16().map(i64::from),
        user_agent.original = request.headers().get("user-agent").and_then(|agent| agent.to_str().ok()),
        http.route = "/chat",
        network.protocol.version = "1.1",
        http.response.status_code = Empty,
    );
    let mut body = span.in_scope(|| answer(service, request));
    span.record("http.response.status_code", 200_i64);
    while next(Pin::new(&mut body)) {}
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
