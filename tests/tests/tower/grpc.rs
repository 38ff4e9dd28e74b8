//! gRPC calls: a tonic client calls a tonic service through the layer.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use futures_util::stream;
use http::HeaderMap;
use http::HeaderValue;
use http::Request;
use http::Response;
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::StreamBody;
use hyper::body::Incoming;
use hyper::client::conn::http2::SendRequest;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::Status;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceService;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::TraceServiceServer;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tonic::Code;
use tower_layer::Layer;
use tower_service::Service;

use crate::fixture::Fixture;
use crate::fixture::attributes;
use crate::fixture::text;
use crate::fixture::with_timeout;

const METHOD: &str = "opentelemetry.proto.collector.trace.v1.TraceService/Export";

/// A service that answers with the requested status code. Code 99 makes the service never answer.
struct TestTraceService;

#[tonic::async_trait]
impl TraceService for TestTraceService {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        let requested = request.metadata().get("x-wanted").and_then(|code| code.to_str().ok()?.parse().ok());
        match requested.unwrap_or(0) {
            0 => Ok(tonic::Response::new(ExportTraceServiceResponse::default())),
            99 => std::future::pending().await,
            code => Err(tonic::Status::new(Code::from_i32(code), "the secret prompt")),
        }
    }
}

/// Serves over HTTP/2 on a free port.
async fn serve<S, B>(fixture: &Fixture, service: S) -> SocketAddr
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let route = |request: &http::request::Parts| {
        let method = request.uri.path().strip_prefix('/').filter(|method| *method == METHOD);
        method.map(|_| format!("/{METHOD}"))
    };
    let service = TowerToHyperService::new(fixture.layer().route(route).layer(service));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
            tokio::spawn(connection.serve_connection(TokioIo::new(stream), service.clone()));
        }
    });
    address
}

/// A connection as a tower service, as tonic's client requires.
struct TonicConnection(SendRequest<tonic::body::Body>);

impl Service<Request<tonic::body::Body>> for TonicConnection {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Incoming>, hyper::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), hyper::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        Box::pin(self.0.send_request(request))
    }
}

async fn client(address: SocketAddr) -> TraceServiceClient<TonicConnection> {
    let stream = TcpStream::connect(address).await.unwrap();
    let connecting = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = connecting.await.unwrap();
    tokio::spawn(connection);
    TraceServiceClient::with_origin(TonicConnection(sender), format!("http://{address}").parse().unwrap())
}

async fn call(client: &mut TraceServiceClient<TonicConnection>, status: i32) -> Code {
    let mut request = tonic::Request::new(ExportTraceServiceRequest::default());
    request.metadata_mut().insert("x-wanted", status.into());
    match with_timeout("the call", client.export(request)).await {
        Ok(_) => Code::Ok,
        Err(status) => status.code(),
    }
}

#[tokio::test]
async fn the_status_of_a_call_is_that_of_its_trailers() {
    let fixture = Fixture::new();
    let address = serve(&fixture, TraceServiceServer::new(TestTraceService)).await;
    let mut client = client(address).await;
    let expected =
        [(0, "OK"), (3, "INVALID_ARGUMENT"), (8, "RESOURCE_EXHAUSTED"), (13, "INTERNAL"), (14, "UNAVAILABLE")];
    for (code, _) in expected {
        assert_eq!(call(&mut client, code).await, Code::from_i32(code));
    }
    fixture.wait_for_ended(5).await;
    for (span, (code, name)) in fixture.request_spans().iter().zip(expected) {
        assert_eq!((span.name.as_ref(), &span.span_kind), (METHOD, &SpanKind::Server));
        let recorded = attributes(span);
        assert_eq!(recorded["rpc.response.status_code"], text(name));
        assert_eq!((&recorded["rpc.system.name"], &recorded["rpc.method"]), (&text("grpc"), &text(METHOD)));
        assert_eq!(recorded["network.protocol.version"], text("2"));
        assert!(!format!("{span:?}").contains("secret"));
        let failed = code >= 13;
        assert_eq!(span.status, if failed { Status::error("") } else { Status::Unset }, "{name}");
        assert_eq!(recorded.get("error.type"), failed.then(|| text(name)).as_ref(), "{name}");
        let errors = u64::from(failed);
        assert_eq!(
            fixture.ended_count(&[("error.type", name), ("http.response.status_code", "200")]),
            errors,
            "{name}"
        );
    }
    assert_eq!(fixture.active_requests(), 0);
}

#[tokio::test]
async fn an_unknown_method_is_neither_a_span_name_nor_a_label() {
    let fixture = Fixture::new();
    let address = serve(&fixture, TraceServiceServer::new(TestTraceService)).await;
    let mut connection = http2_client(address).await;
    let request = Request::post(format!("http://{address}/made.up.Service/xyzzy"));
    let request = request.header("content-type", "application/grpc").header("te", "trailers");
    let answer = connection.send_request(request.body(tonic::body::Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.headers()["grpc-status"], "12");
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert_eq!(span.name, "grpc");
    assert_eq!(attributes(&span)["error.type"], text("UNIMPLEMENTED"));
    assert!(!fixture.labels().contains_key("http_route"));
    assert!(!llmobs::prometheus::page(&fixture.observer, None).body.contains("xyzzy"));
}

async fn http2_client(address: SocketAddr) -> SendRequest<tonic::body::Body> {
    let stream = TcpStream::connect(address).await.unwrap();
    let connecting = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (sender, connection) = connecting.await.unwrap();
    tokio::spawn(connection);
    sender
}

#[tokio::test]
async fn a_caller_that_disconnects_cancels_its_call() {
    let fixture = Fixture::new();
    let address = serve(&fixture, TraceServiceServer::new(TestTraceService)).await;
    let mut client = client(address).await;
    {
        let pending_call = call(&mut client, 99);
        let arrived = crate::fixture::wait_until("the call has arrived", || fixture.active_requests() == 1);
        tokio::select! {
            _ = pending_call => panic!("the call never ends"),
            () = arrived => {}
        }
    }
    drop(client);
    fixture.wait_for_ended(1).await;
    let span = fixture.only_request_span();
    assert_eq!(span.status, Status::Unset);
    assert!(!attributes(&span).contains_key("error.type"), "the RPC conventions: not an error of the server");
    assert_eq!(attributes(&span)["rpc.response.status_code"], text("CANCELLED"));
}

/// A service with handmade answers: the path selects the frames and the trailing status.
#[derive(Clone)]
struct RawGrpcService;

impl Service<Request<Incoming>> for RawGrpcService {
    type Response = Response<http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Incoming>) -> Self::Future {
        let data = Frame::data(Bytes::from_static(&[0; 5]));
        let trailers = |status| {
            HeaderMap::from_iter([(http::HeaderName::from_static("grpc-status"), HeaderValue::from_static(status))])
        };
        let (kind, frames) = match request.uri().path() {
            "/late" => ("application/grpc", vec![data, Frame::trailers(trailers("15"))]),
            "/none" => ("application/grpc+proto", vec![data]),
            "/web" => ("application/grpc-web", vec![data]),
            _ => ("text/html", vec![data]),
        };
        let body = StreamBody::new(stream::iter(frames.into_iter().map(Ok))).boxed_unsync();
        let status = if kind == "text/html" { 503 } else { 200 };
        std::future::ready(Ok(Response::builder().status(status).header("content-type", kind).body(body).unwrap()))
    }
}

#[tokio::test]
async fn a_call_that_breaks_after_its_first_message_has_failed_and_so_has_one_without_a_status() {
    let fixture = Fixture::new();
    let address = serve(&fixture, RawGrpcService).await;
    let mut connection = http2_client(address).await;
    for (path, kind, code, error) in [
        ("/late", "application/grpc", Some("DATA_LOSS"), Some("DATA_LOSS")),
        ("/none", "application/grpc", Some("UNKNOWN"), Some("UNKNOWN")),
        // A proxy between client and service answers in HTML.
        ("/proxy", "application/grpc", Some("UNAVAILABLE"), Some("503")),
        // gRPC-Web sends the status in the body, so the call is recorded as plain HTTP.
        ("/web", "application/grpc-web", None, None),
    ] {
        let request = Request::post(format!("http://{address}{path}")).header("content-type", kind);
        let request = request.body(tonic::body::Body::empty()).unwrap();
        let answer = connection.send_request(request).await.unwrap();
        with_timeout("the body", answer.into_body().collect()).await.unwrap();
        crate::fixture::wait_until("the call has ended", || fixture.active_requests() == 0).await;
        let span = fixture.request_spans().pop().unwrap();
        let recorded = attributes(&span);
        assert_eq!(recorded.get("rpc.response.status_code"), code.map(text).as_ref(), "{path}");
        assert_eq!(recorded.get("error.type"), error.map(text).as_ref(), "{path}");
        assert_eq!(span.status == Status::error(""), error.is_some(), "{path}");
    }
}
