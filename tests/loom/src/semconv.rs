//! The typed attribute values that the times of an operation use.

#[path = "../../../llmobs/src/semconv/value.rs"]
pub(crate) mod value;
