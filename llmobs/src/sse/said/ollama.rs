//! Ollama's own chat and generate. Its calls are never in pieces.

use serde_json::Value;

use super::Ear;
use super::Fragment;
use super::Words;
use crate::sse::story::array;
use crate::sse::story::said;

pub(super) fn tell(value: &Value, words: &mut Words, on: Ear<'_>) {
    for said in [value, &value["message"]] {
        words.reasoning(0, &said["thinking"], on);
    }
    words.text(0, &value["message"]["content"], on);
    words.text(0, &value["response"], on);
    for call in array(&value["message"]["tool_calls"]) {
        let function = &call["function"];
        if let Some(name) = said(&function["name"]) {
            let id = said(&call["id"]);
            words.call(Fragment { choice: 0, place: None, id, name: Some(name) }, &function["arguments"], on);
        }
    }
}
