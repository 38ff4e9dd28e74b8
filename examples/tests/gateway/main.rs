//! Tests the gateway as its users run it: the real program between real clients and real servers, over real sockets.

#![expect(clippy::expect_used, clippy::print_stdout, reason = "a test may fail, and says what it measured")]

mod content;
mod ends;
mod labels;
mod llama;
mod numbers;
mod openai;
mod passing;
mod support;
