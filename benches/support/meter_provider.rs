//! An SDK meter provider with one reader.

use std::time::Duration;

use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;

/// Returns a provider with one reader, whose first collection is due only after a day.
pub(crate) fn meter_provider() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).with_interval(Duration::from_secs(86_400));
    SdkMeterProvider::builder().with_reader(reader.build()).build()
}

/// The model name in all benches.
pub(crate) const MODEL: &str = "smollm2-135m-instruct";
