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
struct Answer {
    deltas: Vec<(u32, DeltaKind)>,
    finish: Vec<(u32, FinishReason)>,
    usage: Option<Usage>,
    names: Vec<String>,
    errors: Vec<ErrorType>,
    done: usize,
}

fn answer(dialect: Dialect, bytes: &[u8]) -> Answer {
    let mut answer = Answer::default();
    let mut reader = Decoder::new(dialect);
    let mut on = |event: Event<'_>| match event {
        Event::Delta { choice, kind, .. } => answer.deltas.push((choice, kind)),
        Event::Done => answer.done += 1,
        Event::Error(error) => answer.errors.push(error),
        Event::FinishReason { choice, reason, .. } => answer.finish.push((choice, reason)),
        Event::Id(name) | Event::Model(name) => answer.names.push(name.to_owned()),
        Event::Usage(usage) => answer.usage = Some(usage),
        _ => {}
    };
    reader.feed(bytes, &mut on);
    reader.finish(&mut on);
    assert_eq!((reader.skipped(), reader.malformed()), (0, 0));
    answer
}

fn of_choice_0(kinds: &[DeltaKind]) -> Vec<(u32, DeltaKind)> {
    kinds.iter().map(|kind| (0, *kind)).collect()
}

use DeltaKind::Content;
use DeltaKind::Reasoning;
use DeltaKind::ToolCall;

#[test]
fn a_chat_of_openai_has_its_cached_tokens_inside_and_its_role_is_no_delta() {
    let expected = Answer {
        deltas: of_choice_0(&[Content, Content]),
        finish: vec![(0, FinishReason::Stop)],
        usage: Some(Usage::new().input(1_200).cache_read(1_024).output(9).reasoning(0)),
        names: vec!["chatcmpl-7".to_owned(), "gpt-4o-mini-2024-07-18".to_owned()],
        errors: vec![],
        done: 1,
    };
    assert_eq!(answer(Dialect::OpenAi, transcripts::openai_chat), expected);
}

#[test]
fn reasoning_goes_by_two_names_and_a_tool_call_is_mapped_to_the_conventions_word() {
    let said = answer(Dialect::OpenAi, transcripts::openai_reasoning_and_tools);
    assert_eq!(said.deltas, of_choice_0(&[Reasoning, Reasoning, ToolCall, ToolCall, ToolCall]));
    assert_eq!(said.finish, [(0, FinishReason::ToolCall)]);
    assert_eq!(said.usage, Some(Usage::new().input(50).cache_read(20).output(40).reasoning(25)));
}

#[test]
fn choices_are_told_apart() {
    let said = answer(Dialect::OpenAi, transcripts::openai_two_choices);
    assert_eq!(said.deltas, [(1, Content), (0, Content), (1, Content), (0, Content)]);
    assert_eq!(said.finish, [(1, FinishReason::Length), (0, FinishReason::Stop)]);
    assert_eq!(said.usage, None, "absent is not zero");
}

#[test]
fn usage_in_every_frame_grows() {
    let said = answer(Dialect::OpenAi, transcripts::openai_completions);
    assert_eq!(said.deltas, of_choice_0(&[Content, Content]));
    assert_eq!(said.usage, Some(Usage::new().input(3).output(4)));
}

#[test]
fn responses_name_their_deltas_and_a_tools_output_is_none() {
    let said = answer(Dialect::OpenAi, transcripts::openai_responses);
    assert_eq!(said.deltas, of_choice_0(&[Reasoning, Content, ToolCall]));
    assert_eq!(said.finish, [(0, FinishReason::ToolCall)]);
    assert_eq!(said.usage, Some(Usage::new().input(328).cache_read(128).output(52).reasoning(32)));
    assert_eq!(said.names, ["resp_1", "gpt-5"]);
    assert_eq!(said.done, 1);
}

#[test]
fn a_response_that_failed_or_was_cut_says_so() {
    let failed = br#"data: {"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"Slow down"}}}

"#;
    assert_eq!(answer(Dialect::OpenAi, failed).errors, [ErrorType::RateLimited]);
    let cut = br#"data: {"type":"response.incomplete","response":{"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}}}

"#;
    assert_eq!(answer(Dialect::OpenAi, cut).finish, [(0, FinishReason::Length)]);
}

#[test]
fn anthropics_cached_input_comes_inside_and_its_first_count_of_output_is_none() {
    let said = answer(Dialect::Anthropic, transcripts::anthropic);
    assert_eq!(said.deltas, of_choice_0(&[Reasoning, Content, ToolCall, ToolCall]));
    assert_eq!(said.finish, [(0, FinishReason::ToolCall)]);
    let usage = Usage::new().input(1_225).cache_read(1_000).cache_write(200).output(89).reasoning(40);
    assert_eq!(said.usage, Some(usage));
    assert_eq!(usage.partition().uncached, 25);
    assert_eq!(said.names, ["msg_1", "claude-sonnet-4-5"]);
    assert_eq!(said.done, 1);

    let broken = answer(Dialect::Anthropic, transcripts::anthropic_error);
    assert_eq!(broken.usage, Some(Usage::new().input(25)), "the 1 of `message_start` is a placeholder");
    assert_eq!(broken.errors, [ErrorType::Overloaded]);
}

#[test]
fn geminis_thoughts_and_tool_prompts_come_inside() {
    let said = answer(Dialect::Gemini, transcripts::gemini);
    assert_eq!(said.deltas, of_choice_0(&[Reasoning, Content, ToolCall]));
    assert_eq!(said.finish, [(0, FinishReason::Stop)]);
    assert_eq!(said.usage, Some(Usage::new().input(47).cache_read(32).output(70).reasoning(50)));
    assert_eq!(said.names, ["r1", "gemini-2.5-flash"]);
}

#[test]
fn gemini_streams_an_array_unless_it_is_told_otherwise() {
    let said = answer(Dialect::Gemini, transcripts::gemini_array);
    assert_eq!(said.deltas, of_choice_0(&[Content]));
    assert_eq!(said.finish, [(0, FinishReason::Length)]);
    assert_eq!(said.usage, Some(Usage::new().input(5).output(12)));
}

#[test]
fn a_prompt_that_gemini_refuses_is_an_error_of_the_filter() {
    let refused = b"data: {\"promptFeedback\":{\"blockReason\":\"PROHIBITED_CONTENT\"},\"usageMetadata\":{\"promptTokenCount\":6}}\n\n";
    assert_eq!(answer(Dialect::Gemini, refused).errors, [ErrorType::ContentFilter]);
}

#[test]
fn ollama_counts_for_itself() {
    let said = answer(Dialect::Ollama, transcripts::ollama_chat);
    assert_eq!(said.deltas, of_choice_0(&[Reasoning, Content, ToolCall]));
    assert_eq!(said.finish, [(0, FinishReason::Stop)]);
    assert_eq!(said.usage, Some(Usage::new().input(26).output(259)));
    assert_eq!(said.names, ["qwen3"]);
    assert_eq!(said.done, 1);

    let broken = answer(Dialect::Ollama, transcripts::ollama_error);
    assert_eq!(broken.deltas, of_choice_0(&[Content]));
    assert_eq!(broken.errors, [ErrorType::OutOfMemory]);
}

#[test]
fn an_event_named_error_is_one_whatever_is_in_it() {
    for frame in
        ["event: error\ndata: out of memory\n\n", "error: {\"code\":500,\"message\":\"CUDA out of memory\"}\n\n"]
    {
        assert_eq!(answer(Dialect::OpenAi, frame.as_bytes()).errors, [ErrorType::OutOfMemory], "{frame}");
    }
}

#[test]
fn a_stream_that_became_one_object_is_read_all_the_same() {
    let plain = br#"{"id":"c1","model":"m","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":2,"completion_tokens":1}}"#;
    let said = answer(Dialect::OpenAi, plain);
    assert_eq!(said.deltas, of_choice_0(&[Content]));
    assert_eq!(said.usage, Some(Usage::new().input(2).output(1)));
    let error = br#"{"error":{"message":"Incorrect API key","code":"invalid_api_key"}}"#;
    assert_eq!(answer(Dialect::OpenAi, error).errors, [ErrorType::Authentication]);
}
