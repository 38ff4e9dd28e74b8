//! The words of the OpenTelemetry GenAI semantic conventions, and typed values over them.
//!
//! [`attribute`], [`event`], [`metric`] and [`span`] are generated from the conventions' own data (see
//! `semconv/README.md` in the repository); [`value`] is written by hand, one enum for each word that llmobs lets into a
//! label.

pub mod attribute;
pub mod definition;
pub mod event;
pub mod metric;
pub mod span;
pub mod value;
