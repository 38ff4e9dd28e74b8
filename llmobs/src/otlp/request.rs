//! The requests of the three signals: their item counts, their parts, and the rejected items in their responses.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;

/// The largest request in bytes: the default message limit of gRPC, which many collectors do not change.
pub(super) const MAX_REQUEST_BYTES: usize = 4 * 1024 * 1024;

/// An export request of one signal.
pub(super) trait ExportRequest: Message + Clone + Default + JsonBody + Send + Sync + 'static {
    /// The response to this request.
    type Response: Message + Default + 'static;

    /// The JSON field of a response that contains the number of rejected items.
    #[cfg(feature = "otlp-json")]
    const REJECTED_JSON_FIELD: &str;

    /// Returns the number of elements (spans, log records or metrics) between which the request can be split.
    fn record_count(&self) -> usize;

    /// Returns the number of items that are dropped with the request: spans, log records or data points.
    fn item_count(&self) -> usize {
        self.record_count()
    }

    /// Keeps the first `keep` elements and returns a second request with the remaining ones.
    fn split_off(&mut self, keep: usize) -> Self;

    /// Returns the number of items that the collector rejected, as in the response: it may be negative or too large.
    fn rejected_items(response: &Self::Response) -> i64;
}

/// A type that has a JSON encoding if the feature `otlp-json` is enabled.
#[cfg(feature = "otlp-json")]
pub(super) trait JsonBody: serde::Serialize + serde::de::DeserializeOwned {}
#[cfg(feature = "otlp-json")]
impl<T: serde::Serialize + serde::de::DeserializeOwned> JsonBody for T {}

/// A type that has a JSON encoding if the feature `otlp-json` is enabled.
#[cfg(not(feature = "otlp-json"))]
pub(super) trait JsonBody {}
#[cfg(not(feature = "otlp-json"))]
impl<T> JsonBody for T {}

/// Splits a request into parts of at most 4 MiB, in the order of the elements. `size` returns the encoded size of a
/// request in bytes. One element is never split, so a part with a single element may be larger.
pub(super) fn split<R: ExportRequest>(mut request: R, size: impl Fn(&R) -> usize + Copy) -> Vec<R> {
    let count = request.record_count();
    if count <= 1 || size(&request) <= MAX_REQUEST_BYTES {
        return vec![request];
    }
    let rest = request.split_off(count / 2);
    let mut parts = split(request, size);
    parts.extend(split(rest, size));
    parts
}

macro_rules! impl_export_request {
    (
        $request:ident { $resources:ident, $scopes:ident, $records:ident },
        $response:ident { $rejected:ident, $json:literal }
        $(, $items:item)?
    ) => {
        impl ExportRequest for $request {
            type Response = $response;

            #[cfg(feature = "otlp-json")]
            const REJECTED_JSON_FIELD: &str = $json;

            fn record_count(&self) -> usize {
                self.$resources.iter().flat_map(|resource| &resource.$scopes).map(|scope| scope.$records.len()).sum()
            }

            fn split_off(&mut self, keep: usize) -> Self {
                let mut remaining = keep;
                let mut rest = Self { $resources: Vec::new() };
                for resource in &mut self.$resources {
                    let mut second_resource = resource.clone();
                    for (first, second) in resource.$scopes.iter_mut().zip(&mut second_resource.$scopes) {
                        let count = remaining.min(first.$records.len());
                        remaining -= count;
                        first.$records.truncate(count);
                        second.$records.drain(..count);
                    }
                    resource.$scopes.retain(|scope| !scope.$records.is_empty());
                    second_resource.$scopes.retain(|scope| !scope.$records.is_empty());
                    rest.$resources.push(second_resource);
                }
                rest
            }

            fn rejected_items(response: &$response) -> i64 {
                response.partial_success.as_ref().map_or(0, |partial| partial.$rejected)
            }

            $($items)?
        }
    };
}

impl_export_request!(
    ExportTraceServiceRequest { resource_spans, scope_spans, spans },
    ExportTraceServiceResponse { rejected_spans, "rejectedSpans" }
);
impl_export_request!(
    ExportLogsServiceRequest { resource_logs, scope_logs, log_records },
    ExportLogsServiceResponse { rejected_log_records, "rejectedLogRecords" }
);
impl_export_request!(
    ExportMetricsServiceRequest { resource_metrics, scope_metrics, metrics },
    ExportMetricsServiceResponse { rejected_data_points, "rejectedDataPoints" },
    fn item_count(&self) -> usize {
        let scopes = self.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| &scope.metrics).map(data_point_count).sum()
    }
);

fn data_point_count(metric: &Metric) -> usize {
    match &metric.data {
        Some(Data::Gauge(data)) => data.data_points.len(),
        Some(Data::Sum(data)) => data.data_points.len(),
        Some(Data::Histogram(data)) => data.data_points.len(),
        Some(Data::ExponentialHistogram(data)) => data.data_points.len(),
        Some(Data::Summary(data)) => data.data_points.len(),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
    use opentelemetry_proto::tonic::trace::v1::ScopeSpans;
    use opentelemetry_proto::tonic::trace::v1::Span;
    use proptest::prelude::*;

    use super::*;

    fn request(scopes: &[usize], bytes: usize) -> ExportTraceServiceRequest {
        let mut number = 0;
        let mut span = || {
            number += 1;
            Span { name: format!("{number:04}{}", "-".repeat(bytes)), ..Span::default() }
        };
        let scope =
            |spans: &usize| ScopeSpans { spans: (0..*spans).map(|_| span()).collect(), ..ScopeSpans::default() };
        let scope_spans = scopes.iter().map(scope).collect();
        ExportTraceServiceRequest { resource_spans: vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }] }
    }

    fn names(request: &ExportTraceServiceRequest) -> Vec<&str> {
        let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| &scope.spans).map(|span| span.name.as_str()).collect()
    }

    proptest! {
        #[test]
        fn a_split_keeps_all_items_in_order(scopes in prop::collection::vec(0_usize..5, 0..5), at in 0_usize..30) {
            let original = request(&scopes, 4);
            let mut first = original.clone();
            let keep = at.min(original.record_count());
            let second = first.split_off(keep);
            prop_assert_eq!((first.record_count(), second.record_count()), (keep, original.record_count() - keep));
            prop_assert_eq!([names(&first), names(&second)].concat(), names(&original));
        }
    }

    #[test]
    fn only_a_request_above_the_limit_is_split() {
        let parts = split(request(&[3, 5, 0, 2], 1_000_000), Message::encoded_len);
        assert!(parts.len() > 1);
        assert_eq!(parts.iter().map(ExportRequest::item_count).sum::<usize>(), 10);
        assert!(parts.iter().all(|part| part.encoded_len() <= MAX_REQUEST_BYTES));
        assert_eq!(split(request(&[1], 5_000_000), Message::encoded_len).len(), 1, "a single item cannot be split");
        assert_eq!(split(request(&[3, 5], 10), Message::encoded_len).len(), 1);
    }
}
