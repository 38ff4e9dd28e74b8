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
use super::calls::Talkative;
use super::content::pieces;

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
fn named(observer: &Observer, request: &Request, field: &str) -> String {
    format!("{} {}", request.text.len(), field.len())
}

#[llm_span(chat, observer = observer, model = request.model, error_type = kind)]
fn broken(observer: &Observer, request: &Request) -> Result<String, Talkative> {
    Err(Talkative(request.text.clone()))
}

const fn kind(_: &Talkative) -> ErrorType {
    ErrorType::Inference
}

#[llm_span(chat, observer = observer, model = request.model, error_type = told)]
fn telling(observer: &Observer, request: &Request) -> Result<String, Talkative> {
    Err(Talkative(request.text.clone()))
}

/// Returns a failure that contains the error's text, which is content.
fn told(error: &Talkative) -> Failure {
    Failure::new(ErrorType::Inference).message(error.0.as_str())
}

#[llm_span(chat, observer = observer, model = model, input = text, stream)]
fn given<'a>(
    observer: &Observer,
    model: &str,
    text: &str,
    answer: &'a [String],
) -> impl Stream<Item = &'a str> + use<'a> {
    stream::iter(answer).map(|piece| piece.as_str())
}

#[llm_span(tool, observer = observer, arguments = json!({ "text": text }), result = Value::clone)]
fn told_tool(observer: &Observer, text: &str, answer: Value) -> Value {
    answer
}

#[llm_span(retrieval, observer = observer, name = "docs", query = query)]
fn asked(observer: &Observer, query: String) -> usize {
    query.len()
}

#[llm_span(tool, observer = observer)]
fn tool(observer: &Observer, text: &str) -> Result<String, Box<dyn std::error::Error>> {
    Err(Box::new(Talkative(text.to_owned())))
}

#[llm_span(chat, observer = observer, model = request.model)]
fn panicking(observer: &Observer, request: &Request) -> String {
    panic!("{}", request.text)
}

#[llm_span(chat, observer = observer, model = request.model, stream, error_type = kind)]
fn streaming(observer: &Observer, request: Request) -> impl Stream<Item = Result<&'static str, Talkative>> + use<> {
    stream::iter([Ok("one"), Err(Talkative(request.text))])
}

impl Application {
    pub async fn functions(&self) {
        let request = |place| Request { model: self.model().to_owned(), text: self.of(place).to_owned() };
        let observer = &self.observer;
        assert!(observer.scope(chat(request("function.argument"))).await.is_ok());
        let backwards: String = self.of("function.value").chars().rev().collect();
        let said = observer.scope(chat(Request { text: backwards, ..request("function.argument") })).await;
        assert_eq!(said.unwrap(), self.of("function.value"));
        named(observer, &request("function.argument"), self.of("function.field"));
        assert!(broken(observer, &request("function.error")).is_err());
        let text = |place| format!("{} {}", self.of(place), self.gold());
        let answer = pieces(&text("function.streamed"));
        let said = given(observer, self.model(), &text("function.input"), &answer).count().await;
        assert_eq!(said, answer.len());
        told_tool(observer, &text("function.arguments"), json!([text("function.result")]));
        asked(observer, text("function.query"));
        assert!(telling(observer, &request("function.message")).is_err());
        assert!(tool(observer, self.of("function.error")).is_err());
        assert!(catch_unwind(AssertUnwindSafe(|| panicking(observer, &request("function.panic")))).is_err());
        assert_eq!(streaming(observer, request("function.item")).count().await, 2);
    }
}
