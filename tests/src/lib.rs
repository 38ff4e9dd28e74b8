//! A package of test targets only; see the files beside `Cargo.toml`.
