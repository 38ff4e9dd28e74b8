//! Services that have telemetry and a web framework already, each in one file, and the few lines that add llmobs to it:
//! those that end in `// llmobs`, which `llmobs/docs/guide/versions.md` counts. Each test makes calls over loopback and
//! reads the spans, the metrics page and the log that the host's own exporters produce.

mod axum_0_7;
mod client_library_spans;
mod forward;
mod gateway_axum_0_7;
mod guide;
mod hyper_alone;
mod metrics_page;
mod opentelemetry_0_31;
mod opentelemetry_0_32;
mod prometheus_page;
mod reqwest_client;
mod spawned_generator;
mod subscriber;
mod trace_layer;
