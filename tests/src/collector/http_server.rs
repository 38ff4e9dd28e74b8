//! Responses over HTTP, and the error responses of both protocols.

use std::convert::Infallible;
use std::io::Read;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use http_body_util::BodyExt;
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::Request;
use hyper::Response;
use hyper::body::Bytes;
use hyper::body::Frame;
use hyper::body::Incoming;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsPartialSuccess;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use super::Behaviour;
use super::Inbox;

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;
pub(super) type Body = UnsyncBoxBody<Bytes, Error>;

/// Handles an OTLP request over HTTP.
pub(super) async fn handle(request: Request<Incoming>, inbox: &Inbox, rejected: i64) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let gzip = request.headers().get("content-encoding").is_some_and(|encoding| encoding == "gzip");
    let Ok(body) = request.into_body().collect().await else { return text_response(400, "the body is incomplete") };
    let body = if gzip { gunzip(&body.to_bytes()) } else { body.to_bytes().to_vec() };
    let error_message = "some items were rejected".to_owned();
    let message = match path.rsplit('/').next().unwrap_or_default() {
        "traces" => {
            let Ok(request) = Message::decode(body.as_slice()) else { return text_response(400, "not protobuf") };
            inbox.record_body(body);
            inbox.add_spans(request);
            let partial = ExportTracePartialSuccess { rejected_spans: rejected, error_message };
            ExportTraceServiceResponse { partial_success: (rejected > 0).then_some(partial) }.encode_to_vec()
        }
        "metrics" => {
            let Ok(request) = Message::decode(body.as_slice()) else { return text_response(400, "not protobuf") };
            inbox.record_body(body);
            inbox.add_metrics(request);
            let partial = ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message };
            ExportMetricsServiceResponse { partial_success: (rejected > 0).then_some(partial) }.encode_to_vec()
        }
        "logs" => {
            let Ok(request) = Message::decode(body.as_slice()) else { return text_response(400, "not protobuf") };
            inbox.record_body(body);
            inbox.add_logs(request);
            let partial = ExportLogsPartialSuccess { rejected_log_records: rejected, error_message };
            ExportLogsServiceResponse { partial_success: (rejected > 0).then_some(partial) }.encode_to_vec()
        }
        _ => return text_response(404, "no such path"),
    };
    response(200, "application/x-protobuf", message)
}

/// Returns the response of a collector whose behaviour is to fail the request.
pub(super) fn refusal(behaviour: Behaviour, is_grpc: bool) -> Response<Body> {
    let status = |http: u16, grpc: &str| {
        if is_grpc { trailers_only(grpc) } else { text_response(http, "secret-looking detail") }
    };
    match behaviour {
        Behaviour::Unavailable => status(503, "14"),
        Behaviour::Invalid => status(400, "3"),
        Behaviour::Unauthenticated => status(401, "16"),
        Behaviour::Throttle(seconds) => {
            let mut response = status(429, "8");
            // `google.rpc.Status` with one `RetryInfo` of this many seconds, in base64 without padding.
            let details = match seconds {
                -1 => "GjkKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SDQoLCP///////////wE",
                0 => "Gi4KKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SAgoA",
                1 => "GjAKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8SBAoCCAE",
                _ => panic!("no details for {seconds} s"),
            };
            response.headers_mut().insert("retry-after", seconds.to_string().parse().unwrap());
            response.headers_mut().insert("grpc-status-details-bin", details.parse().unwrap());
            response
        }
        Behaviour::Garbage if is_grpc => response(200, "application/grpc", vec![0, 0, 0, 0, 9, 255, 254, 253]),
        Behaviour::Garbage => response(200, "application/x-protobuf", vec![255; 100]),
        Behaviour::Page => {
            response(200, "text/html; charset=utf-8", b"<html>Welcome to another service</html>".to_vec())
        }
        Behaviour::Endless => {
            // The gRPC frame header announces a message of one gibibyte.
            let first = if is_grpc { vec![0, 64, 0, 0, 0] } else { Vec::new() };
            let kind = if is_grpc { "application/grpc" } else { "application/x-protobuf" };
            let mut response = response(200, kind, Vec::new());
            *response.body_mut() = EndlessBody { first: Some(first.into()) }.map_err(Into::into).boxed_unsync();
            response
        }
        other => panic!("{other:?} is not an error response"),
    }
}

fn trailers_only(code: &str) -> Response<Body> {
    let mut response = response(200, "application/grpc", Vec::new());
    response.headers_mut().insert("grpc-status", code.parse().unwrap());
    response.headers_mut().insert("grpc-message", "secret-looking%20detail".parse().unwrap());
    response
}

fn text_response(status: u16, text: &str) -> Response<Body> {
    response(status, "text/plain", text.as_bytes().to_vec())
}

fn response(status: u16, kind: &str, body: Vec<u8>) -> Response<Body> {
    let body = Full::new(Bytes::from(body)).map_err(|never: Infallible| match never {}).boxed_unsync();
    Response::builder().status(status).header("content-type", kind).body(body).unwrap()
}

fn gunzip(compressed: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    flate2::read::GzDecoder::new(compressed).read_to_end(&mut body).expect("the body is valid gzip");
    body
}

/// A response body that never ends.
struct EndlessBody {
    first: Option<Bytes>,
}

impl hyper::body::Body for EndlessBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static BLOCK: [u8; 16_384] = [0; 16_384];
        let data = self.first.take().filter(|first| !first.is_empty()).unwrap_or_else(|| Bytes::from_static(&BLOCK));
        Poll::Ready(Some(Ok(Frame::data(data))))
    }
}
