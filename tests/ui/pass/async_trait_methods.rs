//! Methods that `async_trait` has rewritten.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use async_trait::async_trait;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use futures_util::stream::BoxStream;
use llmobs::llm_span;

#[async_trait]
trait Model {
    async fn chat(&mut self, text: String, extra: &str) -> Result<usize, String>;
    async fn parts(&self, (model, count): (String, usize)) -> usize;
    async fn streamed(&self) -> BoxStream<'static, &'static str>;
    async fn unit(&self);

    #[llm_span(tool)]
    async fn defaulted(&self) -> Option<u8> {
        None
    }
}

struct Engine {
    model: String,
}

#[async_trait]
impl Model for Engine {
    #[llm_span(chat, model = self.model, max_tokens = text.len())]
    async fn chat(&mut self, text: String, extra: &str) -> Result<usize, String> {
        if text.is_empty() {
            return Err(text);
        }
        self.model.push_str(extra);
        Ok(self.model.len() + text.len())
    }

    #[llm_span(chat, model = model)]
    async fn parts(&self, (model, count): (String, usize)) -> usize {
        model.len() + count
    }

    #[llm_span(chat, model = self.model, stream)]
    async fn streamed(&self) -> BoxStream<'static, &'static str> {
        stream::iter(["a"]).boxed()
    }

    #[llm_span(workflow)]
    async fn unit(&self) {
        std::future::ready(()).await;
    }
}

pub(crate) fn main() {
    let mut engine = Engine { model: "m".to_owned() };
    assert_eq!(engine.chat("text".to_owned(), "n").now_or_never(), Some(Ok(6)));
    assert_eq!(engine.parts(("m".to_owned(), 1)).now_or_never(), Some(2));
    assert_eq!(engine.streamed().now_or_never().unwrap().count().now_or_never(), Some(1));
    assert_eq!(engine.unit().now_or_never(), Some(()));
    assert_eq!(engine.defaulted().now_or_never(), Some(None));
}
