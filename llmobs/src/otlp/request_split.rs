//! Splitting of requests that are too large for a collector.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use prost::Message;

/// The largest request in bytes: the default message limit of gRPC, which many collectors do not change.
const LARGEST: usize = 4 * 1024 * 1024;

/// A request that can be split between its elements.
pub(super) trait SplittableRequest: Message + Sized {
    /// Returns the number of elements (spans, log records or metrics) between which the request can be split.
    fn len(&self) -> usize;

    /// Returns the number of items that are dropped with the request: spans, log records or data points.
    fn items(&self) -> usize {
        self.len()
    }

    /// Keeps the first `keep` elements and returns a second request with the remaining ones.
    fn cut(&mut self, keep: usize) -> Self;
}

/// Encodes a request into bytes. Splits it into several requests if it is larger than 4 MiB; one element is never
/// split. Returns each request with the number of its items.
pub(super) fn pack(mut parcel: impl SplittableRequest) -> Vec<(Vec<u8>, usize)> {
    let things = parcel.len();
    if things <= 1 || parcel.encoded_len() <= LARGEST {
        return vec![(parcel.encode_to_vec(), parcel.items())];
    }
    let rest = parcel.cut(things / 2);
    let mut packed = pack(parcel);
    packed.extend(pack(rest));
    packed
}

macro_rules! impl_splittable_request {
    ($request:ident { $resources:ident, $scopes:ident, $things:ident } $(, $items:item)?) => {
        impl SplittableRequest for $request {
            fn len(&self) -> usize {
                self.$resources.iter().flat_map(|of| &of.$scopes).map(|of| of.$things.len()).sum()
            }

            fn cut(&mut self, keep: usize) -> Self {
                let mut left = keep;
                let mut rest = Self { $resources: Vec::new() };
                for resource in &mut self.$resources {
                    let mut others = resource.clone();
                    for (mine, other) in resource.$scopes.iter_mut().zip(&mut others.$scopes) {
                        let kept = left.min(mine.$things.len());
                        left -= kept;
                        mine.$things.truncate(kept);
                        other.$things.drain(..kept);
                    }
                    resource.$scopes.retain(|scope| !scope.$things.is_empty());
                    others.$scopes.retain(|scope| !scope.$things.is_empty());
                    rest.$resources.push(others);
                }
                rest
            }

            $($items)?
        }
    };
}

impl_splittable_request!(ExportTraceServiceRequest { resource_spans, scope_spans, spans });
impl_splittable_request!(ExportLogsServiceRequest { resource_logs, scope_logs, log_records });
impl_splittable_request!(
    ExportMetricsServiceRequest { resource_metrics, scope_metrics, metrics },
    fn items(&self) -> usize {
        let scopes = self.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
        scopes.flat_map(|scope| &scope.metrics).map(points).sum()
    }
);

fn points(metric: &Metric) -> usize {
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
        fn a_cut_keeps_every_item_and_their_order(scopes in prop::collection::vec(0_usize..5, 0..5), at in 0_usize..30) {
            let whole = request(&scopes, 4);
            let mut first = whole.clone();
            let keep = at.min(whole.len());
            let second = first.cut(keep);
            prop_assert_eq!((first.len(), second.len()), (keep, whole.len() - keep));
            prop_assert_eq!([names(&first), names(&second)].concat(), names(&whole));
        }
    }

    #[test]
    fn what_is_too_large_goes_in_several_requests_and_what_is_not_in_one() {
        let packed = pack(request(&[3, 5, 0, 2], 1_000_000));
        assert!(packed.len() > 1);
        assert_eq!(packed.iter().map(|(_, items)| items).sum::<usize>(), 10);
        assert!(packed.iter().all(|(body, _)| body.len() <= LARGEST));
        assert_eq!(pack(request(&[1], 5_000_000)).len(), 1, "a single item cannot be split");
        assert_eq!(pack(request(&[3, 5], 10)).len(), 1);
    }
}
