//! Shows: observed streams of the crate `async-openai`, in the client role. `adapter.rs` is the part to copy.
//!
//! Run: `OPENAI_BASE_URL=http://127.0.0.1:8080/v1 cargo run -p async-openai-client -- MODEL PROMPT`, with `axum-chat` or
//! any other server at that address.
//!
//! You will see: the answer as it streams, then the metrics of the observer.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

mod adapter;

use std::error::Error;
use std::io::Write;

use async_openai::Client;
use async_openai::error::OpenAIError;
use async_openai::types::chat::ChatCompletionRequestUserMessage;
use async_openai::types::chat::ChatCompletionStreamOptions;
use async_openai::types::chat::CreateChatCompletionRequest;
use async_openai::types::chat::CreateChatCompletionRequestArgs;
use futures_util::StreamExt;
use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::catalog::Level;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(model), Some(prompt)) = (arguments.next(), arguments.next()) else {
        return Err("usage: MODEL PROMPT, with the base URL in OPENAI_BASE_URL".into());
    };
    let observer = Observer::builder()
        .role(Role::Client)
        .level(Level::Standard)
        .provider(Provider::OpenAi)
        .model(model.as_str())
        .build()?;

    let result = answer(&observer, request(&model, &prompt)?).await;
    println!();
    let page = llmobs::prometheus::page(&observer, None).body;
    let has_value = |line: &&str| !line.starts_with('#') && !line.contains("_bucket") && !line.ends_with(" 0");
    for line in page.lines().filter(has_value) {
        println!("{line}");
    }
    Ok(result?)
}

async fn answer(observer: &Observer, request: CreateChatCompletionRequest) -> Result<(), OpenAIError> {
    let mut stream = adapter::chat(observer, &Client::new(), request).await?;
    while let Some(chunk) = stream.next().await {
        for choice in chunk?.choices {
            print!("{}", choice.delta.content.unwrap_or_default());
            let _ = std::io::stdout().flush();
        }
    }
    Ok(())
}

fn request(model: &str, prompt: &str) -> Result<CreateChatCompletionRequest, OpenAIError> {
    CreateChatCompletionRequestArgs::default()
        .model(model)
        .messages([ChatCompletionRequestUserMessage::from(prompt).into()])
        .max_completion_tokens(64_u32)
        // Without this option the server reports no token counts, and deltas are counted instead.
        .stream_options(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None })
        .build()
}
