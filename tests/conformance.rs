//! Everything that the library can export, held against the conventions' own definitions, for both profiles.

#[path = "support"]
mod support {
    #![allow(dead_code, reason = "other tests use the rest")]

    pub mod conventions;
}

#[path = "conformance/checker.rs"]
mod checker;
