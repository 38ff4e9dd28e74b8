//! Functions with the attribute `#[llm_span]`.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::llm_span;
use serde_json::Value;
use serde_json::json;

use super::Application;
use super::calls::VerboseError;
use super::content::text_chunks;

/// A request whose `Debug` prints everything.
#[derive(Debug, Clone)]
struct Request {
    model: String,
    text: String,
}

#[llm_span(chat, model = request.model, max_tokens = 4_u32)]
async fn chat(request: Request) -> Result<String, ErrorType> {
    tokio::task::yield_now().await;
    Ok(request.text.chars().rev().collect())
}

#[llm_span(chat, observer = observer, model = request.model, fields(declared.field = field))]
fn call_with_field(observer: &Observer, request: &Request, field: &str) -> String {
    format!("{} {}", request.text.len(), field.len())
}

#[llm_span(chat, observer = observer, model = request.model, error_type = inference_error)]
fn failing_call(observer: &Observer, request: &Request) -> Result<String, VerboseError> {
    Err(VerboseError(request.text.clone()))
}

const fn inference_error(_: &VerboseError) -> ErrorType {
    ErrorType::Inference
}

#[llm_span(chat, observer = observer, model = request.model, error_type = failure_with_message)]
fn failing_call_with_message(observer: &Observer, request: &Request) -> Result<String, VerboseError> {
    Err(VerboseError(request.text.clone()))
}

/// Returns a failure that contains the error's text, which is content.
fn failure_with_message(error: &VerboseError) -> Failure {
    Failure::new(ErrorType::Inference).message(error.0.as_str())
}

#[llm_span(chat, observer = observer, model = model, input = text, stream)]
fn streamed_call<'a>(
    observer: &Observer,
    model: &str,
    text: &str,
    answer: &'a [String],
) -> impl Stream<Item = &'a str> + use<'a> {
    stream::iter(answer).map(|chunk| chunk.as_str())
}

#[llm_span(tool, observer = observer, arguments = json!({ "text": text }), result = Value::clone)]
fn tool_with_result(observer: &Observer, text: &str, answer: Value) -> Value {
    answer
}

#[llm_span(retrieval, observer = observer, name = "docs", query = query)]
fn retrieval(observer: &Observer, query: String) -> usize {
    query.len()
}

#[llm_span(tool, observer = observer)]
fn failing_tool(observer: &Observer, text: &str) -> Result<String, Box<dyn std::error::Error>> {
    Err(Box::new(VerboseError(text.to_owned())))
}

#[llm_span(chat, observer = observer, model = request.model)]
fn panicking_call(observer: &Observer, request: &Request) -> String {
    panic!("{}", request.text)
}

#[llm_span(chat, observer = observer, model = request.model, stream, error_type = inference_error)]
fn failing_stream(
    observer: &Observer,
    request: Request,
) -> impl Stream<Item = Result<&'static str, VerboseError>> + use<> {
    stream::iter([Ok("one"), Err(VerboseError(request.text))])
}

impl Application {
    pub async fn run_functions(&self) {
        let request = |place| Request { model: self.model().to_owned(), text: self.canary(place).to_owned() };
        let observer = &self.observer;
        assert!(observer.scope(chat(request("function.argument"))).await.is_ok());
        let reversed: String = self.canary("function.value").chars().rev().collect();
        let response = observer.scope(chat(Request { text: reversed, ..request("function.argument") })).await;
        assert_eq!(response.unwrap(), self.canary("function.value"));
        call_with_field(observer, &request("function.argument"), self.canary("function.field"));
        assert!(failing_call(observer, &request("function.error")).is_err());
        let text = |place| format!("{} {}", self.canary(place), self.secrets());
        let answer = text_chunks(&text("function.streamed"));
        let count = streamed_call(observer, self.model(), &text("function.input"), &answer).count().await;
        assert_eq!(count, answer.len());
        tool_with_result(observer, &text("function.arguments"), json!([text("function.result")]));
        retrieval(observer, text("function.query"));
        assert!(failing_call_with_message(observer, &request("function.message")).is_err());
        assert!(failing_tool(observer, self.canary("function.error")).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| panicking_call(observer, &request("function.panic")))).is_err());
        assert_eq!(failing_stream(observer, request("function.item")).count().await, 2);
    }
}
