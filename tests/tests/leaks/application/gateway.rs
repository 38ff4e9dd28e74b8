//! Providers' responses that pass through a gateway.

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::ErrorType;
use llmobs::Role;
use llmobs::sse;
use llmobs::sse::Dialect;
use serde_json::json;

use super::Application;
use super::calls::VerboseError;

impl Application {
    pub async fn run_gateway(&self) {
        if self.role == Role::Server {
            return;
        }
        self.pass_response(Dialect::OpenAi, &self.openai()).await;
        self.pass_response(Dialect::Anthropic, &self.anthropic()).await;
        self.pass_response(Dialect::Gemini, &self.gemini()).await;
        self.pass_response(Dialect::Ollama, &self.ollama()).await;
        for dialect in [Dialect::OpenAi, Dialect::Anthropic, Dialect::Gemini, Dialect::Ollama] {
            let garbage = self.canary("upstream.garbage");
            self.pass_response(dialect, &format!("data: {garbage}\n\nevent: {garbage}\ndata: {{\"{garbage}\":[}}\n\n"))
                .await;
            let error = json!({"type": "error", "error": {"message": self.canary("upstream.error"), "code": self.canary("upstream.error"), "type": self.canary("upstream.error")}});
            self.pass_response(dialect, &format!("event: error\ndata: {error}\n\n")).await;
        }
        // The upstream connection breaks.
        let error = VerboseError(self.canary("upstream.body.error").to_owned());
        let items = vec![Ok("data: {\"choices\":[]}\n\n".to_owned()), Err(error)];
        let operation = self.observer.chat(self.model()).start();
        sse::observe(operation, Dialect::OpenAi, stream::iter(items)).count().await;
    }

    /// Passes a response through in reads of seven bytes.
    async fn pass_response(&self, dialect: Dialect, response: &str) {
        let reads: Vec<Vec<u8>> = response.as_bytes().chunks(7).map(<[u8]>::to_vec).collect();
        let request = json!({"model": "m", "system": self.secrets(), "prompt": self.canary("upstream.request"), "messages": [
            {"role": "user", "content": self.canary("upstream.request")},
            {"role": "user", "content": self.secrets()}
        ], "contents": [{"role": "user", "parts": [{"text": self.canary("upstream.request")}]}]});
        let request = request.to_string();
        let operation = self.observer.chat(self.model()).start();
        operation.marker().input(|| sse::parse_input(dialect, request.as_bytes()));
        operation.marker().set_error(ErrorType::Upstream);
        sse::observe(operation, dialect, stream::iter(reads)).count().await;
        let operation = self.observer.chat(self.model()).start();
        operation.marker().output(|| sse::parse_output(dialect, response.as_bytes()));
        operation.complete();
    }

    fn openai(&self) -> String {
        let delta = |delta| json!({"id": self.canary("response"), "model": self.canary("model.response"), "choices": [{"index": 0, "delta": delta}]});
        let call = json!([{"index": 0, "id": "call_1", "function": {"name": "clock", "arguments": json!({"zone": self.canary("upstream.arguments")}).to_string()}}]);
        let last = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": self.canary("finish")}]});
        let frames = [
            delta(json!({"reasoning_content": self.canary("upstream.reasoning")})),
            delta(json!({"content": self.canary("upstream.content")})),
            delta(json!({"content": self.secrets()})),
            delta(json!({ "tool_calls": call })),
            last,
        ];
        frames.iter().map(|frame| format!("data: {frame}\n\n")).collect()
    }

    fn anthropic(&self) -> String {
        let frames = [
            json!({"type": "message_start", "message": {"id": self.canary("response"), "model": self.canary("model.response"), "usage": {"input_tokens": 3, "output_tokens": 1}}}),
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}}),
            json!({"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": self.canary("upstream.reasoning")}}),
            json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
            json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": format!("{} {}", self.canary("upstream.content"), self.secrets())}}),
            json!({"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "toolu_1", "name": "clock", "input": {}}}),
            json!({"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": json!({"zone": self.canary("upstream.arguments")}).to_string()}}),
            json!({"type": "message_delta", "delta": {"stop_reason": self.canary("finish")}, "usage": {"output_tokens": 9}}),
            json!({"type": "message_stop"}),
        ];
        frames.iter().map(|frame| format!("event: {}\ndata: {frame}\n\n", frame["type"].as_str().unwrap())).collect()
    }

    fn gemini(&self) -> String {
        let parts = json!([
            {"text": self.canary("upstream.reasoning"), "thought": true},
            {"text": format!("{} {}", self.canary("upstream.content"), self.secrets())},
            {"functionCall": {"name": "clock", "args": {"zone": self.canary("upstream.arguments")}}}
        ]);
        let frame = json!({"responseId": self.canary("response"), "modelVersion": self.canary("model.response"), "candidates": [{"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": self.canary("finish")}]});
        format!("data: {frame}\n\n")
    }

    fn ollama(&self) -> String {
        let message = json!({"role": "assistant", "thinking": self.canary("upstream.reasoning"), "content": format!("{} {}", self.canary("upstream.content"), self.secrets()), "tool_calls": [{"function": {"name": "clock", "arguments": {"zone": self.canary("upstream.arguments")}}}]});
        let frame = json!({"model": self.canary("model.response"), "message": message, "done": false});
        let last = json!({"model": self.canary("model.response"), "message": {"role": "assistant", "content": ""}, "done": true, "done_reason": self.canary("finish")});
        format!("{frame}\n{last}\n{}\n", json!({"error": self.canary("upstream.error")}))
    }
}
