//! A meter provider of the SDK that records for a reader.

use std::time::Duration;

use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;

/// One reader, which collects long after the bench is over.
pub(crate) fn provider() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).with_interval(Duration::from_secs(86_400));
    SdkMeterProvider::builder().with_reader(reader.build()).build()
}

/// The model that everything is measured with.
pub(crate) const MODEL: &str = "smollm2-135m-instruct";
