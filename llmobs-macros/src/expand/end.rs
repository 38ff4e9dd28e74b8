//! The end of the expansion: ends the operation by the value, or keeps the operation running with the stream.

use proc_macro2::Ident;
use proc_macro2::Span;
use proc_macro2::TokenStream;
use quote::format_ident;
use quote::quote;
use quote::quote_spanned;
use syn::ExprPath;
use syn::spanned::Spanned;

use super::Expansion;
use super::hygienic_ident;
use crate::args::FunctionKind;
use crate::shape::ReturnShape;
use crate::shape::StreamingType;

impl Expansion<'_> {
    /// Returns the code from the body's value to the function's return value.
    pub(super) fn end(&self) -> TokenStream {
        let Self { target, value, private, .. } = self;
        let reclaim = self.args.options.handle.as_ref().map(|_| quote!(let #target = #private::or_disabled(#target);));
        let end = match self.shape {
            ReturnShape::Value => {
                let kind = self.kind_probe(&quote!(#private::KindProbe::of(&#value)), true);
                let (error, usage, capture) = (self.error_type(), self.usage(), self.capture_output());
                quote! {
                    #private::finish(#target, &#value, #kind, #error, #usage, #capture);
                    #value
                }
            }
            ReturnShape::Streaming(streaming) => self.observe_value(streaming),
            ReturnShape::MaybeStreaming(streaming) => {
                let kind = self.kind_probe(&quote!(#private::KindProbe::of(&#value)), false);
                let error = self.error_type();
                let observed = self.observe_value(streaming);
                quote! {
                    let #target = #private::finish_without_value(#target, &#value, #kind, #error);
                    #value.map(move |#value| { #observed })
                }
            }
        };
        quote!(#reclaim #end)
    }

    /// Returns the stream or response with the operation inside.
    fn observe_value(&self, streaming: StreamingType) -> TokenStream {
        let Self { target, value, private, .. } = self;
        match streaming {
            StreamingType::Stream => self.observe_stream(),
            StreamingType::PinnedStream => self.observe_boxed(&quote!(pin)),
            StreamingType::BoxedStream => self.observe_boxed(&quote!(new)),
            StreamingType::Sse => quote!(#private::sse(#target, #value)),
            StreamingType::Response | StreamingType::IntoResponse | StreamingType::Body => {
                let value = match streaming {
                    StreamingType::IntoResponse => quote!(#private::into_response(#value)),
                    _ => quote!(#value),
                };
                let suffix = if self.args.options.tokens.is_some() { "_with" } else { "" };
                let name = if streaming == StreamingType::Body { "body" } else { "response" };
                let function = format_ident!("{name}{suffix}");
                let tokens = self.args.options.tokens.as_ref().map(|path| self.user_call(path, "chunk"));
                let answer = hygienic_ident("answer", Span::call_site());
                quote!({
                    let #answer = #private::#function(#target, #value, #tokens);
                    #answer
                })
            }
        }
    }

    /// Returns the observed stream in a box. The typed variable coerces the box to `dyn Stream`.
    fn observe_boxed(&self, constructor: &TokenStream) -> TokenStream {
        let output = &self.streaming_output;
        let observed = self.observe_stream();
        let boxed = hygienic_ident("boxed", Span::call_site());
        quote!({
            let #boxed: #output = ::std::boxed::Box::#constructor(#observed);
            #boxed
        })
    }

    fn observe_stream(&self) -> TokenStream {
        let Self { target, value, private, .. } = self;
        let options = &self.args.options;
        let kind = self.kind_probe(&quote!(#private::KindProbe::item(&#value)), false);
        let (error, usage) = (self.error_type(), self.usage());
        let (items, observed) =
            (hygienic_ident("items", Span::call_site()), hygienic_ident("observed", Span::call_site()));
        if matches!(self.args.kind, FunctionKind::Step(_)) {
            return quote!({
                let #items = #kind;
                let #observed = #private::observe_step(#target, #value, #items, #error, #usage);
                #observed
            });
        }
        let (tokens, text) = match &options.tokens {
            Some(tokens) => (self.user_call(tokens, "chunk"), quote!(#private::no_text)),
            None => {
                let at = options.stream.unwrap_or_else(Span::call_site);
                let (private_at, item) = (self.private_at(at), hygienic_ident("item", at));
                let tokens = quote_spanned!(at=> |#item| #private_at::into_chunk(#private_at::item_to_chunk(#item)));
                let text = self.text_probe(&item);
                (tokens, quote!(|#item| #text))
            }
        };
        let producer = options.producer.as_ref().map(|producer| {
            let producer = hygienic_ident("producer", producer.span());
            quote!(.producer(#producer))
        });
        quote!({
            let #items = #kind;
            let #observed = #private::observe(#target, #value, #items, #tokens, #text, #error, #usage);
            #observed #producer
        })
    }

    /// Returns the code that determines the kind of the value by its type: the first trait in the list that applies is
    /// chosen. A plain value is also checked for hidden futures and streams.
    fn kind_probe(&self, probe: &TokenStream, is_value: bool) -> TokenStream {
        let private = &self.private;
        if is_value {
            let at = self.function.output().map_or_else(|| self.function.signature.ident.span(), Spanned::span);
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

    /// Returns the closure that captures the output of the value, if content is captured.
    fn capture_output(&self) -> TokenStream {
        let private = &self.private;
        let options = &self.args.options;
        let (target, answer) =
            (hygienic_ident("target", Span::call_site()), hygienic_ident("answer", Span::call_site()));
        match (&self.args.kind, &options.result) {
            (FunctionKind::Model(name), _) if name != "embeddings" => {
                let text = self.text_probe(&answer);
                quote!(|#target, #answer| #private::capture_answer(#target, #text))
            }
            (_, Some(path)) => {
                let (at, private_at) = (path.span(), self.private_at(path.span()));
                let json = quote_spanned!(at=> #private_at::into_json(#path(#answer)));
                quote!(|#target, #answer| #private::result(#target, || #json))
            }
            _ => quote!(#private::ignore_value),
        }
    }

    /// Returns the code for the text of a value, if its type has one.
    fn text_probe(&self, value: &Ident) -> TokenStream {
        let private = &self.private;
        quote!({
            use #private::{WithText as _, WithoutText as _};
            (&&#private::TextProbe::of(#value)).text()
        })
    }

    fn error_type(&self) -> TokenStream {
        let private = &self.private;
        self.args
            .options
            .error_type
            .as_ref()
            .map_or_else(|| quote!(#private::no_error_type), |path| self.user_call(path, "failure"))
    }

    fn usage(&self) -> TokenStream {
        let private = &self.private;
        self.args
            .options
            .usage
            .as_ref()
            .map_or_else(|| quote!(#private::no_usage), |path| self.user_call(path, "usage"))
    }

    /// Returns a closure that calls the user's function and then a conversion of llmobs. The direct call coerces the
    /// argument as usual; the conversion states the expected return type in its error message.
    fn user_call(&self, path: &ExprPath, what: &str) -> TokenStream {
        let private = self.private_at(path.span());
        let (argument, conversion) =
            (hygienic_ident("argument", path.span()), format_ident!("into_{what}", span = path.span()));
        quote_spanned!(path.span()=> |#argument| #private::#conversion(#path(#argument)))
    }
}
