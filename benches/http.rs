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
use llmobs_benches::Comparison;
use llmobs_benches::measure_time;
use opentelemetry::propagation::Extractor;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tower_layer::Layer;
use tower_service::Service;
use tracing::field::Empty;

use self::support::span_export::DiscardingProcessor;
use self::support::span_export::time_with_spans;
use self::support::span_export::with_otel_layer;

mod support {
    pub(crate) mod span_export;
}

const BARE: &str = "the bare service";
const DISABLED: &str = "the layer, disabled";
const METRICS: &str = "the layer, metrics alone";
const TRACED: &str = "the layer, with its span";
const BY_HAND: &str = "by hand: W3C and a tracing span, same attributes";
const ENTERED_SPAN: &str = "by hand: a span entered at every poll";

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn main() {
    let observer = Observer::builder().model("m").build().expect("the observer is valid");
    let provider = SdkTracerProvider::builder().with_span_processor(DiscardingProcessor).build();
    let mut disabled = ServerLayer::new(Observer::disabled()).layer(Handler { frames: 1 });
    // Measured after a first request, which creates the series.
    let mut with_metrics = ServerLayer::new(observer.clone()).route(|_| Some("/chat")).layer(Handler { frames: 1 });
    let mut traced = with_metrics.clone();
    Comparison::new("a request with one frame")
        .candidate(BARE, |iterations| measure_time(|| run_requests(iterations, &mut Handler { frames: 1 })))
        .candidate(DISABLED, |iterations| measure_time(|| run_requests(iterations, &mut disabled)))
        .candidate(METRICS, |iterations| measure_time(|| run_requests(iterations, &mut with_metrics)))
        .candidate(TRACED, |iterations| time_with_spans(&provider, || run_requests(iterations, &mut traced)))
        .candidate(BY_HAND, |iterations| {
            time_with_spans(&provider, || (0..iterations).for_each(|_| manual_span(&mut Handler { frames: 1 })))
        })
        .run()
        .print(BY_HAND, BARE);

    let disabled = |frames| ServerLayer::new(Observer::disabled()).layer(Handler { frames });
    let with_metrics = |frames| ServerLayer::new(observer.clone()).route(|_| Some("/chat")).layer(Handler { frames });
    Comparison::new("a frame of a long body")
        .candidate(BARE, |frames| time_frames(&mut Handler { frames }))
        .candidate(DISABLED, |frames| time_frames(&mut disabled(frames)))
        .candidate(METRICS, |frames| time_frames(&mut with_metrics(frames)))
        .candidate(TRACED, |frames| with_otel_layer(&provider, || time_frames(&mut with_metrics(frames))))
        .candidate(ENTERED_SPAN, |frames| {
            with_otel_layer(&provider, || {
                let span = tracing::info_span!("by hand");
                let mut body = Frames { remaining: frames };
                measure_time(|| while span.in_scope(|| poll_next_frame(Pin::new(&mut body))) {})
            })
        })
        .run()
        .print(ENTERED_SPAN, BARE);
}

/// A body with the given number of frames, which allocates nothing.
struct Frames {
    remaining: u64,
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(remaining) = self.remaining.checked_sub(1) else { return Poll::Ready(None) };
        self.remaining = remaining;
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
        ready(Ok(Response::new(Frames { remaining: self.frames })))
    }
}

fn request() -> Request<()> {
    let request =
        Request::post("http://localhost:8080/chat").header("user-agent", "bench").header("traceparent", PARENT);
    request.body(()).expect("the request is valid")
}

fn call_service<S, B>(service: &mut S, request: Request<()>) -> B
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
{
    let future = service.call(request);
    match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(response)) => response.into_body(),
        Poll::Ready(Err(never)) => match never {},
        Poll::Pending => panic!("the response is not ready"),
    }
}

fn poll_next_frame<B: Body>(body: Pin<&mut B>) -> bool {
    matches!(black_box(body.poll_frame(&mut Context::from_waker(Waker::noop()))), Poll::Ready(Some(_)))
}

fn run_requests<S, B>(iterations: u64, service: &mut S)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    for _ in 0..iterations {
        let mut body = std::pin::pin!(call_service(service, request()));
        while poll_next_frame(body.as_mut()) {}
    }
}

/// Returns the time to read the frames of one answer.
fn time_frames<S, B>(service: &mut S) -> Duration
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body,
{
    let mut body = std::pin::pin!(call_service(service, request()));
    measure_time(|| while poll_next_frame(body.as_mut()) {})
}

/// The same span written by hand.
fn manual_span(service: &mut Handler) {
    let request = request();
    let parent = TraceContextPropagator::new().extract(&HeaderExtractor(request.headers()));
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
    let mut body = span.in_scope(|| call_service(service, request));
    span.record("http.response.status_code", 200_i64);
    while poll_next_frame(Pin::new(&mut body)) {}
}

struct HeaderExtractor<'a>(&'a HeaderMap);

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(http::HeaderName::as_str).collect()
    }
}
