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

use crate::random_text::random_text;
use llmobs_tests::fuzz::truncation::check_conversation;
use llmobs_tests::random::Random;
use llmobs_tests::schemas::SchemaSet;

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
        let (schema_set, gate) = (SchemaSet::open(folder), gate());
        let mut passage = gate.pass();
        let input = passage.input(&conversation()).unwrap();
        schema_set.check_messages("gen-ai-input-messages", input.for_event().unwrap()).unwrap();
        let output = passage.output(&conversation()[4..]).unwrap();
        schema_set.check_messages("gen-ai-output-messages", output.for_event().unwrap()).unwrap();
        let instructions = passage.system_instructions(&["Be brief.".into()]).unwrap();
        schema_set.check("gen-ai-system-instructions", instructions.for_event().unwrap()).unwrap();
        let documents = passage.documents(&[Document::new("a", 0.5), Document::new("b", f64::NAN)]).unwrap();
        schema_set.check("gen-ai-retrieval-documents", documents.for_event().unwrap()).unwrap();
        assert_eq!(documents.for_event().unwrap().as_array().unwrap().len(), 1);
        assert_eq!((passage.report().dropped_messages, passage.report().truncated_bytes), (1, 0));
    }
}

#[test]
fn an_output_without_a_finish_reason_has_error_because_the_schemas_require_one() {
    let partial = [Message::assistant().part(Part::text("A c"))];
    let gated = gate().pass().output(&partial).unwrap();
    for folder in FOLDERS {
        SchemaSet::open(folder).check("gen-ai-output-messages", gated.for_event().unwrap()).unwrap();
    }
    assert_eq!(gated.for_event().unwrap()[0]["finish_reason"], "error");
}

#[test]
fn the_schemas_reject_invalid_values() {
    let schema_set = SchemaSet::open("v1_41");
    for invalid in [json!({}), json!([{"role": "user"}]), json!([{"role": "user", "parts": [{"content": "x"}]}])] {
        assert!(schema_set.check("gen-ai-input-messages", &invalid).is_err(), "{invalid}");
    }
    assert!(schema_set.check("gen-ai-output-messages", &json!([{"role": "assistant", "parts": []}])).is_err());
    assert!(
        schema_set
            .check_messages("gen-ai-input-messages", &json!([{"role": "user", "parts": [{"type": "tex"}]}]))
            .is_err()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn json_is_valid_at_every_limit_from_32_bytes_up(
        seed in any::<u64>(), shape in any::<u8>(), part in 0_usize..3_000, list in 32_usize..4_000, span in 32_usize..9_000,
    ) {
        thread_local! {
            static SCHEMA_SETS: [SchemaSet; 2] = [SchemaSet::open("v1_41"), SchemaSet::open("latest")];
        }
        let limits = ContentLimits::default().part(part).attribute(list).span(span).media(part % 50);
        let exported = check_conversation(&random_text(&mut Random::new(seed), 20), shape, limits);
        let parse = |json: &Option<String>| json.as_ref().map(|json| serde_json::from_str::<Value>(json).unwrap());
        SCHEMA_SETS.with(|schema_sets| {
            for schema_set in schema_sets {
                for (name, json) in [("gen-ai-input-messages", &exported.input), ("gen-ai-output-messages", &exported.output)] {
                    parse(json).map_or(Ok(()), |value| schema_set.check_messages(name, &value)).map_err(TestCaseError::fail)?;
                }
                for (name, json) in [
                    ("gen-ai-system-instructions", &exported.system_instructions),
                    ("gen-ai-tool-definitions", &exported.tool_definitions),
                ] {
                    parse(json).map_or(Ok(()), |value| schema_set.check(name, &value)).map_err(TestCaseError::fail)?;
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
        // A list always has room for at least one element.
        prop_assert!(exported.input.is_some());
    }
}

#[test]
fn every_limit_from_32_bytes_to_a_kibibyte_gives_a_valid_list() {
    let schema_set = SchemaSet::open("v1_41");
    for list in 32..1_024 {
        let limits = ContentLimits::default().attribute(list);
        let gate = Gate::builder().capture(ContentCapture::Spans).limits(limits).build();
        let json = gate.pass().input(&conversation()).unwrap().for_span().unwrap();
        assert!(json.len() <= list, "{} bytes of {list}", json.len());
        schema_set.check_messages("gen-ai-input-messages", &serde_json::from_str(&json).unwrap()).unwrap();
    }
}
