//! The words of the OpenTelemetry GenAI semantic conventions, and typed values over them.
//!
//! [`attribute`] and [`metric`] are generated from the conventions' own data (see `semconv/README.md` in the
//! repository); [`value`] is written by hand, one enum for each word that llmobs lets into a label.

pub mod attribute;
pub mod definition;
pub mod metric;
pub mod value;
