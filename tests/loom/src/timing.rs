//! The part of `llmobs::timing` that the times of an operation need.

#[path = "../../../llmobs/src/timing/marks.rs"]
mod marks;

pub(crate) use self::marks::Marks;
