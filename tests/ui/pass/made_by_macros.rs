//! Functions that another macro writes.
#![deny(warnings, clippy::pedantic, missing_docs, unreachable_pub)]

use llmobs::llm_span;

macro_rules! calls {
    ($($name:ident($kind:ident, $model:expr, $argument:ident: $type:ty) -> $output:ty $body:block)*) => {
        $(#[llm_span($kind, model = $model)]
        fn $name($argument: $type) -> $output $body)*
    };
}

calls! {
    first(chat, "m", value: u8) -> u8 { value }
    second(embeddings, String::from("m"), value: &str) -> Result<u8, std::num::ParseIntError> {
        let number: u8 = value.parse()?;
        Ok(number)
    }
}

pub(crate) fn main() {
    assert_eq!(first(1), 1);
    assert_eq!(second("2"), Ok(2));
}
