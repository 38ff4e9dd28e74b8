//! The allocations of the layer, and the attributes that a sampler receives.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::future::Future;
use std::future::Ready;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use http_body::Frame;
use llmobs::Observer;
use llmobs::tower::ServerLayer;
use opentelemetry::KeyValue;
use opentelemetry::trace::Link;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SamplingResult;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::ShouldSample;
use tower_layer::Layer;
use tower_service::Service;

use crate::fixture::subscribe;
use llmobs_tests::allocator::allocation_count;
use llmobs_tests::semconv::span;

/// A body of `n` static frames that allocates nothing.
struct Frames(u8);

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.0.checked_sub(1);
        self.0 = next.unwrap_or_default();
        Poll::Ready(next.map(|_| Ok(Frame::data(Bytes::from_static(b"frame")))))
    }
}

#[derive(Clone)]
struct Handler;

impl Service<Request<()>> for Handler {
    type Response = Response<Frames>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Frames>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(Frames(3))))
    }
}

/// Serves a request to the end of its body.
fn run_exchange<S, B>(service: &mut S, request: Request<()>)
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    let future = service.call(request);
    let Poll::Ready(Ok(response)) = std::pin::pin!(future).poll(&mut context) else { panic!("the answer is ready") };
    let mut body = std::pin::pin!(response.into_body());
    while let Poll::Ready(Some(_)) = body.as_mut().poll_frame(&mut context) {}
}

/// Returns the allocations of one request after three warm-up requests.
fn allocations<S, B>(mut service: S) -> u64
where
    S: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes, Error = Infallible>,
{
    (0..3).for_each(|_| run_exchange(&mut service, Request::new(())));
    let request = Request::new(());
    let before = allocation_count();
    run_exchange(&mut service, request);
    allocation_count() - before
}

#[test]
fn a_layer_that_observes_nothing_allocates_nothing() {
    assert_eq!(allocations(Handler), 0);
    assert_eq!(allocations(ServerLayer::new(Observer::disabled()).layer(Handler)), 0);
}

#[test]
fn an_untraced_request_allocates_once_for_a_body_of_any_length() {
    let observer = Observer::builder().model("m").build().unwrap();
    let layer = ServerLayer::new(observer).route(|_| Some("/chat"));
    assert_eq!(allocations(layer.layer(Handler)), 1);
}

/// A sampler that stores the names of the attributes of each call.
#[derive(Debug, Clone, Default)]
struct RecordingSampler(Arc<Mutex<Vec<BTreeSet<String>>>>);

impl ShouldSample for RecordingSampler {
    fn should_sample(
        &self,
        parent: Option<&opentelemetry::Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        self.0.lock().unwrap().push(attributes.iter().map(|attribute| attribute.key.to_string()).collect());
        let sampler = Sampler::ParentBased(Box::new(Sampler::AlwaysOn));
        sampler.should_sample(parent, trace, name, kind, attributes, links)
    }
}

#[test]
fn a_sampler_receives_the_attributes_known_at_the_start_and_an_unsampled_request_builds_none() {
    let sampler = RecordingSampler::default();
    let provider = SdkTracerProvider::builder().with_sampler(sampler.clone()).build();
    let _subscriber = subscribe(&provider);
    let layer =
        ServerLayer::new(Observer::builder().model("m").build().unwrap()).with_user_agent().with_client_address();
    let mut service = layer.route(|_| Some("/chat")).layer(Handler);
    for flags in ["01", "00"] {
        let request = Request::get("http://here:80/chat?a=1").header("user-agent", "tests").body(());
        let mut request = request.unwrap();
        request.extensions_mut().insert(std::net::SocketAddr::from(([192, 0, 2, 1], 9)));
        let parent = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        request.headers_mut().insert("traceparent", parent.parse().unwrap());
        run_exchange(&mut service, request);
    }
    let definition = span::CORE.iter().find(|span| span.id == "http.server").unwrap();
    // A query may contain anything, so no span has `url.query`.
    let at_start = definition.attributes.iter().filter(|attribute| attribute.at_start && attribute.name != "url.query");
    let calls = sampler.0.lock().unwrap();
    assert_eq!(calls.len(), 2);
    for attribute in at_start {
        assert!(calls[0].contains(attribute.name), "{} is missing at the start", attribute.name);
    }
    assert!(calls[1].is_empty(), "{:?}", calls[1]);
}
