//! Holds targets only; see the files beside `Cargo.toml`. Pages of the guide whose code is run are targets too.

#[cfg(doctest)]
#[doc = include_str!("../../docs/guide/privacy.md")]
mod privacy {}
