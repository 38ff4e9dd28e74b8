//! The names of the OpenTelemetry GenAI semantic conventions, and typed values of their attributes.
//!
//! [`attribute`], [`event`], [`metric`] and [`span`] are generated from the conventions' own data (see
//! `semconv/README.md` in the repository). [`value`] is written by hand and contains one enum for each attribute that
//! llmobs uses as a label.

pub mod attribute;
pub mod definition;
pub mod event;
pub mod metric;
pub mod span;
pub mod value;
