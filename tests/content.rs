//! Exported input and output of an operation: where, how much, and that nothing is exported by default.

#[path = "content/drop_counts.rs"]
mod drop_counts;
#[path = "events/event_recorder.rs"]
mod event_recorder;
#[path = "content/events.rs"]
mod events;
#[path = "content/hook.rs"]
mod hook;
#[path = "content/resource_limits.rs"]
mod resource_limits;
#[path = "content/spans.rs"]
mod spans;
#[path = "content/steps.rs"]
mod steps;
#[path = "content/streams.rs"]
mod streams;
#[expect(dead_code, reason = "the tests of spans use more of it")]
#[path = "spans/tracing_backend.rs"]
mod tracing_backend;

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::content::ToolDefinition;

/// Runs a call with content of every kind. The second input is ignored.
fn run_call(observer: &Observer) {
    let operation = observer.chat(tracing_backend::MODEL).stop_sequences(&["END", "jane@example.org"]).start();
    let marker = operation.marker().clone();
    marker.input(|| {
        Input::new()
            .system("Be brief.")
            .message(Message::user("I am jane@example.org"))
            .tool(ToolDefinition::function("weather").description("not sent by default"))
    });
    marker.input(|| "something else");
    for delta in ["Hello, ja", "ne@exam", "ple.org"] {
        marker.output_text(0, delta);
    }
    marker.finish_reason(FinishReason::Length);
    operation.complete();
}

/// The exported content of that call, by attribute.
const EXPORTED_CONTENT: [(&str, &str); 4] = [
    ("gen_ai.input.messages", r#"[{"parts":[{"content":"I am [EMAIL]","type":"text"}],"role":"user"}]"#),
    (
        "gen_ai.output.messages",
        r#"[{"finish_reason":"length","parts":[{"content":"Hello, [EMAIL]","type":"text"}],"role":"assistant"}]"#,
    ),
    ("gen_ai.system_instructions", r#"[{"content":"Be brief.","type":"text"}]"#),
    ("gen_ai.tool.definitions", r#"[{"name":"weather","type":"function"}]"#),
];
