//! The crate under another name.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

mod vendor {
    #[doc(no_inline)]
    pub(crate) use llmobs as renamed;
}

use vendor::renamed::llm_span;

#[allow(dead_code, unused_imports, reason = "the wrong one")]
mod llmobs {}

#[llm_span(chat, model = "m", crate = vendor::renamed)]
fn value() -> u8 {
    1
}

#[llm_span(chat, model = "m", stream, crate = self::vendor::renamed, max_tokens = 3)]
async fn streamed() -> impl futures_util::Stream<Item = &'static str> {
    futures_util::stream::iter(["a"])
}

pub(crate) fn main() {
    assert_eq!(value(), 1);
    drop(streamed());
}
