//! Names of attributes, events and metrics in the OpenTelemetry GenAI semantic conventions, and enums of their values.
//!
//! [`attribute`], [`event`] and [`metric`] contain only names and are generated: `cargo xtask semconv` writes them from
//! the conventions' own data files. A profile is one version of the conventions and a module of names: `v1_41` is
//! v1.41.0, and `latest` is the unreleased GenAI conventions at the commit that `semconv/README.md` in the repository
//! states. [`value`] is written by hand and contains one enum for each metric label that has a fixed set of values.

pub mod attribute;
pub mod event;
pub mod metric;
pub mod value;
