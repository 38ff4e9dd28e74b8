//! Exported input and output of an operation: where, how much, and that nothing is exported by default.

mod drop_counts;
mod events;
mod hook;
mod resource_limits;
mod spans;
mod steps;
mod streams;

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::content::ToolDefinition;

/// Runs a call with content of every kind. The second input is ignored.
fn run_call(observer: &Observer) {
    let operation =
        observer.chat(llmobs_tests::tracing_backend::MODEL).stop_sequences(&["END", "jane@example.org"]).start();
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
