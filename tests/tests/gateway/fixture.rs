//! A service behind the layer that answers with scripted responses, in this process, and access to its telemetry.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use http::Request;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body::Body as _;
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::StreamBody;
use http_body_util::combinators::UnsyncBoxBody;
use llmobs::Observer;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::gateway::GatewayLayer;
use llmobs::gateway::RequestBody;
use llmobs::gateway::ResponseBody;
use llmobs::testing::Books;
use llmobs::testing::Readings;
use opentelemetry::Value;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::SpanData;
use tower::ServiceExt;
use tower_layer::Layer;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::SubscriberExt;

use llmobs_tests::event_recorder::EventRecorder;
use llmobs_tests::tracing_backend;

/// The items of a scripted body: data, or an error.
pub type Items = Vec<Result<Vec<u8>, io::Error>>;

/// A body of scripted items.
pub type ScriptedBody = UnsyncBoxBody<Bytes, io::Error>;

/// A request as the inner service receives it.
pub type InnerRequest = Request<RequestBody<ScriptedBody>>;

/// Returns a body of these items. Its size is not known.
pub fn body_of(items: Items) -> ScriptedBody {
    let frames = stream::iter(items).map(|item| item.map(|bytes| Frame::data(Bytes::from(bytes))));
    StreamBody::new(frames).boxed_unsync()
}

/// Returns a response of these items.
pub fn response_of(status: u16, content_type: &str, items: Items) -> Response<ScriptedBody> {
    Response::builder().status(status).header(CONTENT_TYPE, content_type).body(body_of(items)).unwrap()
}

/// Returns a `POST` request of a body in one piece.
pub fn post(path: &str, body: &str) -> Request<ScriptedBody> {
    Request::post(path).body(body_of(vec![Ok(body.as_bytes().to_vec())])).unwrap()
}

/// An observer of a gateway with a backend for spans and events in memory, on the current thread.
pub struct Fixture {
    pub observer: Observer,
    events: EventRecorder,
    exporter: InMemorySpanExporter,
    _provider: SdkTracerProvider,
    _subscriber: DefaultGuard,
}

impl Fixture {
    pub fn new() -> Self {
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let events = EventRecorder::default();
        let _subscriber = tracing::subscriber::set_default(
            tracing_subscriber::registry().with(tracing_backend::layer(&provider)).with(events.clone()),
        );
        let observer = Observer::builder().role(Role::Gateway).level(Level::Standard).provider("openai");
        Self {
            observer: observer.tracer_provider(&provider).build().unwrap(),
            events,
            exporter,
            _provider: provider,
            _subscriber,
        }
    }

    pub fn layer(&self) -> GatewayLayer {
        GatewayLayer::new(self.observer.clone())
    }

    /// Sends a request through a layer to an upstream that answers with this response.
    pub async fn answer(
        &self,
        layer: GatewayLayer,
        request: Request<ScriptedBody>,
        response: Response<ScriptedBody>,
    ) -> Response<ResponseBody<ScriptedBody>> {
        let response = std::cell::RefCell::new(Some(response));
        self.send(layer, request, move |request| {
            let response = response.borrow_mut().take().unwrap();
            async move {
                let _ = request.into_body().collect().await;
                response
            }
        })
        .await
    }

    /// Sends a request through a layer to an upstream that answers with a function.
    pub async fn send<F>(
        &self,
        layer: GatewayLayer,
        request: Request<ScriptedBody>,
        answer: impl Fn(InnerRequest) -> F + 'static,
    ) -> Response<ResponseBody<ScriptedBody>>
    where
        F: Future<Output = Response<ScriptedBody>> + 'static,
    {
        let answer = Arc::new(answer);
        let upstream = tower::service_fn(move |request| {
            let answer = answer(request);
            async { Ok::<_, Infallible>(answer.await) }
        });
        layer.layer(upstream).oneshot(request).await.unwrap()
    }

    pub fn readings(&self) -> Readings {
        Readings::new(&self.observer)
    }

    pub fn books(&self) -> Books {
        Books::new(&self.observer)
    }

    /// Returns the only span whose name begins with this text, and its attributes.
    pub fn span(&self, name: &str) -> (SpanData, BTreeMap<String, Value>) {
        let mut spans = self.exporter.get_finished_spans().unwrap();
        spans.retain(|span| span.name.starts_with(name));
        assert_eq!(spans.len(), 1, "{name}: {spans:?}");
        let span = spans.remove(0);
        let attributes = tracing_backend::attributes(&span);
        (span, attributes)
    }

    /// Returns the fields of the log event of the only operation.
    pub fn log(&self) -> BTreeMap<String, serde_json::Value> {
        self.events.only_event("llm_request_complete").fields
    }
}

/// Reads a body to its end or its error, and returns the data.
pub async fn read<B: http_body::Body<Data = Bytes> + Unpin>(mut body: B) -> Vec<u8> {
    let mut read = Vec::new();
    while let Some(Ok(frame)) = body.frame().await {
        if let Ok(data) = frame.into_data() {
            read.extend_from_slice(&data);
        }
    }
    read
}

/// Reads this number of frames of a body and drops it.
pub async fn leave_after(frames: usize, mut body: ResponseBody<ScriptedBody>) {
    for _ in 0..frames {
        assert!(body.frame().await.is_some());
    }
    assert!(!body.is_end_stream());
}
