//! The metric exporter: sends each collection of the SDK's periodic reader to the collector. No queue is needed, since
//! the next cumulative export contains the same data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_otlp::MetricExporter as OtlpMetricExporter;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::AggregatedMetrics;
use opentelemetry_sdk::metrics::data::MetricData;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::InitError;
use super::endpoint::OtlpEndpoint;
use super::exporter::Exporter;
use super::retry_sender::RetrySender;

/// The exporter that receives every collection of the SDK's reader. Its methods are called on the reader's thread;
/// requests are sent on the export thread.
pub(super) struct MetricExporter {
    exporter: Exporter<OtlpMetricExporter, ExportMetricsServiceRequest>,
    runtime: Handle,
    temporality: Temporality,
    /// Receives a permit when the reader has finished its last export.
    final_export_done: Arc<Semaphore>,
}

impl fmt::Debug for MetricExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricExporter").field("temporality", &self.temporality).finish_non_exhaustive()
    }
}

impl MetricExporter {
    pub(super) fn new(
        endpoint: &OtlpEndpoint,
        temporality: Temporality,
        sender: Arc<RetrySender>,
        runtime: Handle,
        final_export_done: Arc<Semaphore>,
    ) -> Result<Self, InitError> {
        let exporter = Exporter::new(endpoint, sender, runtime.clone(), |options| {
            options.apply(OtlpMetricExporter::builder().with_temporality(temporality).with_http()).build()
        })?;
        Ok(Self { exporter, runtime, temporality, final_export_done })
    }
}

impl PushMetricExporter for MetricExporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let is_accepted = match &self.exporter {
            Exporter::Http(http) => http.export(data_point_count(metrics), |exporter| exporter.export(metrics)).await,
            Exporter::Grpc(grpc) => {
                let (grpc, request) = (Arc::clone(grpc), ExportMetricsServiceRequest::from(metrics));
                let task = self.runtime.spawn(async move { grpc.export(request).await });
                task.await.map_err(|_| OTelSdkError::AlreadyShutdown)?
            }
        };
        match is_accepted {
            true => Ok(()),
            // The sender logs the reason itself.
            false => Err(OTelSdkError::InternalFailure("the metrics were not exported".to_owned())),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.final_export_done.add_permits(1);
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}

/// Returns the number of data points of a collection.
fn data_point_count(metrics: &ResourceMetrics) -> usize {
    fn points<T>(data: &MetricData<T>) -> usize {
        match data {
            MetricData::Gauge(gauge) => gauge.data_points().count(),
            MetricData::Sum(sum) => sum.data_points().count(),
            MetricData::Histogram(histogram) => histogram.data_points().count(),
            MetricData::ExponentialHistogram(histogram) => histogram.data_points().count(),
        }
    }
    let metrics = metrics.scope_metrics().flat_map(|scope| scope.metrics());
    let counts = metrics.map(|metric| match metric.data() {
        AggregatedMetrics::F64(data) => points(data),
        AggregatedMetrics::U64(data) => points(data),
        AggregatedMetrics::I64(data) => points(data),
    });
    counts.sum()
}
