//! Operations that many threads mark, read and end at the same time.

mod ending_counts;
mod marker_races;
