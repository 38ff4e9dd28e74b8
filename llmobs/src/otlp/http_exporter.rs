//! Export over HTTP: the exporters of `opentelemetry-otlp`, which encode the requests, over an HTTP client of this
//! crate, which splits, compresses, sends, retries and counts them. The exporters' own retries are off.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use http::Response;
use http::header::CONTENT_ENCODING;
use opentelemetry_http::HttpClient;
use opentelemetry_http::HttpError;
use opentelemetry_otlp::ExporterBuildError;
use opentelemetry_otlp::RetryPolicy;
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_otlp::WithHttpConfig;
use opentelemetry_sdk::error::OTelSdkResult;
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use super::InitError;
use super::encoding::Encoding;
use super::endpoint::OtlpEndpoint;
use super::request::ExportRequest;
use super::request::MAX_REQUEST_BYTES;
use super::retry_sender::RetrySender;
use super::transport::HttpTransport;
use crate::sync::Mutex;

/// An exporter `E` of `opentelemetry-otlp` whose requests have the type `R`.
#[derive(Debug)]
pub(super) struct HttpExporter<E, R> {
    exporter: E,
    client: Arc<SplittingClient<R>>,
}

impl<E, R: ExportRequest> HttpExporter<E, R> {
    /// Creates an exporter. `build` builds the exporter of `opentelemetry-otlp` for a configured client.
    pub(super) fn new(
        endpoint: &OtlpEndpoint,
        encoding: Encoding,
        sender: Arc<RetrySender>,
        runtime: Handle,
        build: impl FnOnce(ExporterOptions) -> Result<E, ExporterBuildError>,
    ) -> Result<Self, InitError> {
        let transport = Arc::new(HttpTransport::new(endpoint, encoding)?);
        let client = SplittingClient { transport, sender, runtime, items: Mutex::default(), request: PhantomData };
        let client = Arc::new(client);
        let options = ExporterOptions { client: Arc::clone(&client) as _, encoding, endpoint: endpoint.redacted_uri() };
        match build(options) {
            Ok(exporter) => Ok(Self { exporter, client }),
            Err(error) => Err(InitError::invalid_setting(&endpoint.configured_by, error.to_string())),
        }
    }

    /// Exports a batch of this number of items with `export`, which calls the exporter once. Returns whether the
    /// collector accepted all requests of the batch.
    pub(super) async fn export<'a, F>(&'a self, items: usize, export: impl FnOnce(&'a E) -> F) -> bool
    where
        F: Future<Output = OTelSdkResult>,
    {
        *self.client.items.lock() = Some(items);
        let is_accepted = export(&self.exporter).await.is_ok();
        // The exporter failed before it called the client.
        if let Some(items) = self.client.items.lock().take() {
            self.client.sender.refuse(items);
        }
        is_accepted
    }
}

/// The settings of an exporter of `opentelemetry-otlp`. The endpoint, protocol and retry policy are set in code, so
/// that no variable of the process changes them. The exporter still reads the variables for headers, compression and
/// the time limit: its headers are not sent, its time limit has no effect, and a body that it compressed is sent whole.
pub(super) struct ExporterOptions {
    client: Arc<dyn HttpClient>,
    encoding: Encoding,
    endpoint: String,
}

impl ExporterOptions {
    pub(super) fn apply<B: WithExportConfig + WithHttpConfig>(self, builder: B) -> B {
        builder
            .with_shared_http_client(self.client)
            .with_endpoint(self.endpoint)
            .with_protocol(self.encoding.protocol())
            .with_retry_policy(RetryPolicy::disabled())
            // The client splits large requests.
            .with_max_request_body_size(usize::MAX)
    }
}

/// The HTTP client that an exporter calls with each encoded request. It splits the request and sends the parts on the
/// export thread; it may be called on any thread.
struct SplittingClient<R> {
    transport: Arc<HttpTransport>,
    sender: Arc<RetrySender>,
    runtime: Handle,
    /// The number of items in the next request, until the request arrives.
    items: Mutex<Option<usize>>,
    request: PhantomData<fn() -> R>,
}

impl<R> fmt::Debug for SplittingClient<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SplittingClient").field("transport", &self.transport).finish_non_exhaustive()
    }
}

#[async_trait]
impl<R: ExportRequest> HttpClient for SplittingClient<R> {
    /// Sends the body of a request until the collector accepts it or it is given up. Returns an empty response, because
    /// the exporter would log the text of the collector's own.
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let items = self.items.lock().take().unwrap_or(0);
        let (transport, sender) = (Arc::clone(&self.transport), Arc::clone(&self.sender));
        // Dropping the set ends the task. The items that the task has not counted by then remain in flight.
        let mut task = JoinSet::new();
        task.spawn_on(send::<R>(transport, sender, request, items), &self.runtime);
        match task.join_next().await {
            Some(Ok(true)) => Ok(Response::new(Bytes::new())),
            _ => Err("the collector did not accept the request".into()),
        }
    }
}

/// Sends an encoded request, in parts if it is larger than 4 MiB. Returns whether the collector accepted all parts.
async fn send<R: ExportRequest>(
    transport: Arc<HttpTransport>,
    sender: Arc<RetrySender>,
    request: Request<Bytes>,
    items: usize,
) -> bool {
    // The exporter compresses the body itself if another crate enables its compression and a variable of the process
    // requests it.
    let compressed_as = request.headers().get(CONTENT_ENCODING).cloned();
    let body = request.into_body();
    if let Some(name) = compressed_as {
        return sender.send(items, || transport.send::<R>(body.clone(), Some(name.clone()))).await;
    }
    let parts = match body.len() > MAX_REQUEST_BYTES {
        true => transport.encoding().split::<R>(&body),
        false => None,
    };
    let parts = parts.map(|parts| parts.into_iter().map(|(part, items)| (Bytes::from(part), items)).collect());
    let parts: Vec<_> = parts.unwrap_or_else(|| vec![(body, items)]);
    let mut all_accepted = true;
    for (part, items) in parts {
        all_accepted &= match transport.compress(part) {
            Ok((body, name)) => sender.send(items, || transport.send::<R>(body.clone(), name.clone())).await,
            Err(_) => {
                sender.refuse(items);
                false
            }
        };
    }
    all_accepted
}
