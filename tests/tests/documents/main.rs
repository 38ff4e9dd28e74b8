//! The documents that this repository's code must match.

mod privacy;
mod readme;
