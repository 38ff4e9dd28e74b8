//! The typed values that the times of an operation name.

#[path = "../../../llmobs/src/semconv/value.rs"]
pub(crate) mod value;
