//! Holds targets only; see the files beside `Cargo.toml`.
