//! Metrics, from the SDK's periodic reader to the collector. They need no queue: the next export has it all.

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

use super::courier::Courier;
use super::courier::Deadline;
use super::parcel::pack;

/// What the SDK's reader gives every collection to. It runs on the reader's own thread, and sends on the pipeline's.
pub(super) struct Metrics {
    pub(super) courier: Arc<Courier>,
    pub(super) runtime: Handle,
    pub(super) temporality: Temporality,
    pub(super) deadline: Deadline,
    /// Gets its permit when the reader has exported for the last time.
    pub(super) finished: Arc<Semaphore>,
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").field("temporality", &self.temporality).finish_non_exhaustive()
    }
}

impl PushMetricExporter for Metrics {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let messages = pack(ExportMetricsServiceRequest::from(metrics));
        let (courier, mut deadline) = (Arc::clone(&self.courier), self.deadline.clone());
        let sent = self.runtime.spawn(async move {
            let mut all = true;
            for (message, points) in messages {
                all &= courier.deliver(message, points, &mut deadline).await;
            }
            all
        });
        match sent.await {
            Ok(true) => Ok(()),
            // The courier has said why.
            Ok(false) => Err(OTelSdkError::InternalFailure("the export failed".to_owned())),
            Err(_) => Err(OTelSdkError::AlreadyShutdown),
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.finished.add_permits(1);
        Ok(())
    }

    fn temporality(&self) -> Temporality {
        self.temporality
    }
}
