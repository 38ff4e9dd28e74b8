//! The definitions of the OpenTelemetry semantic conventions, as tables for each profile. The library has only the names.
//!
//! [`attribute`], [`event`], [`llmobs`], [`metric`] and [`span`] are generated, as the names are: `semconv/README.md` in the
//! repository names the versions of the conventions. [`definition`] is written by hand.

pub mod attribute;
pub mod definition;
pub mod event;
pub mod llmobs;
pub mod metric;
pub mod span;
