//! Async functions in traits, as the language has them.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use futures_util::FutureExt;
use llmobs::llm_span;

trait Model {
    fn chat(&self, text: &str) -> impl Future<Output = usize> + Send;

    fn name(&self) -> &str;

    #[llm_span(chat, model = self.name())]
    fn defaulted(&self) -> impl Future<Output = u8> + Send
    where
        Self: Sync,
    {
        async move { 1 }
    }
}

struct Engine;

impl Model for Engine {
    #[llm_span(chat, model = self.name())]
    async fn chat(&self, text: &str) -> usize {
        std::future::ready(text.len()).await
    }

    fn name(&self) -> &'static str {
        "m"
    }
}

pub(crate) fn main() {
    assert_eq!(Engine.chat("four").now_or_never(), Some(4));
    assert_eq!(Engine.defaulted().now_or_never(), Some(1));
}
