//! The requests and items that the test collector received.

use std::collections::BTreeMap;
use std::sync::Condvar;
use std::sync::Mutex;
use std::time::Duration;

use hyper::Request;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;

/// The time limit of `wait_until`.
const TIMEOUT: Duration = Duration::from_secs(20);

/// One received item, with the resource and the scope that it arrived under.
#[derive(Debug, Clone)]
pub struct ReceivedItem<T> {
    pub resource: Resource,
    pub scope: InstrumentationScope,
    pub item: T,
}

/// Everything received so far, by signal, and the requests that carried it.
#[derive(Debug, Default, Clone)]
pub struct ReceivedData {
    pub spans: Vec<ReceivedItem<Span>>,
    /// Metrics of every export, in the order of arrival.
    pub metrics: Vec<ReceivedItem<Metric>>,
    pub logs: Vec<ReceivedItem<LogRecord>>,
    /// The path and the headers of each request, accepted or not.
    pub requests: Vec<(String, BTreeMap<String, String>)>,
    /// The decompressed body of each accepted request. Bodies of gRPC requests are encoded again from the decoded
    /// message.
    pub bodies: Vec<Vec<u8>>,
    /// Number of connections that were accepted.
    pub connections: usize,
}

/// Shared storage of the received items.
#[derive(Debug, Default)]
pub struct Inbox {
    data: Mutex<ReceivedData>,
    changed: Condvar,
}

impl Inbox {
    /// Returns a copy of everything received so far.
    pub fn snapshot(&self) -> ReceivedData {
        self.data.lock().unwrap().clone()
    }

    pub fn spans(&self) -> Vec<ReceivedItem<Span>> {
        self.data.lock().unwrap().spans.clone()
    }

    pub fn metrics(&self) -> Vec<ReceivedItem<Metric>> {
        self.data.lock().unwrap().metrics.clone()
    }

    pub fn logs(&self) -> Vec<ReceivedItem<LogRecord>> {
        self.data.lock().unwrap().logs.clone()
    }

    /// Waits until the received data satisfies `condition`. Panics with `what` and the numbers of received items after
    /// 20 seconds.
    pub fn wait_until(&self, what: &str, condition: impl Fn(&ReceivedData) -> bool) {
        let data = self.data.lock().unwrap();
        let (data, waited) = self.changed.wait_timeout_while(data, TIMEOUT, |data| !condition(data)).unwrap();
        assert!(
            !waited.timed_out(),
            "{what}: {} spans, {} metrics, {} logs in {} requests were received",
            data.spans.len(),
            data.metrics.len(),
            data.logs.len(),
            data.requests.len()
        );
    }

    /// Discards everything received so far, and sets the number of connections to zero.
    pub fn clear(&self) {
        *self.data.lock().unwrap() = ReceivedData::default();
    }

    pub(super) fn record_connection(&self) {
        self.update(|data| data.connections += 1);
    }

    pub(super) fn record_request<B>(&self, request: &Request<B>) {
        let text = |value: &hyper::header::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = request.headers().iter().map(|(name, value)| (name.to_string(), text(value))).collect();
        self.update(|data| data.requests.push((request.uri().path().to_owned(), headers)));
    }

    pub(super) fn record_body(&self, body: Vec<u8>) {
        self.update(|data| data.bodies.push(body));
    }

    pub(super) fn add_spans(&self, request: ExportTraceServiceRequest) {
        self.update(|data| {
            for batch in request.resource_spans {
                for group in batch.scope_spans {
                    let (resource, scope) = (batch.resource.clone(), group.scope);
                    data.spans.extend(group.spans.into_iter().map(|item| received_item(&resource, &scope, item)));
                }
            }
        });
    }

    pub(super) fn add_metrics(&self, request: ExportMetricsServiceRequest) {
        self.update(|data| {
            for batch in request.resource_metrics {
                for group in batch.scope_metrics {
                    let (resource, scope) = (batch.resource.clone(), group.scope);
                    data.metrics.extend(group.metrics.into_iter().map(|item| received_item(&resource, &scope, item)));
                }
            }
        });
    }

    pub(super) fn add_logs(&self, request: ExportLogsServiceRequest) {
        self.update(|data| {
            for batch in request.resource_logs {
                for group in batch.scope_logs {
                    let (resource, scope) = (batch.resource.clone(), group.scope);
                    data.logs.extend(group.log_records.into_iter().map(|item| received_item(&resource, &scope, item)));
                }
            }
        });
    }

    fn update(&self, update: impl FnOnce(&mut ReceivedData)) {
        update(&mut self.data.lock().unwrap());
        self.changed.notify_all();
    }
}

fn received_item<T>(resource: &Option<Resource>, scope: &Option<InstrumentationScope>, item: T) -> ReceivedItem<T> {
    ReceivedItem { resource: resource.clone().unwrap_or_default(), scope: scope.clone().unwrap_or_default(), item }
}

impl ReceivedData {
    /// Returns the value of a counter or gauge in the last export that contains the metric, summed over the series
    /// whose attributes include `with`; zero if no series does. For a counter, that is the total only with cumulative
    /// temporality. Returns `None` if no export contains the metric, or if it is of another kind.
    pub fn last_sum(&self, name: &str, with: &[(&str, &str)]) -> Option<f64> {
        let metric = self.metrics.iter().rev().find(|metric| metric.item.name == name)?;
        let points = match metric.item.data.as_ref()? {
            Data::Sum(sum) => &sum.data_points,
            Data::Gauge(gauge) => &gauge.data_points,
            _ => return None,
        };
        let chosen = points.iter().filter(|point| includes(&point.attributes, with));
        Some(
            chosen
                .map(|point| match point.value {
                    Some(number_data_point::Value::AsDouble(value)) => value,
                    Some(number_data_point::Value::AsInt(value)) => value as f64,
                    None => 0.0,
                })
                .sum(),
        )
    }

    /// Returns the count of a histogram in the last export that contains the metric, summed over the series whose
    /// attributes include `with`; zero if no series does. Returns `None` if no export contains the metric, or if it is
    /// of another kind.
    pub fn last_count(&self, name: &str, with: &[(&str, &str)]) -> Option<u64> {
        let metric = self.metrics.iter().rev().find(|metric| metric.item.name == name)?;
        match metric.item.data.as_ref()? {
            Data::Histogram(histogram) => {
                let chosen = histogram.data_points.iter().filter(|point| includes(&point.attributes, with));
                Some(chosen.map(|point| point.count).sum())
            }
            Data::ExponentialHistogram(histogram) => {
                let chosen = histogram.data_points.iter().filter(|point| includes(&point.attributes, with));
                Some(chosen.map(|point| point.count).sum())
            }
            _ => None,
        }
    }
}

/// Returns the value of an attribute, formatted as text, with commas between the elements of a list; `None` if the
/// attribute is missing or has no value.
pub fn attribute(attributes: &[KeyValue], name: &str) -> Option<String> {
    attributes.iter().find(|pair| pair.key == name).and_then(|pair| pair.value.as_ref()).map(value_text)
}

fn includes(attributes: &[KeyValue], expected: &[(&str, &str)]) -> bool {
    expected.iter().all(|(name, value)| attribute(attributes, name).as_deref() == Some(*value))
}

fn value_text(value: &AnyValue) -> String {
    match &value.value {
        Some(Value::StringValue(value)) => value.clone(),
        Some(Value::BoolValue(value)) => value.to_string(),
        Some(Value::IntValue(value)) => value.to_string(),
        Some(Value::DoubleValue(value)) => value.to_string(),
        Some(Value::ArrayValue(array)) => array.values.iter().map(value_text).collect::<Vec<_>>().join(","),
        other => format!("{other:?}"),
    }
}
