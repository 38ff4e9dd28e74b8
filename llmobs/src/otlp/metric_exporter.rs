//! The metric exporter: sends each collection of the SDK's periodic reader to the collector. No queue is needed, since
//! the next cumulative export contains the same data.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::Temporality;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::exporter::DeadlineReceiver;
use super::exporter::RetryingExporter;
use super::request_split::encode_split;

/// The exporter that receives every collection of the SDK's reader. Its methods are called on the reader's thread;
/// requests are sent on the export thread.
pub(super) struct MetricExporter {
    pub(super) exporter: Arc<RetryingExporter>,
    pub(super) runtime: Handle,
    pub(super) temporality: Temporality,
    pub(super) deadline: DeadlineReceiver,
    /// Receives a permit when the reader has finished its last export.
    pub(super) final_export_done: Arc<Semaphore>,
}

impl fmt::Debug for MetricExporter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MetricExporter").field("temporality", &self.temporality).finish_non_exhaustive()
    }
}

impl PushMetricExporter for MetricExporter {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let messages = encode_split(ExportMetricsServiceRequest::from(metrics));
        let (exporter, mut deadline) = (Arc::clone(&self.exporter), self.deadline.clone());
        let task = self.runtime.spawn(async move {
            let mut all_accepted = true;
            for (message, data_points) in messages {
                all_accepted &= exporter.export(message, data_points, &mut deadline).await;
            }
            all_accepted
        });
        match task.await {
            Ok(true) => Ok(()),
            // The exporter logs the reason itself.
            Ok(false) => Err(OTelSdkError::InternalFailure("the metrics were not exported".to_owned())),
            Err(_) => Err(OTelSdkError::AlreadyShutdown),
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
