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
use super::calls::read;

impl Application {
    pub fn content(&self) {
        self.whole();
        self.streamed();
        self.in_pieces();
        self.broken();
        if self.role == Role::Server {
            self.at_the_limits();
        }
    }

    fn input(&self) -> Input {
        let call = ToolCall::new("weather").id("call_1").arguments(json!({"city": self.of("input.tool.arguments")}));
        let parameters = json!({"type": "object", "title": self.of("tool.definition.parameters")});
        let tool = ToolDefinition::function(self.of("tool.definition.name"));
        let secret = json!({"description": self.gold(), "enum": [self.gold()]});
        let other = ToolDefinition::function("other").description(self.gold()).parameters(secret);
        Input::new()
            .system(format!("You know of {}.", self.of("input.system")))
            .message(Message::user(format!("What is {}?", self.of("input.user"))).name(self.of("input.name")))
            .message(Message::user(self.gold()))
            .message(Message::assistant().part(call).part(self.odd_call()))
            .message(Message::tool(Part::tool_call_response("call_1", json!([self.of("input.tool.response")]))))
            .message(
                Message::user("Look.")
                    .part(Part::uri(Modality::Image, format!("https://example.com/{}", self.of("input.uri"))))
                    .part(Part::uri(Modality::Image, format!("https://app:{}@example.com/a", self.of("gold.url"))))
                    .part(Part::uri(Modality::Image, format!("data:image/ghp_{};base64,AA", self.of("gold.key"))))
                    .part(Part::blob(Modality::Audio, vec![1]).mime_type(format!("audio/ghp_{}", self.of("gold.key"))))
                    .part(Part::file(Modality::Document, self.of("input.file")))
                    .part(Part::file(Modality::Document, format!("ghp_{}", self.of("gold.key"))))
                    .part(Part::blob(Modality::Image, self.of("input.blob").as_bytes().to_vec())),
            )
            .tool(tool.description(self.of("tool.definition.description")).parameters(parameters))
            .tool(other)
    }

    /// Returns a tool call with content in unusual places: secrets as names and keys, and JSON inside a JSON string.
    fn odd_call(&self) -> ToolCall {
        let key = format!("ghp_{}", self.of("gold.key"));
        let inner = json!({ key.as_str(): self.gold() }).to_string();
        ToolCall::new(key.clone()).id(key.clone()).arguments(json!({ key.as_str(): [inner, self.gold()] }))
    }

    fn whole(&self) {
        let operation = self.observer.chat(self.model()).start();
        operation.marker().input(|| self.input());
        operation.marker().output(|| {
            let said = Message::assistant().part(format!("It is {}.", self.of("output.whole")).as_str());
            [said.part(self.gold().as_str()).part(self.odd_call())]
        });
        println!("debug| {:?} {operation:?} {:?}", self.input(), operation.marker());
        operation.complete();
    }

    fn streamed(&self) {
        let operation = self.observer.chat(self.model()).start();
        operation.marker().input(|| self.gold());
        let text = format!("It is {}. {}", self.of("output.stream"), self.gold());
        read(operation.observe(stream::iter(pieces(&text))));
    }

    fn in_pieces(&self) {
        let operation = self.observer.chat(self.model()).start();
        let marker = operation.marker().clone();
        for piece in pieces(&format!("I think of {}. {}", self.of("output.reasoning"), self.gold())) {
            marker.output_reasoning(0, &piece);
        }
        let arguments = json!({"city": self.of("output.tool.arguments"), "note": self.gold()}).to_string();
        marker.output_tool_call(0, 0, Some("call_2"), Some(self.of("output.tool.name")), "");
        for piece in pieces(&arguments) {
            marker.output_tool_call(0, 0, None, None, &piece);
        }
        let key = format!("ghp_{}", self.of("gold.key"));
        marker.output_tool_call(0, 1, Some(&key), Some(&key), &json!({ key.as_str(): 1 }).to_string());
        for choice in 0..2 {
            for piece in pieces(&format!("So it is {}. {}", self.of("output.pieces"), self.gold())) {
                marker.output_text(choice, &piece);
            }
        }
        read(operation.observe_with(stream::iter([1, 1, 1]), |_| Chunk::tokens(1)));
    }

    /// Ends one operation by a drop and one by a failure, each after half an answer.
    fn broken(&self) {
        for left in [false, true] {
            let operation = self.observer.chat(self.model()).start();
            operation.marker().output_text(0, &format!("Half of {}", self.of("output.of.broken")));
            operation.marker().output_text(0, &self.gold());
            match left {
                true => drop(operation),
                false => operation.fail(ErrorType::Inference),
            }
        }
    }
}

impl Application {
    /// Puts secrets across the positions where a text is truncated, and where a buffer is full.
    fn at_the_limits(&self) {
        for before in (7_500..8_300).step_by(23).chain((12_100..12_400).step_by(23)) {
            let text = format!("{}\n{}", "so on ".repeat(before / 6), self.gold());
            let operation = self.observer.chat(self.model()).start();
            operation.marker().input(|| Input::new().system(text.clone()).message(Message::user(text.clone())));
            read(operation.observe(stream::iter([&text[..before], &text[before..before + 9], &text[before + 9..]])));
        }
    }
}

/// Splits a text into pieces of three characters.
pub fn pieces(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(3).map(|three| three.iter().collect()).collect()
}
