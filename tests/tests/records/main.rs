//! The records of operations: exactly one for each end, in every way to end, equal to the metrics and to the log event; the
//! callbacks and the channel that deliver them; and which values they contain.

mod books;
mod callbacks;
mod channel;
mod fields;
mod json;
mod stress;
mod ways_to_end;
