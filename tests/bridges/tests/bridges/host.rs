//! Runs calls as a host does, and asserts which spans its exporter receives, for every version of OpenTelemetry.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures_executor::block_on;
use futures_util::StreamExt;
use futures_util::future;
use futures_util::stream;
use http::Request;
use http::Response;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Role;
use llmobs::clock::Clock;
use llmobs::otel::SpanIds;
use llmobs::tower::ServerLayer;
use tower_layer::Layer;
use tower_service::Service;

/// The trace and the span of the caller of every request.
pub const CALLER_TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub const CALLER_SPAN: &str = "b7ad6b7169203331";

/// A span as the host's exporter receives it.
#[derive(Debug, Clone)]
pub struct ExportedSpan {
    pub name: String,
    pub trace_id: String,
    pub span_id: String,
    pub parent_span_id: String,
    pub duration: Duration,
    /// The description of the status Error; `None` for another status.
    pub error: Option<String>,
    pub attributes: BTreeMap<String, String>,
}

/// The spans that the host's exporter has received.
#[derive(Debug, Clone, Default)]
pub struct Exported(Arc<Mutex<Vec<ExportedSpan>>>);

impl Exported {
    pub fn push(&self, span: ExportedSpan) {
        self.0.lock().unwrap().push(span);
    }

    /// Returns the only span of this name.
    pub fn span(&self, name: &str) -> ExportedSpan {
        let spans = self.0.lock().unwrap();
        let found: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        assert_eq!(found.len(), 1, "{name} in {spans:#?}");
        found[0].clone()
    }
}

/// Returns an observer, with or without spans, for a host whose version of OpenTelemetry provides the ids of a span with
/// `ids`.
pub fn observer(has_spans: bool, ids: impl Fn(&tracing::Span) -> Option<SpanIds> + Send + Sync + 'static) -> Observer {
    let builder = Observer::builder().role(Role::Client).model("m").span_ids(ids);
    if has_spans { builder } else { builder.without_spans() }.build().unwrap()
}

/// Runs a streamed call and asserts that its span has the time of the call and the finish reason.
pub fn assert_stream(observer: &Observer, exported: &Exported) {
    let clock = Clock::system();
    let before = clock.now();
    let operation = observer.chat("m").start();
    let started = clock.now();
    let items = stream::iter(0..3).map(|item| {
        // The span is measured with the real clock, so the stream must take real time.
        thread::sleep(Duration::from_millis(10));
        let chunk = Chunk::tokens(1);
        if item == 2 { chunk.finish_reason(FinishReason::Stop) } else { chunk }
    });
    let mut stream = operation.observe(items);
    for _ in 0..3 {
        assert!(block_on(stream.next()).is_some());
    }
    // The layer and the test read different clocks.
    let tolerance = Duration::from_micros(500);
    let shortest = clock.now().since(started) - tolerance;
    assert!(block_on(stream.next()).is_none());
    let longest = clock.now().since(before) + tolerance;
    let span = exported.span("chat m");
    assert!((shortest..=longest).contains(&span.duration), "{:?} in {shortest:?} to {longest:?}", span.duration);
    assert_eq!(span.error, None);
    assert!(span.attributes["gen_ai.response.finish_reasons"].contains("stop"), "{:?}", span.attributes);
    assert_eq!(span.attributes["llmobs.operation.outcome"], "completed");
    let event: serde_json::Value = serde_json::from_str(observer.recent_operations().lines().last().unwrap()).unwrap();
    assert_eq!((event["trace_id"].as_str(), event["span_id"].as_str()), (Some(&*span.trace_id), Some(&*span.span_id)));
    let page = llmobs::prometheus::page(observer, Some("application/openmetrics-text; version=1.0.0")).body;
    let exemplar = format!("trace_id=\"{}\"", span.trace_id);
    assert!(page.contains(&exemplar), "no exemplar with {exemplar}");
}

/// Runs a call and a step that fail, and asserts that their spans have the status Error with its description.
pub fn assert_failures(observer: &Observer, exported: &Exported) {
    observer.chat("m").start().fail(ErrorType::OutOfMemory);
    let call = exported.span("chat m");
    assert_eq!(call.error.as_deref(), Some("the engine ran out of memory"));
    assert_eq!(call.attributes["error.type"], "out_of_memory");
    observer.execute_tool("search").start().fail(ErrorType::Timeout);
    assert_eq!(exported.span("execute_tool search").error.as_deref(), Some("a deadline passed"));
}

/// Runs a call in a span of the host, and asserts that its log event and its exemplar have the ids of that span. The
/// observer has no spans.
pub fn assert_ids_of_the_host(observer: &Observer, exported: &Exported) {
    tracing::info_span!("of the host").in_scope(|| observer.chat("m").start()).complete();
    let span = exported.span("of the host");
    let event: serde_json::Value = serde_json::from_str(observer.recent_operations().lines().last().unwrap()).unwrap();
    assert_eq!((event["trace_id"].as_str(), event["span_id"].as_str()), (Some(&*span.trace_id), Some(&*span.span_id)));
    let page = llmobs::prometheus::page(observer, Some("application/openmetrics-text; version=1.0.0")).body;
    assert!(page.contains(&format!("trace_id=\"{}\"", span.trace_id)), "no exemplar");
}

/// Serves a request of a caller with a trace, and asserts that the spans continue it. `set_parent` sets the parent of a
/// span to the context of the headers.
pub fn assert_request(
    observer: &Observer,
    exported: &Exported,
    set_parent: impl Fn(&tracing::Span, BTreeMap<String, String>) + Send + Sync + 'static,
) {
    let layer = ServerLayer::new(observer.clone()).on_span(move |span, request| {
        let text = |name: &str| Some((name.to_owned(), request.headers.get(name)?.to_str().ok()?.to_owned()));
        set_parent(span, text("traceparent").into_iter().collect());
    });
    let mut service = layer.layer(Handler);
    let request = Request::post("/v1/chat").header("traceparent", format!("00-{CALLER_TRACE}-{CALLER_SPAN}-01"));
    let response = block_on(service.call(request.body(String::new()).unwrap())).unwrap();
    drop(response);
    let (request, call) = (exported.span("POST"), exported.span("chat m"));
    assert_eq!((&*request.trace_id, &*request.parent_span_id), (CALLER_TRACE, CALLER_SPAN));
    assert_eq!((&*call.trace_id, &call.parent_span_id), (CALLER_TRACE, &request.span_id));
    assert_eq!(request.error.as_deref(), Some(""), "the status is 503");
}

/// A handler that starts one call and answers with the status 503.
#[derive(Clone)]
struct Handler;

impl Service<Request<String>> for Handler {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = future::Ready<Result<Response<String>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<String>) -> Self::Future {
        Observer::current().chat("m").start().complete();
        future::ready(Ok(Response::builder().status(503).body(String::new()).unwrap()))
    }
}
