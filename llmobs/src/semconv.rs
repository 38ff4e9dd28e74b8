//! The names of the OpenTelemetry GenAI semantic conventions, and typed values of their attributes.
//!
//! [`attribute`], [`event`] and [`metric`] contain only names and are generated: `cargo xtask semconv` writes them from
//! the conventions' own data files. The profile `v1_41` has the names of v1.41.0 of the conventions, and `latest` those
//! of the unreleased GenAI conventions; `semconv/README.md` in the repository lists the commits. [`value`] is written by
//! hand and contains one enum for each attribute that llmobs uses as a label.

pub mod attribute;
pub mod event;
pub mod metric;
pub mod value;
