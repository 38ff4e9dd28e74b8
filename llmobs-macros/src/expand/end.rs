//! The last part of the generated function: ends the operation with the value of the body, or moves the operation into
//! the stream or response that the body returned.

use proc_macro2::Ident;
use proc_macro2::Span;
use proc_macro2::TokenStream;
use quote::format_ident;
use quote::quote;
use quote::quote_spanned;
use syn::ExprPath;
use syn::spanned::Spanned;

use super::expansion::Expansion;
use super::expansion::hygienic_ident;
use crate::args::FunctionKind;
use crate::shape::ReturnShape;
use crate::shape::StreamingType;

/// Returns the code that follows the body: it ends or moves the operation, and evaluates to the return value of the
/// function.
pub(super) fn expand(expansion: &Expansion<'_>) -> TokenStream {
    let Expansion { target, value, private, .. } = expansion;
    let reclaim = expansion.args.options.handle.as_ref().map(|_| quote!(let #target = #private::or_disabled(#target);));
    let end = match expansion.shape {
        ReturnShape::Value => {
            let kind = kind_probe(expansion, &quote!(#private::KindProbe::of(&#value)), true);
            let (error, usage, capture) = (error_type(expansion), usage(expansion), capture_output(expansion));
            quote! {
                #private::finish(#target, &#value, #kind, #error, #usage, #capture);
                #value
            }
        }
        ReturnShape::Streaming(streaming) => observe_value(expansion, streaming),
        ReturnShape::MaybeStreaming(streaming) => {
            let kind = kind_probe(expansion, &quote!(#private::KindProbe::of(&#value)), false);
            let error = error_type(expansion);
            let observed = observe_value(expansion, streaming);
            quote! {
                let #target = #private::finish_without_value(#target, &#value, #kind, #error);
                #value.map(move |#value| { #observed })
            }
        }
    };
    quote!(#reclaim #end)
}

/// Returns the code that moves the operation into the stream or response.
fn observe_value(expansion: &Expansion<'_>, streaming: StreamingType) -> TokenStream {
    let Expansion { target, value, private, .. } = expansion;
    match streaming {
        StreamingType::Stream => observe_stream(expansion),
        StreamingType::PinnedStream => observe_boxed(expansion, &quote!(pin)),
        StreamingType::BoxedStream => observe_boxed(expansion, &quote!(new)),
        StreamingType::Sse => quote!(#private::sse(#target, #value)),
        StreamingType::Response | StreamingType::IntoResponse | StreamingType::Body => {
            let value = match streaming {
                StreamingType::IntoResponse => quote!(#private::into_response(#value)),
                _ => quote!(#value),
            };
            let suffix = if expansion.args.options.tokens.is_some() { "_with" } else { "" };
            let name = if streaming == StreamingType::Body { "body" } else { "response" };
            let function = format_ident!("{name}{suffix}");
            let needs_finish_reason = expansion.args.options.without_finish_reason.is_none();
            let tokens = expansion.args.options.tokens.as_ref().map(|path| {
                let to_chunk = user_call(expansion, path, "chunk");
                quote!(#to_chunk, #needs_finish_reason)
            });
            let answer = hygienic_ident("answer", Span::call_site());
            quote!({
                let #answer = #private::#function(#target, #value, #tokens);
                #answer
            })
        }
    }
}

/// Returns the code that puts the observed stream in a box. The typed variable coerces the box to `dyn Stream`.
fn observe_boxed(expansion: &Expansion<'_>, constructor: &TokenStream) -> TokenStream {
    let output = &expansion.streaming_output;
    let observed = observe_stream(expansion);
    let boxed = hygienic_ident("boxed", Span::call_site());
    quote!({
        let #boxed: #output = ::std::boxed::Box::#constructor(#observed);
        #boxed
    })
}

fn observe_stream(expansion: &Expansion<'_>) -> TokenStream {
    let Expansion { target, value, private, .. } = expansion;
    let options = &expansion.args.options;
    let kind = kind_probe(expansion, &quote!(#private::KindProbe::item(&#value)), false);
    // Without this, the error type of `Ok(delta)` may be unknown when the kind of the items is determined.
    let kind = match &expansion.item {
        Some(item) => {
            let (private_at, value) = (expansion.private_at(item.span()), hygienic_ident("value", item.span()));
            let infer = quote_spanned!(item.span()=> #private_at::infer_items::<#item, _>(&#value));
            quote!({ #infer; #kind })
        }
        None => kind,
    };
    let (error, usage) = (error_type(expansion), usage(expansion));
    let (items, observed) = (hygienic_ident("items", Span::call_site()), hygienic_ident("observed", Span::call_site()));
    if matches!(expansion.args.kind, FunctionKind::Step(_)) {
        return quote!({
            let #items = #kind;
            let #observed = #private::observe_step(#target, #value, #items, #error, #usage);
            #observed
        });
    }
    let (tokens, text) = match &options.tokens {
        Some(tokens) => (user_call(expansion, tokens, "chunk"), quote!(#private::no_text)),
        None => {
            let at = options.stream.unwrap_or_else(Span::call_site);
            let (private_at, item) = (expansion.private_at(at), hygienic_ident("item", at));
            let tokens = quote_spanned!(at=> |#item| #private_at::into_chunk(#private_at::item_to_chunk(#item)));
            let text = text_probe(expansion, &item);
            (tokens, quote!(|#item| #text))
        }
    };
    let producer = options.producer.as_ref().map(|producer| {
        let producer = hygienic_ident("producer", producer.span());
        quote!(.producer(#producer))
    });
    let without_finish_reason = options.without_finish_reason.map(|_| quote!(.without_finish_reason()));
    quote!({
        let #items = #kind;
        let #observed = #private::observe(#target, #value, #items, #tokens, #text, #error, #usage);
        #observed #producer #without_finish_reason
    })
}

/// Returns the code that determines the kind of a value from its type: of the imported traits that its type implements,
/// method resolution takes the one with the most references. If `is_value` is set, the code also detects futures and
/// streams that the signature does not show.
fn kind_probe(expansion: &Expansion<'_>, probe: &TokenStream, is_value: bool) -> TokenStream {
    let private = &expansion.private;
    if is_value {
        let at = expansion.function.output().map_or_else(|| expansion.function.signature.ident.span(), Spanned::span);
        let kind = quote_spanned!(at=> (&&&&&&#probe).kind());
        quote!({
            use #private::{KindOfFuture as _, KindOfOption as _, KindOfTypedResult as _, KindOfPlain as _, KindOfResult as _, KindOfStream as _};
            #kind
        })
    } else {
        quote!({
            use #private::{KindOfOption as _, KindOfTypedResult as _, KindOfPlain as _, KindOfResult as _};
            (&&&&&&#probe).kind()
        })
    }
}

/// Returns the function that reads the content of a value: its text for a model function that is not `embeddings`, else
/// what the option `result` says. Without that option it captures nothing.
fn capture_output(expansion: &Expansion<'_>) -> TokenStream {
    let private = &expansion.private;
    let options = &expansion.args.options;
    let (target, answer) = (hygienic_ident("target", Span::call_site()), hygienic_ident("answer", Span::call_site()));
    match (&expansion.args.kind, &options.result) {
        (FunctionKind::Model(name), _) if name != "embeddings" => {
            let text = text_probe(expansion, &answer);
            quote!(|#target, #answer| #private::capture_answer(#target, #text))
        }
        (_, Some(path)) => {
            let (at, private_at) = (path.span(), expansion.private_at(path.span()));
            let json = quote_spanned!(at=> #private_at::into_json(#path(#answer)));
            quote!(|#target, #answer| #private::result(#target, || #json))
        }
        _ => quote!(#private::ignore_value),
    }
}

/// Returns the code for the text of a value, if its type has one.
fn text_probe(expansion: &Expansion<'_>, value: &Ident) -> TokenStream {
    let private = &expansion.private;
    quote!({
        use #private::{WithText as _, WithoutText as _};
        (&&#private::TextProbe::of(#value)).text()
    })
}

fn error_type(expansion: &Expansion<'_>) -> TokenStream {
    let private = &expansion.private;
    expansion
        .args
        .options
        .error_type
        .as_ref()
        .map_or_else(|| quote!(#private::no_error_type), |path| user_call(expansion, path, "failure"))
}

fn usage(expansion: &Expansion<'_>) -> TokenStream {
    let private = &expansion.private;
    expansion
        .args
        .options
        .usage
        .as_ref()
        .map_or_else(|| quote!(#private::no_usage), |path| user_call(expansion, path, "usage"))
}

/// Returns a closure that calls the user's function and then a conversion of llmobs. The direct call coerces the
/// argument as usual; the conversion states the expected return type in its error message.
fn user_call(expansion: &Expansion<'_>, path: &ExprPath, what: &str) -> TokenStream {
    let private = expansion.private_at(path.span());
    let (argument, conversion) =
        (hygienic_ident("argument", path.span()), format_ident!("into_{what}", span = path.span()));
    quote_spanned!(path.span()=> |#argument| #private::#conversion(#path(#argument)))
}
