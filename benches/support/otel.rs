//! A meter provider of the SDK that records for a reader.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::PeriodicReader;
use opentelemetry_sdk::metrics::SdkMeterProvider;

/// One reader, which collects long after the bench is over.
pub(crate) fn provider() -> SdkMeterProvider {
    let reader = PeriodicReader::builder(InMemoryMetricExporter::default()).with_interval(Duration::from_secs(86_400));
    SdkMeterProvider::builder().with_reader(reader.build()).build()
}

/// The attributes that any hand-made instrument of this field has: operation, provider, model, and one more.
pub(crate) fn attributes(more: (&'static str, &'static str)) -> [KeyValue; 4] {
    [
        KeyValue::new("gen_ai.operation.name", "chat"),
        KeyValue::new("gen_ai.provider.name", "candle"),
        KeyValue::new("gen_ai.request.model", MODEL),
        KeyValue::new(more.0, more.1),
    ]
}

/// The model that everything is measured with.
pub(crate) const MODEL: &str = "smollm2-135m-instruct";
