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
use serde::de::DeserializeOwned;

use super::Behaviour;
use super::Inbox;

pub(super) type Error = Box<dyn std::error::Error + Send + Sync>;
pub(super) type Body = UnsyncBoxBody<Bytes, Error>;

/// Handles an OTLP request over HTTP, with protobuf or JSON bodies.
pub(super) async fn handle(request: Request<Incoming>, inbox: &Inbox, rejected: i64) -> Response<Body> {
    let path = request.uri().path().to_owned();
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (is_json, encoding) = (header("content-type") == "application/json", header("content-encoding").to_owned());
    let Ok(body) = request.into_body().collect().await else { return text_response(400, "the body is incomplete") };
    let body = match encoding.as_str() {
        "" => body.to_bytes().to_vec(),
        "gzip" => gunzip(&body.to_bytes()),
        "zstd" => zstd::decode_all(&body.to_bytes()[..]).expect("the body is valid zstd"),
        _ => return text_response(415, "an unknown encoding"),
    };
    let error_message = "some items were rejected".to_owned();
    let signal = path.rsplit('/').next().unwrap_or_default();
    let (is_read, field, message) = match signal {
        "traces" => {
            let partial = ExportTracePartialSuccess { rejected_spans: rejected, error_message };
            let response = ExportTraceServiceResponse { partial_success: (rejected > 0).then_some(partial) };
            let request = decode(&body, is_json).map(|request| inbox.add_spans(request));
            (request.is_some(), "rejectedSpans", response.encode_to_vec())
        }
        "metrics" => {
            let partial = ExportMetricsPartialSuccess { rejected_data_points: rejected, error_message };
            let response = ExportMetricsServiceResponse { partial_success: (rejected > 0).then_some(partial) };
            let request = decode(&body, is_json).map(|request| inbox.add_metrics(request));
            (request.is_some(), "rejectedDataPoints", response.encode_to_vec())
        }
        "logs" => {
            let partial = ExportLogsPartialSuccess { rejected_log_records: rejected, error_message };
            let response = ExportLogsServiceResponse { partial_success: (rejected > 0).then_some(partial) };
            let request = decode(&body, is_json).map(|request| inbox.add_logs(request));
            (request.is_some(), "rejectedLogRecords", response.encode_to_vec())
        }
        _ => return text_response(404, "no such path"),
    };
    if !is_read {
        return text_response(400, "the body is not a request");
    }
    inbox.record_body(body);
    match is_json {
        true => {
            // The JSON encoding of protobuf writes an `int64` as a string.
            let partial = serde_json::json!({ "partialSuccess": { field: rejected.to_string() } });
            response(200, "application/json", partial.to_string().into_bytes())
        }
        false => response(200, "application/x-protobuf", message),
    }
}

fn decode<R: Message + Default + DeserializeOwned>(body: &[u8], is_json: bool) -> Option<R> {
    if is_json { serde_json::from_slice(body).ok() } else { R::decode(body).ok() }
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
        Behaviour::RetryAfter(value) => {
            let mut response = status(503, "14");
            response.headers_mut().insert("retry-after", value.parse().unwrap());
            response
        }
        Behaviour::Bomb => bomb(is_grpc),
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

/// Redirects a request to its own address.
pub(super) fn redirect<B>(request: &Request<B>) -> Response<Body> {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = host.or_else(|| request.uri().authority().map(ToString::to_string)).unwrap_or_default();
    let mut response = text_response(307, "elsewhere");
    let location = format!("http://{host}{}", request.uri().path());
    response.headers_mut().insert("location", location.parse().unwrap());
    response
}

/// Returns a compressed body of a quarter of a mebibyte, which decompresses to 256 MiB.
fn bomb(is_grpc: bool) -> Response<Body> {
    use std::io::Write;
    use std::sync::OnceLock;

    static COMPRESSED: OnceLock<Vec<u8>> = OnceLock::new();
    let compressed = COMPRESSED.get_or_init(|| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        let block = vec![0; 1024 * 1024];
        (0..256).for_each(|_| encoder.write_all(&block).unwrap());
        encoder.finish().unwrap()
    });
    let (kind, encoding) =
        if is_grpc { ("application/grpc", "grpc-encoding") } else { ("application/x-protobuf", "content-encoding") };
    let mut body = Vec::new();
    if is_grpc {
        body.push(1);
        body.extend(u32::try_from(compressed.len()).unwrap().to_be_bytes());
    }
    body.extend(compressed);
    let mut response = response(200, kind, body);
    response.headers_mut().insert(encoding, "gzip".parse().unwrap());
    response
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
