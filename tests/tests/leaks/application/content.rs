//! Model calls: their input and output.

use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Role;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::content::Modality;
use llmobs::content::Part;
use llmobs::content::ToolCall;
use llmobs::content::ToolDefinition;
use serde_json::json;

use super::Application;
use super::calls::drain;

impl Application {
    pub fn run_content(&self) {
        self.run_complete();
        self.run_streamed();
        self.run_chunked();
        self.run_interrupted();
        if self.role == Role::Server {
            self.run_at_limits();
        }
    }

    fn input(&self) -> Input {
        let call =
            ToolCall::new("weather").id("call_1").arguments(json!({"city": self.canary("input.tool.arguments")}));
        let parameters = json!({"type": "object", "title": self.canary("tool.definition.parameters")});
        let tool = ToolDefinition::function(self.canary("tool.definition.name"));
        let secret = json!({"description": self.secrets(), "enum": [self.secrets()]});
        let other = ToolDefinition::function("other").description(self.secrets()).parameters(secret);
        Input::new()
            .system(format!("You know of {}.", self.canary("input.system")))
            .message(Message::user(format!("What is {}?", self.canary("input.user"))).name(self.canary("input.name")))
            .message(Message::user(self.secrets()))
            .message(Message::assistant().part(call).part(self.unusual_tool_call()))
            .message(Message::tool(Part::tool_call_response("call_1", json!([self.canary("input.tool.response")]))))
            .message(
                Message::user("Look.")
                    .part(Part::uri(Modality::Image, format!("https://example.com/{}", self.canary("input.uri"))))
                    .part(Part::uri(Modality::Image, format!("https://app:{}@example.com/a", self.canary("gold.url"))))
                    .part(Part::uri(Modality::Image, format!("data:image/ghp_{};base64,AA", self.canary("gold.key"))))
                    .part(
                        Part::blob(Modality::Audio, vec![1])
                            .mime_type(format!("audio/ghp_{}", self.canary("gold.key"))),
                    )
                    .part(Part::file(Modality::Document, self.canary("input.file")))
                    .part(Part::file(Modality::Document, format!("ghp_{}", self.canary("gold.key"))))
                    .part(Part::blob(Modality::Image, self.canary("input.blob").as_bytes().to_vec())),
            )
            .tool(tool.description(self.canary("tool.definition.description")).parameters(parameters))
            .tool(other)
    }

    /// Returns a tool call with content in unusual places: secrets as names and keys, and JSON inside a JSON string.
    fn unusual_tool_call(&self) -> ToolCall {
        let key = format!("ghp_{}", self.canary("gold.key"));
        let inner = json!({ key.as_str(): self.secrets() }).to_string();
        ToolCall::new(key.clone()).id(key.clone()).arguments(json!({ key.as_str(): [inner, self.secrets()] }))
    }

    fn run_complete(&self) {
        let operation = self.observer.chat(self.model()).start();
        operation.marker().input(|| self.input());
        operation.marker().output(|| {
            let message = Message::assistant().part(format!("It is {}.", self.canary("output.whole")).as_str());
            [message.part(self.secrets().as_str()).part(self.unusual_tool_call())]
        });
        println!("debug| {:?} {operation:?} {:?}", self.input(), operation.marker());
        operation.complete();
    }

    fn run_streamed(&self) {
        let operation = self.observer.chat(self.model()).start();
        operation.marker().input(|| self.secrets());
        let text = format!("It is {}. {}", self.canary("output.stream"), self.secrets());
        drain(operation.observe(stream::iter(text_chunks(&text))));
    }

    fn run_chunked(&self) {
        let operation = self.observer.chat(self.model()).start();
        let marker = operation.marker().clone();
        for chunk in text_chunks(&format!("I think of {}. {}", self.canary("output.reasoning"), self.secrets())) {
            marker.output_reasoning(0, &chunk);
        }
        let arguments = json!({"city": self.canary("output.tool.arguments"), "note": self.secrets()}).to_string();
        marker.output_tool_call(0, 0, Some("call_2"), Some(self.canary("output.tool.name")), "");
        for chunk in text_chunks(&arguments) {
            marker.output_tool_call(0, 0, None, None, &chunk);
        }
        let key = format!("ghp_{}", self.canary("gold.key"));
        marker.output_tool_call(0, 1, Some(&key), Some(&key), &json!({ key.as_str(): 1 }).to_string());
        for choice in 0..2 {
            for chunk in text_chunks(&format!("So it is {}. {}", self.canary("output.pieces"), self.secrets())) {
                marker.output_text(choice, &chunk);
            }
        }
        drain(operation.observe_with(stream::iter([1, 1, 1]), |_| Chunk::tokens(1)));
    }

    /// Ends one operation by a drop and one by a failure, each after half a response.
    fn run_interrupted(&self) {
        for is_dropped in [false, true] {
            let operation = self.observer.chat(self.model()).start();
            operation.marker().output_text(0, &format!("Half of {}", self.canary("output.of.broken")));
            operation.marker().output_text(0, &self.secrets());
            match is_dropped {
                true => drop(operation),
                false => operation.fail(ErrorType::Inference),
            }
        }
    }
}

impl Application {
    /// Puts secrets across the positions where a text is truncated, and where a buffer is full.
    fn run_at_limits(&self) {
        for before in (7_500..8_300).step_by(23).chain((12_100..12_400).step_by(23)) {
            let text = format!("{}\n{}", "so on ".repeat(before / 6), self.secrets());
            let operation = self.observer.chat(self.model()).start();
            operation.marker().input(|| Input::new().system(text.clone()).message(Message::user(text.clone())));
            drain(operation.observe(stream::iter([&text[..before], &text[before..before + 9], &text[before + 9..]])));
        }
    }
}

/// Splits a text into chunks of three characters.
pub fn text_chunks(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(3).map(|three| three.iter().collect()).collect()
}
