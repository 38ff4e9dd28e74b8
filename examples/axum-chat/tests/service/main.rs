//! Tests the service as its users run it: the real program, over real sockets, measured from outside.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test may fail, and says what it measured")]

mod answers;
mod captured;
mod fetching;
mod gpu;
mod leaks;
mod leaving;
mod limits;
mod model;
mod page;
mod readers;
mod refusals;
mod shutdown;
mod support;
mod telling;
