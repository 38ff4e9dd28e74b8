//! An empty library for the example targets; see the files beside `Cargo.toml`.
