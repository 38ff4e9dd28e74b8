//! Gemini's `generateContent` and `streamGenerateContent`. Its calls are never in pieces.

use serde_json::Value;

use super::Ear;
use super::Fragment;
use super::Words;
use crate::sse::story::array;
use crate::sse::story::place;
use crate::sse::story::said;
use crate::sse::story::says;

/// What the convention's examples call the provider's own tool.
pub(in crate::sse) const CODE_EXECUTION: &str = "code_execution";

pub(super) fn tell(value: &Value, words: &mut Words, on: Ear<'_>) {
    for candidate in array(&value["candidates"]) {
        let choice = place(&candidate["index"]);
        for part in array(&candidate["content"]["parts"]) {
            let (call, code) = (&part["functionCall"], &part["executableCode"]);
            match part["thought"] == true {
                true => words.reasoning(choice, &part["text"], on),
                false => words.text(choice, &part["text"], on),
            }
            if let Some(name) = said(&call["name"]) {
                let id = said(&call["id"]);
                words.call(Fragment { choice, place: None, id, name: Some(name) }, &call["args"], on);
            }
            if says(code) {
                words.call(Fragment { choice, place: None, id: None, name: Some(CODE_EXECUTION) }, code, on);
            }
        }
    }
}
