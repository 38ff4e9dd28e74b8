//! Exported content is valid in the copies of the conventions' schemas in this repository, in both profiles.

use llmobs::FinishReason;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::content::Document;
use llmobs::content::Message;
use llmobs::content::Modality;
use llmobs::content::Part;
use llmobs::content::ToolCall;
use proptest::prelude::*;
use serde_json::Value;
use serde_json::json;

use crate::book::Book;
use crate::fuzzed_truncation::any_conversation;
use crate::random::Dice;
use crate::random::text;

fn gate() -> Gate {
    let limits = ContentLimits::default().media(100);
    Gate::builder().capture(ContentCapture::SpansAndEvents).limits(limits).full_definitions(true).build()
}

fn conversation() -> Vec<Message> {
    vec![
        Message::system("Be brief."),
        Message::user("What is on this?")
            .name("Jane")
            .part(Part::blob(Modality::Image, vec![1, 2, 3]).mime_type("image/png"))
            .part(Part::uri(Modality::Image, "https://example.org/a.png"))
            .part(Part::uri(Modality::Audio, "data:audio/wav;base64,AAAA"))
            .part(Part::file(Modality::Document, "file_7").mime_type("application/pdf")),
        Message::assistant()
            .part(Part::reasoning("I must look."))
            .part(ToolCall::new("look").id("call_1").arguments(json!({"at": "file_7"})))
            .part(ToolCall::new("wait")),
        Message::tool(Part::tool_call_response("call_1", json!(["a cat"]))).part(Part::response(json!(null))),
        Message::assistant().part(Part::text("A cat.")).finish_reason(FinishReason::Stop),
    ]
}

/// The folders of the two profiles' schemas. Content has the same form in both.
const FOLDERS: [&str; 2] = ["v1_41", "latest"];

#[test]
fn every_kind_of_part_is_valid_in_every_profile() {
    for folder in FOLDERS {
        let (book, gate) = (Book::open(folder), gate());
        let mut passage = gate.passage();
        let input = passage.input(&conversation()).unwrap();
        book.check_messages("gen-ai-input-messages", input.for_event().unwrap()).unwrap();
        let output = passage.output(&conversation()[4..]).unwrap();
        book.check_messages("gen-ai-output-messages", output.for_event().unwrap()).unwrap();
        let instructions = passage.system_instructions(&["Be brief.".into()]).unwrap();
        book.check("gen-ai-system-instructions", instructions.for_event().unwrap()).unwrap();
        let documents = passage.documents(&[Document::new("a", 0.5), Document::new("b", f64::NAN)]).unwrap();
        book.check("gen-ai-retrieval-documents", documents.for_event().unwrap()).unwrap();
        assert_eq!(documents.for_event().unwrap().as_array().unwrap().len(), 1);
        assert_eq!((passage.report().dropped_messages, passage.report().cut_bytes), (1, 0));
    }
}

#[test]
fn an_output_without_an_end_has_a_reason_since_the_schemas_want_one() {
    let partial = [Message::assistant().part(Part::text("A c"))];
    let passed = gate().passage().output(&partial).unwrap();
    for folder in FOLDERS {
        Book::open(folder).check("gen-ai-output-messages", passed.for_event().unwrap()).unwrap();
    }
    assert_eq!(passed.for_event().unwrap()[0]["finish_reason"], "error");
}

#[test]
fn the_schemas_would_refuse_what_is_wrong() {
    let book = Book::open("v1_41");
    for wrong in [json!({}), json!([{"role": "user"}]), json!([{"role": "user", "parts": [{"content": "x"}]}])] {
        assert!(book.check("gen-ai-input-messages", &wrong).is_err(), "{wrong}");
    }
    assert!(book.check("gen-ai-output-messages", &json!([{"role": "assistant", "parts": []}])).is_err());
    assert!(
        book.check_messages("gen-ai-input-messages", &json!([{"role": "user", "parts": [{"type": "tex"}]}])).is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_is_valid_at_every_limit_from_32_bytes_up(
        seed in any::<u64>(), shape in any::<u8>(), part in 0_usize..3_000, list in 32_usize..4_000, span in 32_usize..9_000,
    ) {
        thread_local! {
            static BOOKS: [Book; 2] = [Book::open("v1_41"), Book::open("latest")];
        }
        let limits = ContentLimits::default().part(part).list(list).span(span).media(part % 50);
        let left = any_conversation(&text(&mut Dice(seed | 1), 20), shape, limits);
        let parse = |json: &Option<String>| json.as_ref().map(|json| serde_json::from_str::<Value>(json).unwrap());
        BOOKS.with(|books| {
            for book in books {
                for (name, json) in [("gen-ai-input-messages", &left.input), ("gen-ai-output-messages", &left.output)] {
                    parse(json).map_or(Ok(()), |value| book.check_messages(name, &value)).map_err(TestCaseError::fail)?;
                }
                for (name, json) in [
                    ("gen-ai-system-instructions", &left.system_instructions),
                    ("gen-ai-tool-definitions", &left.tool_definitions),
                ] {
                    parse(json).map_or(Ok(()), |value| book.check(name, &value)).map_err(TestCaseError::fail)?;
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
        // A list always has room for at least one element.
        prop_assert!(left.input.is_some());
    }
}

#[test]
fn every_limit_from_32_bytes_to_a_kibibyte_gives_a_valid_list() {
    let book = Book::open("v1_41");
    for list in 32..1_024 {
        let limits = ContentLimits::default().list(list);
        let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).build();
        let json = gate.passage().input(&conversation()).unwrap().for_span().unwrap();
        assert!(json.len() <= list, "{} bytes of {list}", json.len());
        book.check_messages("gen-ai-input-messages", &serde_json::from_str(&json).unwrap()).unwrap();
    }
}
