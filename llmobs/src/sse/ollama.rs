//! Ollama's own chat, generate and embed.

use serde_json::Value;

use super::event::Event;
use super::story::Kinds;
use super::story::Sink;
use super::story::Story;
use super::story::count;
use super::story::says;
use super::story::tell_finish;
use crate::usage::Usage;

pub(super) fn read(value: &Value, story: &mut Story, on: Sink<'_>) {
    story.names(&Value::Null, &value["model"], on);
    let message = &value["message"];
    let kinds = Kinds {
        content: says(&message["content"]) || says(&value["response"]),
        reasoning: says(&message["thinking"]) || says(&value["thinking"]),
        tool_call: says(&message["tool_calls"]),
    };
    kinds.tell(0, on);
    story.report(&usage(value), on);
    tell_finish(0, &value["done_reason"], on);
    if value["done"] == true {
        on(Event::Done);
    }
}

/// The engine's own counts. A prompt that was cached whole has none in older versions.
fn usage(value: &Value) -> Usage {
    Usage { input: count(&value["prompt_eval_count"]), output: count(&value["eval_count"]), ..Usage::new() }
}
