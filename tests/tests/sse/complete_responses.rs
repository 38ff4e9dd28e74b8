//! Answers that were not streamed.

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Usage;
use llmobs::sse::Dialect;
use llmobs::sse::parse_response;
use serde_json::json;

use crate::transcripts;

#[test]
fn each_provider_reports_its_usage_with_the_parts_inside_the_totals() {
    let cases = [
        (
            Dialect::OpenAi,
            json!({"id": "c1", "model": "gpt-4o", "choices": [
                {"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"},
                {"index": 1, "message": {"content": "Ho"}, "finish_reason": "content_filter"},
            ], "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 64}, "completion_tokens_details": {"reasoning_tokens": 30}}}),
            Usage::new().input(100).cache_read(64).output(50).reasoning(30),
            vec![FinishReason::Stop, FinishReason::ContentFilter],
            (Some("c1"), Some("gpt-4o")),
        ),
        (
            Dialect::OpenAi,
            json!({"id": "resp_1", "object": "response", "status": "completed", "model": "gpt-5", "error": null,
                "output": [{"type": "message"}],
                "usage": {"input_tokens": 9, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 4,
                    "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 13}}),
            Usage::new().input(9).cache_read(0).output(4).reasoning(0),
            vec![FinishReason::Stop],
            (Some("resp_1"), Some("gpt-5")),
        ),
        (
            Dialect::Anthropic,
            json!({"id": "msg_1", "type": "message", "model": "claude", "stop_reason": "end_turn", "content": [
                {"type": "text", "text": "Hi"}], "usage": {"input_tokens": 10, "cache_creation_input_tokens": 5,
                "cache_read_input_tokens": 85, "output_tokens": 7}}),
            Usage::new().input(100).cache_read(85).cache_write(5).output(7),
            vec![FinishReason::Stop],
            (Some("msg_1"), Some("claude")),
        ),
        (
            Dialect::Gemini,
            json!({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "SAFETY"}],
                "usageMetadata": {"promptTokenCount": 10, "candidatesTokenCount": 3, "thoughtsTokenCount": 9},
                "modelVersion": "gemini", "responseId": "r1"}),
            Usage::new().input(10).output(12).reasoning(9),
            vec![FinishReason::ContentFilter],
            (Some("r1"), Some("gemini")),
        ),
        (
            Dialect::Ollama,
            json!({"model": "llama", "response": "Hi", "done": true, "done_reason": "length",
                "prompt_eval_count": 6, "eval_count": 2}),
            Usage::new().input(6).output(2),
            vec![FinishReason::Length],
            (None, Some("llama")),
        ),
    ];
    for (dialect, body, expected, reasons, (id, model)) in cases {
        let found = parse_response(dialect, body.to_string().as_bytes()).unwrap();
        assert_eq!(found.usage, Some(expected), "{body}");
        assert_eq!(found.finish_reasons, reasons, "{body}");
        assert_eq!((found.id.as_deref(), found.model.as_deref(), found.error), (id, model, None), "{body}");
    }
}

#[test]
fn a_gemini_array_is_a_body_too() {
    let found = parse_response(Dialect::Gemini, transcripts::gemini_array).unwrap();
    assert_eq!(found.usage, Some(Usage::new().input(5).output(12)));
    assert_eq!(found.finish_reasons, [FinishReason::Length]);
}

#[test]
fn embeddings_have_input_only() {
    let body = br#"{"object":"list","model":"e","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}"#;
    assert_eq!(parse_response(Dialect::OpenAi, body).unwrap().usage, Some(Usage::new().input(8)));
}

#[test]
fn an_error_is_classified() {
    let body = br#"{"error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"too long"}}"#;
    assert_eq!(parse_response(Dialect::OpenAi, body).unwrap().error, Some(ErrorType::InvalidRequest));
}

#[test]
fn a_body_that_is_not_an_answer_gives_nothing() {
    for body in ["", "{", "[]", "3", "{}", "<html>502 Bad Gateway</html>", r#"{"usage":"many"}"#] {
        assert_eq!(parse_response(Dialect::OpenAi, body.as_bytes()), None, "{body}");
    }
}
