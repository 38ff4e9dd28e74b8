//! Providers' answers that pass through a gateway.

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::ErrorType;
use llmobs::Role;
use llmobs::sse;
use llmobs::sse::Dialect;
use serde_json::json;

use super::Application;
use super::calls::Talkative;

impl Application {
    pub async fn gateway(&self) {
        if self.role == Role::Server {
            return;
        }
        self.passes(Dialect::OpenAi, &self.openai()).await;
        self.passes(Dialect::Anthropic, &self.anthropic()).await;
        self.passes(Dialect::Gemini, &self.gemini()).await;
        self.passes(Dialect::Ollama, &self.ollama()).await;
        for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama] {
            let garbage = self.of("upstream.garbage");
            self.passes(dialect, &format!("data: {garbage}\n\nevent: {garbage}\ndata: {{\"{garbage}\":[}}\n\n")).await;
            let error = json!({"type": "error", "error": {"message": self.of("upstream.error"), "code": self.of("upstream.error"), "type": self.of("upstream.error")}});
            self.passes(dialect, &format!("event: error\ndata: {error}\n\n")).await;
        }
        // The upstream connection breaks.
        let broken = Talkative(self.of("upstream.body.error").to_owned());
        let items = vec![Ok("data: {\"choices\":[]}\n\n".to_owned()), Err(broken)];
        let operation = self.observer.chat(self.model()).start();
        sse::observe(operation, Dialect::OpenAi, stream::iter(items)).count().await;
    }

    /// Passes an answer through in reads of seven bytes.
    async fn passes(&self, dialect: Dialect, answer: &str) {
        let reads: Vec<Vec<u8>> = answer.as_bytes().chunks(7).map(<[u8]>::to_vec).collect();
        let asked = json!({"model": "m", "system": self.gold(), "prompt": self.of("upstream.request"), "messages": [
            {"role": "user", "content": self.of("upstream.request")},
            {"role": "user", "content": self.gold()}
        ], "contents": [{"role": "user", "parts": [{"text": self.of("upstream.request")}]}]});
        let asked = asked.to_string();
        let operation = self.observer.chat(self.model()).start();
        operation.marker().input(|| sse::input(dialect, asked.as_bytes()));
        operation.marker().set_error(ErrorType::Upstream);
        sse::observe(operation, dialect, stream::iter(reads)).count().await;
        let operation = self.observer.chat(self.model()).start();
        operation.marker().output(|| sse::output(dialect, answer.as_bytes()));
        operation.complete();
    }

    fn openai(&self) -> String {
        let delta = |delta| json!({"id": self.of("response"), "model": self.of("model.response"), "choices": [{"index": 0, "delta": delta}]});
        let call = json!([{"index": 0, "id": "call_1", "function": {"name": "clock", "arguments": json!({"zone": self.of("upstream.arguments")}).to_string()}}]);
        let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": self.of("finish")}]});
        let frames = [
            delta(json!({"reasoning_content": self.of("upstream.reasoning")})),
            delta(json!({"content": self.of("upstream.content")})),
            delta(json!({"content": self.gold()})),
            delta(json!({ "tool_calls": call })),
            last,
        ];
        frames.iter().map(|frame| format!("data: {frame}\n\n")).collect()
    }

    fn anthropic(&self) -> String {
        let frames = [
            json!({"type": "message_start", "message": {"id": self.of("response"), "model": self.of("model.response"), "usage": {"input_tokens": 3, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": self.of("upstream.reasoning")}}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": format!("{} {}", self.of("upstream.content"), self.gold())}}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": json!({"zone": self.of("upstream.arguments")}).to_string()}}),
            json!({"type": "message_delta", "delta": {"stop_reason": self.of("finish")}, "usage": {"output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ];
        frames.iter().map(|frame| format!("event: {}\ndata: {frame}\n\n", frame["type"].as_str().unwrap())).collect()
    }

    fn gemini(&self) -> String {
        let parts = json!([
            {"text": self.of("upstream.reasoning"), "thought": true},
            {"text": format!("{} {}", self.of("upstream.content"), self.gold())},
            {"functionCall": {"name": "clock", "args": {"zone": self.of("upstream.arguments")}}}
        ]);
        let frame = json!({"responseId": self.of("response"), "modelVersion": self.of("model.response"), "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": self.of("finish")}]});
        format!("data: {frame}\n\n")
    }

    fn ollama(&self) -> String {
        let message = json!({"role": "assistant", "thinking": self.of("upstream.reasoning"), "content": format!("{} {}", self.of("upstream.content"), self.gold()), "tool_calls": [{"function": {"name": "clock", "arguments": {"zone": self.of("upstream.arguments")}}}]});
        let said = json!({"model": self.of("model.response"), "message": message, "done": false});
        let last = json!({"model": self.of("model.response"), "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": self.of("finish")});
        format!("{said}\n{last}\n{}\n", json!({"error": self.of("upstream.error")}))
    }
}
