//! The documents that this repository's code must match.

mod pages;
mod privacy;
mod readme;
