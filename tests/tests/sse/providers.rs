//! The decoded contents of each provider's answer.

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Usage;
use llmobs::sse::Decoder;
use llmobs::sse::DeltaKind;
use llmobs::sse::Dialect;
use llmobs::sse::Event;

use crate::transcripts;

/// A summary of an answer: its deltas by choice and kind, in order, and its other events.
#[derive(Debug, Default, PartialEq)]
pub struct DecodedSummary {
    pub deltas: Vec<(u32, DeltaKind)>,
    pub finish_reasons: Vec<(u32, FinishReason)>,
    pub usage: Option<Usage>,
    names: Vec<String>,
    errors: Vec<ErrorType>,
    done_events: usize,
}

/// Decodes an answer whose frames are all JSON and within the bound.
fn decode(dialect: Dialect, bytes: &[u8]) -> DecodedSummary {
    let (summary, decoder) = summarize(dialect, bytes);
    assert_eq!((decoder.skipped_frames(), decoder.malformed_frames()), (0, 0));
    summary
}

/// Decodes an answer. Returns its summary, and the decoder with its counts.
pub fn summarize(dialect: Dialect, bytes: &[u8]) -> (DecodedSummary, Decoder) {
    let mut summary = DecodedSummary::default();
    let mut decoder = Decoder::new(dialect);
    let mut on = |event: Event<'_>| match event {
        Event::Delta { choice, kind, .. } => summary.deltas.push((choice, kind)),
        Event::Done => summary.done_events += 1,
        Event::Error(error) => summary.errors.push(error),
        Event::FinishReason { choice, reason, .. } => summary.finish_reasons.push((choice, reason)),
        Event::Id(name) | Event::Model(name) => summary.names.push(name.to_owned()),
        Event::Usage(usage) => summary.usage = Some(usage),
        _ => {}
    };
    decoder.feed(bytes, &mut on);
    decoder.finish(&mut on);
    (summary, decoder)
}

pub fn choice_0_deltas(kinds: &[DeltaKind]) -> Vec<(u32, DeltaKind)> {
    kinds.iter().map(|kind| (0, *kind)).collect()
}

use DeltaKind::Content;
use DeltaKind::Reasoning;
use DeltaKind::ToolCall;

#[test]
fn an_openai_chat_includes_its_cached_tokens_and_its_role_is_not_a_delta() {
    let expected = DecodedSummary {
        deltas: choice_0_deltas(&[Content, Content]),
        finish_reasons: vec![(0, FinishReason::Stop)],
        usage: Some(Usage::new().input(1_200).cache_read(1_024).output(9).reasoning(0)),
        names: vec!["chatcmpl-7".to_owned(), "gpt-4o-mini-2024-07-18".to_owned()],
        errors: vec![],
        done_events: 1,
    };
    assert_eq!(decode(Dialect::OpenAi, transcripts::openai_chat), expected);
}

#[test]
fn reasoning_has_two_field_names_and_a_tool_call_is_mapped_to_the_conventions_value() {
    let summary = decode(Dialect::OpenAi, transcripts::openai_reasoning_and_tools);
    assert_eq!(summary.deltas, choice_0_deltas(&[Reasoning, Reasoning, ToolCall, ToolCall, ToolCall]));
    assert_eq!(summary.finish_reasons, [(0, FinishReason::ToolCall)]);
    assert_eq!(summary.usage, Some(Usage::new().input(50).cache_read(20).output(40).reasoning(25)));
}

#[test]
fn choices_are_distinguished() {
    let summary = decode(Dialect::OpenAi, transcripts::openai_two_choices);
    assert_eq!(summary.deltas, [(1, Content), (0, Content), (1, Content), (0, Content)]);
    assert_eq!(summary.finish_reasons, [(1, FinishReason::Length), (0, FinishReason::Stop)]);
    assert_eq!(summary.usage, None, "absent is not zero");
}

#[test]
fn the_usage_of_the_last_frame_counts() {
    let summary = decode(Dialect::OpenAi, transcripts::openai_completions);
    assert_eq!(summary.deltas, choice_0_deltas(&[Content, Content]));
    assert_eq!(summary.usage, Some(Usage::new().input(3).output(4)));
}

#[test]
fn responses_name_their_deltas_and_a_tool_output_is_not_a_delta() {
    let summary = decode(Dialect::OpenAi, transcripts::openai_responses);
    assert_eq!(summary.deltas, choice_0_deltas(&[Reasoning, Content, ToolCall]));
    assert_eq!(summary.finish_reasons, [(0, FinishReason::ToolCall)]);
    assert_eq!(summary.usage, Some(Usage::new().input(328).cache_read(128).output(52).reasoning(32)));
    assert_eq!(summary.names, ["resp_1", "gpt-5"]);
    assert_eq!(summary.done_events, 1);
}

#[test]
fn a_failed_or_truncated_response_has_its_error_or_finish_reason() {
    let failed = br#"data: {"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"}}}

"#;
    assert_eq!(decode(Dialect::OpenAi, failed).errors, [ErrorType::RateLimited]);
    let incomplete = br#"data: {"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}

"#;
    assert_eq!(decode(Dialect::OpenAi, incomplete).finish_reasons, [(0, FinishReason::Length)]);
}

#[test]
fn anthropic_input_includes_cached_tokens_and_its_first_output_count_is_ignored() {
    let summary = decode(Dialect::Anthropic, transcripts::anthropic);
    assert_eq!(summary.deltas, choice_0_deltas(&[Reasoning, Content, ToolCall, ToolCall]));
    assert_eq!(summary.finish_reasons, [(0, FinishReason::ToolCall)]);
    let usage = Usage::new().input(1_225).cache_read(1_000).cache_write(200).output(89).reasoning(40);
    assert_eq!(summary.usage, Some(usage));
    assert_eq!(usage.partition().uncached, 25);
    assert_eq!(summary.names, ["msg_1", "claude-sonnet-4-5"]);
    assert_eq!(summary.done_events, 1);

    let failed = decode(Dialect::Anthropic, transcripts::anthropic_error);
    assert_eq!(failed.usage, Some(Usage::new().input(25)), "the 1 of `message_start` is a placeholder");
    assert_eq!(failed.errors, [ErrorType::Overloaded]);
}

#[test]
fn gemini_totals_include_thoughts_and_tool_prompts() {
    let summary = decode(Dialect::Gemini, transcripts::gemini);
    assert_eq!(summary.deltas, choice_0_deltas(&[Reasoning, Content, ToolCall]));
    assert_eq!(summary.finish_reasons, [(0, FinishReason::Stop)]);
    assert_eq!(summary.usage, Some(Usage::new().input(47).cache_read(32).output(70).reasoning(50)));
    assert_eq!(summary.names, ["r1", "gemini-2.5-flash"]);
}

#[test]
fn a_gemini_stream_may_be_a_json_array() {
    let summary = decode(Dialect::Gemini, transcripts::gemini_array);
    assert_eq!(summary.deltas, choice_0_deltas(&[Content]));
    assert_eq!(summary.finish_reasons, [(0, FinishReason::Length)]);
    assert_eq!(summary.usage, Some(Usage::new().input(5).output(12)));
}

#[test]
fn a_prompt_that_gemini_refuses_is_a_content_filter_error() {
    let refused = b"data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},\"usageMetadata\":{\"promptTokenCount\":6}}\n\n";
    assert_eq!(decode(Dialect::Gemini, refused).errors, [ErrorType::ContentFilter]);
}

#[test]
fn ollama_reports_its_own_counts() {
    let summary = decode(Dialect::Ollama, transcripts::ollama_chat);
    assert_eq!(summary.deltas, choice_0_deltas(&[Reasoning, Content, ToolCall]));
    assert_eq!(summary.finish_reasons, [(0, FinishReason::Stop)]);
    assert_eq!(summary.usage, Some(Usage::new().input(26).output(259)));
    assert_eq!(summary.names, ["qwen3"]);
    assert_eq!(summary.done_events, 1);

    let failed = decode(Dialect::Ollama, transcripts::ollama_error);
    assert_eq!(failed.deltas, choice_0_deltas(&[Content]));
    assert_eq!(failed.errors, [ErrorType::OutOfMemory]);
}

#[test]
fn an_event_named_error_is_an_error_whatever_its_data() {
    for frame in
        ["event: error\ndata: out of memory\n\n", "error: {\"code\":500,\"message\":\"CUDA out of memory\"}\n\n"]
    {
        assert_eq!(decode(Dialect::OpenAi, frame.as_bytes()).errors, [ErrorType::OutOfMemory], "{frame}");
    }
}

#[test]
fn a_complete_object_in_place_of_a_stream_is_decoded_too() {
    let plain = br#"{"id":"c1","model":"m","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":2,"completion_tokens":1}}"#;
    let summary = decode(Dialect::OpenAi, plain);
    assert_eq!(summary.deltas, choice_0_deltas(&[Content]));
    assert_eq!(summary.usage, Some(Usage::new().input(2).output(1)));
    let error = br#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#;
    assert_eq!(decode(Dialect::OpenAi, error).errors, [ErrorType::Authentication]);
}
