//! A service on a loopback port, a hand-written HTTP client, and access to the recorded telemetry.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::capture::Gate;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;
use llmobs::tower::ServerLayer;
use opentelemetry::Value;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use opentelemetry_sdk::trace::SpanData;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::assert_none;
use llmobs_tests::tracing_backend::TracingBackend;

pub const DURATION: &str = "http.server.request.duration";
pub const ACTIVE: &str = "http.server.active_requests";

/// An observer on a manual clock, and a tracing back end in memory. All tasks of a test run on one thread, the one that
/// the back end subscribes to.
pub struct Fixture {
    pub observer: Observer,
    pub manual_clock: ManualClock,
    exporter: InMemorySpanExporter,
    _provider: SdkTracerProvider,
    _subscriber: DefaultGuard,
}

impl Fixture {
    pub fn new() -> Self {
        Self::with_gate(ContentCapture::Off)
    }

    /// Returns a fixture whose observer captures content by this gate.
    pub fn with_gate(gate: impl Into<Gate>) -> Self {
        let (clock, manual_clock) = Clock::manual();
        let exporter = InMemorySpanExporter::default();
        let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
        let subscriber = subscribe(&provider);
        let builder = Observer::builder().model("m").clock(clock).tracer_provider(&provider).capture(gate);
        Self {
            observer: builder.build().unwrap(),
            manual_clock,
            exporter,
            _provider: provider,
            _subscriber: subscriber,
        }
    }

    pub fn layer(&self) -> ServerLayer {
        ServerLayer::new(self.observer.clone())
    }

    /// Serves routes behind the layer.
    pub async fn serve(&self, routes: Router) -> SocketAddr {
        serve(routes.layer(self.layer())).await
    }

    /// Returns every span, in the order in which they ended.
    pub fn spans(&self) -> Vec<SpanData> {
        self.exporter.get_finished_spans().unwrap()
    }

    /// Returns every span of a request, in the order in which they ended. Panics if a span violates the conventions.
    pub fn request_spans(&self) -> Vec<SpanData> {
        let mut spans = self.spans();
        spans.retain(|span| span.span_kind == opentelemetry::trace::SpanKind::Server);
        let conventions = Conventions::new(Profile::V1_41).with_opt_in(&["client.address"]);
        let violations: Vec<_> = spans.iter().flat_map(|span| conventions.check_span(&span.clone().into())).collect();
        assert_none(&violations, "the spans of requests");
        spans
    }

    /// Returns the span of the only request.
    pub fn only_request_span(&self) -> SpanData {
        let mut spans = self.request_spans();
        assert_eq!(spans.len(), 1, "{:?}", spans.iter().map(|span| &span.name).collect::<Vec<_>>());
        spans.remove(0)
    }

    /// Returns the only span of this name.
    pub fn span(&self, name: &str) -> SpanData {
        let mut spans = self.spans();
        spans.retain(|span| span.name == name);
        assert_eq!(spans.len(), 1, "{name}");
        spans.remove(0)
    }

    pub fn metrics(&self) -> Readings {
        Readings::new(&self.observer)
    }

    /// Returns the number of requests in flight.
    pub fn active_requests(&self) -> u64 {
        self.metrics().count(ACTIVE, &[])
    }

    /// Returns the number of ended requests with these labels.
    pub fn ended_count(&self, labels: &[(&str, &str)]) -> u64 {
        self.metrics().histogram(DURATION, labels).count
    }

    /// Waits until this number of requests has ended.
    pub async fn wait_for_ended(&self, requests: u64) {
        wait_until("the requests have ended", || self.ended_count(&[]) >= requests).await;
        assert_eq!(self.ended_count(&[]), requests);
    }

    /// Returns the labels of the only series of durations.
    pub fn labels(&self) -> BTreeMap<String, String> {
        let mut series = self.metrics().series(DURATION);
        assert_eq!(series.len(), 1, "{series:?}");
        series.remove(0)
    }
}

/// Sends this thread's spans to a provider until the guard is dropped.
pub fn subscribe(provider: &SdkTracerProvider) -> DefaultGuard {
    // Without the level filter, debug and trace events of h2 would appear on the spans.
    TracingBackend::subscribe_up_to(LevelFilter::INFO, provider)
}

/// Serves on a free port until the test ends.
pub async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(axum::serve(listener, service).into_future());
    address
}

/// A client with a dedicated connection, closed when the client is dropped.
pub struct Client {
    stream: TcpStream,
    received: String,
}

impl Client {
    pub async fn connect(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap(), received: String::new() }
    }

    /// Sends a request. `line` is the first line without the version; `headers` end with `\r
    /// `.
    pub async fn send(&mut self, line: &str, headers: &str) {
        let request = format!("{line} HTTP/1.1\r\nhost: 127.0.0.1:8080\r\n{headers}\r\n");
        self.stream.write_all(request.as_bytes()).await.unwrap();
    }

    /// Reads until the answer contains a text. Panics if the connection ends before.
    pub async fn read_until(&mut self, text: &str) -> &str {
        while !self.received.contains(text) {
            assert!(self.read_more().await, "the connection ended before {text:?}: {:?}", self.received);
        }
        &self.received
    }

    /// Reads until the connection ends.
    pub async fn read_all(mut self) -> String {
        while self.read_more().await {}
        self.received
    }

    async fn read_more(&mut self) -> bool {
        let mut buffer = [0; 4_096];
        let read = with_timeout("a part of the answer", self.stream.read(&mut buffer)).await;
        let count = read.unwrap_or_default();
        self.received.push_str(&String::from_utf8_lossy(&buffer[..count]));
        count > 0
    }
}

/// Sends one request on a new connection, and returns the whole answer.
pub async fn get(address: SocketAddr, line: &str, headers: &str) -> String {
    let mut client = Client::connect(address).await;
    client.send(line, &format!("connection: close\r\n{headers}")).await;
    client.read_all().await
}

/// Returns the body of an answer.
pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// Waits until a condition is true that another task fulfils. Panics after 20 seconds.
pub async fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let polling = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    with_timeout(what, polling).await;
}

/// Awaits a future, and panics after 20 seconds, so that no test hangs.
pub async fn with_timeout<F: Future>(what: &str, future: F) -> F::Output {
    let done = tokio::time::timeout(Duration::from_secs(20), future).await;
    done.unwrap_or_else(|_| panic!("{what} takes too long"))
}

/// Returns the attributes by name. Panics if a name appears twice: a span keeps every value that was set.
pub fn attributes(span: &SpanData) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for attribute in &span.attributes {
        let before = all.insert(attribute.key.to_string(), attribute.value.clone());
        assert!(before.is_none(), "`{}` was set twice", attribute.key);
    }
    all
}

pub fn text(text: &'static str) -> Value {
    Value::from(text)
}
