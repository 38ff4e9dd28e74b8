//! Shares code between test programs.

pub mod callsites;
