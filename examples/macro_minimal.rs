//! Shows: one attribute on a function, and the metrics of its calls. Needs neither a server nor an engine.
//!
//! Run: `cargo run -p llmobs-examples --example macro_minimal`
//!
//! You will see: two answers, and under `llmobs_operation_ended_total` one operation that completed and one that was
//! rejected.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::llm_span;

#[llm_span(chat, model = model)]
async fn chat(model: &str, prompt: &str) -> Result<String, ErrorType> {
    if prompt.is_empty() { Err(ErrorType::InvalidRequest) } else { Ok(format!("your prompt: {prompt}")) }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmobs::BuildError> {
    let observer = Observer::builder().model("echo").build()?;
    for prompt in ["hello", ""] {
        println!("{:?}", observer.scope(chat("echo", prompt)).await);
    }
    let page = llmobs::prometheus::page(&observer, None).body;
    for line in page.lines().filter(|line| line.contains("_ended_total{") && line.ends_with(" 1")) {
        println!("{line}");
    }
    Ok(())
}
