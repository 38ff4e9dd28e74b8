//! The encodings of requests and responses over HTTP: protobuf, and JSON with the feature `otlp-json`.

use prost::Message;

use super::request::ExportRequest;
use super::request::split;

/// The encoding of a request body and of the response to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Protobuf,
    #[cfg(feature = "otlp-json")]
    Json,
}

impl Encoding {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            #[cfg(feature = "otlp-json")]
            Self::Json => "application/json",
        }
    }

    /// Returns the name of the encoding in `opentelemetry-otlp`.
    pub(super) const fn protocol(self) -> opentelemetry_otlp::Protocol {
        match self {
            Self::Protobuf => opentelemetry_otlp::Protocol::HttpBinary,
            #[cfg(feature = "otlp-json")]
            Self::Json => opentelemetry_otlp::Protocol::HttpJson,
        }
    }

    /// Returns the body of a request without items.
    pub(super) fn empty_body(self) -> &'static [u8] {
        match self {
            Self::Protobuf => b"",
            #[cfg(feature = "otlp-json")]
            Self::Json => b"{}",
        }
    }

    /// Splits an encoded request into parts of at most 4 MiB and returns each part with the number of its items.
    /// Returns `None` if the body cannot be decoded.
    pub(super) fn split<R: ExportRequest>(self, body: &[u8]) -> Option<Vec<(Vec<u8>, usize)>> {
        let encoded = |parts: Vec<R>, encode: fn(&R) -> Vec<u8>| {
            parts.iter().map(|part| (encode(part), part.item_count())).collect()
        };
        match self {
            Self::Protobuf => Some(encoded(split(R::decode(body).ok()?, R::encoded_len), R::encode_to_vec)),
            #[cfg(feature = "otlp-json")]
            Self::Json => {
                let encode = |request: &R| serde_json::to_vec(request).unwrap_or_default();
                Some(encoded(split(serde_json::from_slice(body).ok()?, |request| encode(request).len()), encode))
            }
        }
    }

    /// Returns the number of rejected items in a response to a request of the type `R`.
    ///
    /// Some back ends answer with JSON or an empty body after a success, whatever the encoding of the request. A
    /// response that cannot be decoded is read as accepting all items.
    pub(super) fn rejected_items<R: ExportRequest>(self, response: &[u8]) -> i64 {
        match self {
            Self::Protobuf => R::Response::decode(response).map_or(0, |response| R::rejected_items(&response)),
            #[cfg(feature = "otlp-json")]
            Self::Json => json_rejected_items(response, R::REJECTED_JSON_FIELD).unwrap_or(0),
        }
    }
}

/// Returns the number in a field of `partialSuccess`. The JSON encoding of protobuf writes an `int64` as a string, and
/// readers must also accept a number.
#[cfg(feature = "otlp-json")]
fn json_rejected_items(response: &[u8], field: &str) -> Option<i64> {
    let response: serde_json::Value = serde_json::from_slice(response).ok()?;
    let number = response.get("partialSuccess")?.get(field)?;
    number.as_i64().or_else(|| number.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Traces;
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
    use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
    use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
    use opentelemetry_proto::tonic::trace::v1::Span;

    use super::*;
    use crate::otlp::request::MAX_REQUEST_BYTES;

    fn large_request() -> Traces {
        let spans = (0..12).map(|_| Span { name: "x".repeat(1_000_000), ..Span::default() }).collect();
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        Traces { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
    }

    #[test]
    fn the_parts_of_a_large_body_are_small_and_contain_all_items() {
        let check = |encoding: Encoding, body: &[u8]| {
            let parts = encoding.split::<Traces>(body).unwrap();
            assert!(parts.len() > 2 && parts.iter().all(|(part, _)| part.len() <= MAX_REQUEST_BYTES));
            assert_eq!(parts.iter().map(|(_, items)| items).sum::<usize>(), 12);
        };
        check(Encoding::Protobuf, &large_request().encode_to_vec());
        assert_eq!(Encoding::Protobuf.split::<Traces>(&[255; 9]), None);
        #[cfg(feature = "otlp-json")]
        check(Encoding::Json, &serde_json::to_vec_pretty(&large_request()).unwrap());
    }

    #[test]
    fn rejected_items_are_read_from_protobuf() {
        let partial_success = Some(ExportTracePartialSuccess { rejected_spans: 3, error_message: "no".to_owned() });
        let response = ExportTraceServiceResponse { partial_success }.encode_to_vec();
        assert_eq!(Encoding::Protobuf.rejected_items::<Traces>(&response), 3);
        for other in [&b""[..], b"{\"partialSuccess\":{}}", &[255; 100]] {
            assert_eq!(Encoding::Protobuf.rejected_items::<Traces>(other), 0);
        }
    }

    #[cfg(feature = "otlp-json")]
    #[test]
    fn rejected_items_are_read_from_json_as_a_string_or_a_number() {
        use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest as Logs;

        for (text, expected) in [
            (r#"{"partialSuccess":{"rejectedLogRecords":"3","errorMessage":"no"}}"#, 3),
            (r#"{"partialSuccess":{"rejectedLogRecords":3}}"#, 3),
            (r#"{"partialSuccess":{"rejectedSpans":3}}"#, 0),
            (r#"{"partialSuccess":null}"#, 0),
            (r#"{"partialSuccess":{"rejectedLogRecords":"many"}}"#, 0),
            ("{}", 0),
            ("", 0),
        ] {
            assert_eq!(Encoding::Json.rejected_items::<Logs>(text.as_bytes()), expected, "{text}");
        }
        assert_eq!(Encoding::Protobuf.rejected_items::<Logs>(b"{}"), 0);
    }
}
