//! A body that is nothing but `Box::pin(async move { .. })`, as people write it and as `async_trait` makes it.

use proc_macro2::Delimiter;
use proc_macro2::Group;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;

/// Such a body, taken apart.
pub(crate) struct BoxedAsyncBlock {
    /// `Box::pin`, as it was written.
    constructor: TokenStream,
    call: Group,
    keywords: TokenStream,
    block: Group,
}

impl BoxedAsyncBlock {
    /// Takes a body apart, if it is such a one.
    pub(crate) fn of(body: &Group) -> Option<Self> {
        let mut tokens: Vec<TokenTree> = body.stream().into_iter().collect();
        let Some(TokenTree::Group(call)) = tokens.pop() else { return None };
        let is_call = call.delimiter() == Delimiter::Parenthesis && ends_with(&tokens, &["Box", ":", ":", "pin"]);
        let is_path = |token: &TokenTree| match token {
            TokenTree::Ident(_) => true,
            TokenTree::Punct(punct) => punct.as_char() == ':',
            _ => false,
        };
        if !is_call || !tokens.iter().all(is_path) || tokens.iter().any(|token| token.to_string() == "return") {
            return None;
        }
        let inside: Vec<TokenTree> = call.stream().into_iter().collect();
        let [r#async, r#move, TokenTree::Group(block)] = &inside[..] else { return None };
        let is_block = r#async.to_string() == "async" && r#move.to_string() == "move";
        (is_block && block.delimiter() == Delimiter::Brace).then(|| Self {
            constructor: tokens.into_iter().collect(),
            keywords: [r#async.clone(), r#move.clone()].into_iter().collect(),
            block: block.clone(),
            call,
        })
    }

    /// What stands in the block.
    pub(crate) fn block(&self) -> &Group {
        &self.block
    }

    /// The same around another block.
    pub(crate) fn with(&self, inside: TokenStream) -> TokenStream {
        let mut block = Group::new(Delimiter::Brace, inside);
        block.set_span(self.block.span());
        let mut stream = self.keywords.clone();
        stream.extend([TokenTree::Group(block)]);
        let mut call = Group::new(Delimiter::Parenthesis, stream);
        call.set_span(self.call.span());
        let mut all = self.constructor.clone();
        all.extend([TokenTree::Group(call)]);
        all
    }

    /// What `async_trait` puts before the function's own body, and the rest: names of the arguments, which are known
    /// only behind it. None where a person wrote the block.
    pub(crate) fn of_async_trait(&self) -> Option<(TokenStream, TokenStream)> {
        let tokens: Vec<TokenTree> = self.block.stream().into_iter().collect();
        let text: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        let at = (0..tokens.len()).find(|&at| {
            let after =
                |words: &[&str]| text[at..].iter().map(String::as_str).take(words.len()).eq(words.iter().copied());
            let is_result = after(&["let", "__ret", ":"]) || after(&["let", "_", ":", "()", "="]);
            is_result && (at == 0 || text[at - 1] != "if")
        })?;
        let is_first = at == 0 && text[1] == "_";
        let is_generated =
            text.first().is_some_and(|first| first == "if") || has_generated_names(&text[..at]) || is_first;
        is_generated.then(|| (tokens[..at].iter().cloned().collect(), tokens[at..].iter().cloned().collect()))
    }
}

/// Whether names stand there that nobody else gives.
fn has_generated_names(tokens: &[String]) -> bool {
    tokens.iter().any(|token| token == "__self" || token.starts_with("__arg")) || is_rebinding(tokens)
}

/// `let x = x;`, which is what becomes of a plain argument.
fn is_rebinding(tokens: &[String]) -> bool {
    tokens.windows(5).any(|window| match window {
        [keyword, name, equals, same, end] => keyword == "let" && equals == "=" && end == ";" && name == same,
        _ => false,
    })
}

fn ends_with(tokens: &[TokenTree], words: &[&str]) -> bool {
    let from = tokens.len().checked_sub(words.len());
    from.is_some_and(|from| tokens[from..].iter().map(ToString::to_string).eq(words.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    fn body(tokens: TokenStream) -> Group {
        Group::new(Delimiter::Brace, tokens)
    }

    #[test]
    fn a_body_is_taken_apart_and_put_together_again() {
        for tokens in
            [quote!(Box::pin(async move { request.text.len() })), quote!(::std::boxed::Box::pin(async move { 1 }))]
        {
            let boxed = BoxedAsyncBlock::of(&body(tokens.clone())).unwrap();
            assert!(boxed.of_async_trait().is_none());
            assert_eq!(boxed.with(boxed.block().stream()).to_string(), tokens.to_string());
        }
    }

    #[test]
    fn anything_before_the_box_or_another_block_is_left_alone() {
        for tokens in [
            quote!(let x = 1; Box::pin(async move { x })),
            quote!(Box::pin(async { 1 })),
            quote!(Box::pin(other())),
            quote!(return Box::pin(async move { 1 })),
            quote!(),
        ] {
            assert!(BoxedAsyncBlock::of(&body(tokens)).is_none());
        }
    }

    #[test]
    fn what_async_trait_puts_first_is_told_from_the_rest() {
        let boxed = BoxedAsyncBlock::of(&body(quote!(Box::pin(async move {
            if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<u8> {
                return __ret;
            }
            let __self = self;
            let text = text;
            let __ret: u8 = { 1 };
            __ret
        }))));
        let (head, rest) = boxed.unwrap().of_async_trait().unwrap();
        assert!(head.to_string().ends_with("let text = text ;"));
        assert!(rest.to_string().starts_with("let __ret : u8 = { 1 }"));
    }
}
