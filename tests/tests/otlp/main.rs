//! The pipeline against a collector in the test's process, which accepts both protocols or fails in chosen ways.

#![cfg(feature = "otlp")]

mod accounting;
mod check;
mod collector_failures;
mod content;
mod delivery;
mod environment;
mod export_loop;
mod fixture;
mod logs;
mod recovery;
mod runtimes;
mod self_metrics;
mod tail_sampling;
mod tls;
