//! `self` in every form.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use std::sync::Arc;

use llmobs::Observer;
use llmobs::llm_span;

struct Engine {
    observer: Observer,
    model: String,
    count: usize,
}

impl Engine {
    #[llm_span(chat, observer = self.observer, model = self.model)]
    fn shared(&self) -> &str {
        &self.model
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    fn exclusive(&mut self) -> &mut usize {
        self.count += 1;
        &mut self.count
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    fn owned(mut self) -> Self {
        self.count += 1;
        self
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    fn boxed(self: Box<Self>) -> usize {
        self.count
    }

    #[llm_span(chat, observer = self.observer, model = self.model)]
    async fn counted(self: &Arc<Self>) -> usize {
        std::future::ready(self.count).await
    }

    #[llm_span(chat, model = Self::MODEL)]
    fn associated() -> Self {
        Self { observer: Observer::disabled(), model: Self::MODEL.to_owned(), count: 0 }
    }

    const MODEL: &str = "m";
}

pub(crate) fn main() {
    let mut engine = Engine::associated();
    *engine.exclusive() += 1;
    assert_eq!(engine.shared(), "m");
    let engine = engine.owned();
    assert_eq!(engine.count, 3);
    drop(Arc::new(Engine::associated()).counted());
    assert_eq!(Box::new(engine).boxed(), 3);
}
