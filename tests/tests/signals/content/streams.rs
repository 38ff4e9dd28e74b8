//! The text of streams, captured chunk by chunk.

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::FinishReason;
use llmobs::Role;
use llmobs::capture::ContentCapture;

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;

fn captured_output(backend: &TracingBackend) -> serde_json::Value {
    let span = attributes(&backend.span(&format!("chat {MODEL}")));
    let json = span.get("gen_ai.output.messages").map_or_else(|| "[]".to_owned(), ToString::to_string);
    serde_json::from_str::<serde_json::Value>(&json).unwrap()
}

#[tokio::test]
async fn the_texts_of_a_stream_of_strings_are_captured() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let items = ["call +44 20 79", "46 09", "58 now"].map(|text| Ok::<_, ()>(text.to_owned()));
    let item_count = observer.chat(MODEL).start().observe(stream::iter(items)).count().await;
    assert_eq!(item_count, 3);
    assert_eq!(captured_output(&backend)[0]["parts"][0]["content"], "call [PHONE] now");
}

#[tokio::test]
async fn a_stream_item_that_describes_its_chunk_gives_its_text_too() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker().clone();
    let observed = operation.observe_with(stream::iter(["Let me think.", "Rain."]), move |text: &&str| {
        if text.starts_with("Let") {
            marker.output_reasoning(0, text);
            return Chunk::reasoning(4);
        }
        marker.output_text(0, text);
        Chunk::tokens(2)
    });
    assert_eq!(observed.count().await, 2);
    let output = captured_output(&backend);
    assert_eq!(output[0]["parts"][0], serde_json::json!({"type": "reasoning", "content": "Let me think."}));
    assert_eq!(output[0]["parts"][1], serde_json::json!({"type": "text", "content": "Rain."}));
    assert_eq!(output[0]["finish_reason"], "stop");
}

#[test]
fn a_truncated_answer_does_not_end_in_half_of_a_key() {
    for (reason, expected) in [
        (Some(FinishReason::Length), "The key is "),
        (Some(FinishReason::Stop), "The key is sk-ant-api03-a8F"),
        (None, "The key is "),
    ] {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Server).capture(ContentCapture::Spans).build().unwrap();
        let operation = observer.chat(MODEL).start();
        let marker = operation.marker().clone();
        marker.output_text(0, "The key is sk-ant-api03-a8F");
        reason.into_iter().for_each(|reason| marker.finish_reason(reason));
        drop(operation);
        assert_eq!(captured_output(&backend)[0]["parts"][0]["content"], expected);
    }
}

#[tokio::test]
async fn a_tool_call_comes_in_chunks_of_json() {
    let backend = TracingBackend::new();
    let observer = backend.builder(Role::Client).capture(ContentCapture::Spans).build().unwrap();
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker().clone();
    marker.output_tool_call(0, 0, Some("call_1"), Some("mail"), "");
    marker.output_tool_call(0, 0, None, None, r#"{"to":"jane@ex"#);
    marker.output_tool_call(0, 0, None, None, r#"ample.org"}"#);
    operation.complete();
    let part = &captured_output(&backend)[0]["parts"][0];
    let expected =
        serde_json::json!({"type": "tool_call", "id": "call_1", "name": "mail", "arguments": {"to": "[EMAIL]"}});
    assert_eq!(*part, expected);
}
