//! Gemini's `generateContent` and `streamGenerateContent`, of the Gemini API and of Vertex AI.
//!
//! The prompt's count has the cached tokens inside it; thoughts and the prompts of tools are reported beside the
//! candidates and the prompt, and are added in here.

use serde_json::Value;

use super::event::Event;
use super::story::Kinds;
use super::story::Sink;
use super::story::Story;
use super::story::array;
use super::story::count;
use super::story::place;
use super::story::says;
use super::story::sum;
use super::story::tell_finish;
use crate::semconv::value::ErrorType;
use crate::usage::Usage;

pub(super) fn read(value: &Value, story: &mut Story, on: Sink<'_>) {
    story.names(&value["responseId"], &value["modelVersion"], on);
    for candidate in array(&value["candidates"]) {
        let choice = place(&candidate["index"]);
        kinds(array(&candidate["content"]["parts"])).tell(choice, on);
        if candidate["finishReason"] != "FINISH_REASON_UNSPECIFIED" {
            tell_finish(choice, &candidate["finishReason"], on);
        }
    }
    story.report(&usage(&value["usageMetadata"]), on);
    // A filter refused the prompt: there are no candidates.
    if says(&value["promptFeedback"]["blockReason"]) {
        on(Event::Error(ErrorType::ContentFilter));
    }
}

fn kinds(parts: &[Value]) -> Kinds {
    let mut kinds = Kinds::default();
    for part in parts {
        let is_thought = part["thought"] == true;
        kinds.reasoning |= is_thought && says(&part["text"]);
        kinds.content |= !is_thought && (says(&part["text"]) || says(&part["inlineData"]));
        kinds.tool_call |= says(&part["functionCall"]) || says(&part["executableCode"]);
    }
    kinds
}

fn usage(usage: &Value) -> Usage {
    let reasoning = count(&usage["thoughtsTokenCount"]);
    Usage {
        input: count(&usage["promptTokenCount"])
            .and_then(|prompt| sum(&[Some(prompt), count(&usage["toolUsePromptTokenCount"])])),
        cache_read: count(&usage["cachedContentTokenCount"]),
        cache_write: None,
        output: sum(&[count(&usage["candidatesTokenCount"]), reasoning]),
        reasoning,
        estimated: false,
    }
}
