//! The pipeline against a collector in the test's process, which accepts both protocols or fails in chosen ways.

mod support;

#[path = "otlp/accounting.rs"]
mod accounting;
#[path = "otlp/check.rs"]
mod check;
#[path = "otlp/collector_failures.rs"]
mod collector_failures;
#[path = "otlp/content.rs"]
mod content;
#[path = "otlp/delivery.rs"]
mod delivery;
#[path = "otlp/environment.rs"]
mod environment;
#[path = "otlp/export_loop.rs"]
mod export_loop;
#[path = "otlp/fixture.rs"]
mod fixture;
#[path = "otlp/recovery.rs"]
mod recovery;
#[path = "otlp/runtimes.rs"]
mod runtimes;
#[path = "otlp/self_metrics.rs"]
mod self_metrics;
#[path = "otlp/tail_sampling.rs"]
mod tail_sampling;
#[path = "otlp/tls.rs"]
mod tls;
