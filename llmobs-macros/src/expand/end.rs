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
        let Self { watched, value, private, .. } = self;
        let rest = self.args.options.handle.as_ref().map(|_| quote!(let #watched = #private::rest(#watched);));
        let end = match self.shape {
            ReturnShape::Value => {
                let kind = self.kind(&quote!(#private::KindProbe::of(&#value)), true);
                let (error, usage, tell) = (self.error_type(), self.usage(), self.capture_output());
                quote! {
                    #private::finish(#watched, &#value, #kind, #error, #usage, #tell);
                    #value
                }
            }
            ReturnShape::Streaming(wrap) => self.wrapped(wrap),
            ReturnShape::MaybeStreaming(wrap) => {
                let kind = self.kind(&quote!(#private::KindProbe::of(&#value)), false);
                let error = self.error_type();
                let wrapped = self.wrapped(wrap);
                quote! {
                    let #watched = #private::gate(#watched, &#value, #kind, #error);
                    #value.map(move |#value| { #wrapped })
                }
            }
        };
        quote!(#rest #end)
    }

    /// Returns the stream or response with the operation inside.
    fn wrapped(&self, wrap: StreamingType) -> TokenStream {
        let Self { watched, value, private, .. } = self;
        match wrap {
            StreamingType::Stream => self.observed(),
            StreamingType::PinnedStream => self.boxed(&quote!(pin)),
            StreamingType::BoxedStream => self.boxed(&quote!(new)),
            StreamingType::Sse => quote!(#private::sse(#watched, #value)),
            StreamingType::Response | StreamingType::IntoResponse | StreamingType::Body => {
                let value = match wrap {
                    StreamingType::IntoResponse => quote!(#private::into_response(#value)),
                    _ => quote!(#value),
                };
                let suffix = if self.args.options.tokens.is_some() { "_with" } else { "" };
                let name = if wrap == StreamingType::Body { "body" } else { "response" };
                let function = format_ident!("{name}{suffix}");
                let tokens = self.args.options.tokens.as_ref().map(|path| self.called(path, "chunk"));
                let answer = hygienic_ident("answer", Span::call_site());
                quote!({
                    let #answer = #private::#function(#watched, #value, #tokens);
                    #answer
                })
            }
        }
    }

    /// Returns the observed stream in a box. The typed variable coerces the box to `dyn Stream`.
    fn boxed(&self, constructor: &TokenStream) -> TokenStream {
        let lasting = &self.lasting;
        let observed = self.observed();
        let boxed = hygienic_ident("boxed", Span::call_site());
        quote!({
            let #boxed: #lasting = ::std::boxed::Box::#constructor(#observed);
            #boxed
        })
    }

    fn observed(&self) -> TokenStream {
        let Self { watched, value, private, .. } = self;
        let options = &self.args.options;
        let kind = self.kind(&quote!(#private::KindProbe::item(&#value)), false);
        let (error, usage) = (self.error_type(), self.usage());
        let (items, observed) =
            (hygienic_ident("items", Span::call_site()), hygienic_ident("observed", Span::call_site()));
        if matches!(self.args.kind, FunctionKind::Step(_)) {
            return quote!({
                let #items = #kind;
                let #observed = #private::follow(#watched, #value, #items, #error, #usage);
                #observed
            });
        }
        let (tokens, text) = match &options.tokens {
            Some(tokens) => (self.called(tokens, "chunk"), quote!(#private::wordless)),
            None => {
                let at = options.stream.unwrap_or_else(Span::call_site);
                let (there, item) = (self.private_at(at), hygienic_ident("item", at));
                let tokens = quote_spanned!(at=> |#item| #there::into_chunk(#there::carried(#item)));
                let text = self.text(&item);
                (tokens, quote!(|#item| #text))
            }
        };
        let producer = options.producer.as_ref().map(|producer| {
            let producer = hygienic_ident("producer", producer.span());
            quote!(.producer(#producer))
        });
        quote!({
            let #items = #kind;
            let #observed = #private::observe(#watched, #value, #items, #tokens, #text, #error, #usage);
            #observed #producer
        })
    }

    /// Returns the code that determines the kind of the value by its type: the first trait in the list that applies is
    /// chosen. A plain value is also checked for hidden futures and streams.
    fn kind(&self, probe: &TokenStream, is_value: bool) -> TokenStream {
        let private = &self.private;
        if is_value {
            let at = self.function.output().map_or_else(|| self.function.signature.ident.span(), Spanned::span);
            let asked = quote_spanned!(at=> (&&&&&&#probe).kind());
            quote!({
                use #private::{KindOfFuture as _, KindOfOption as _, KindOfTypedResult as _, KindOfPlain as _, KindOfResult as _, KindOfStream as _};
                #asked
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
        let (watched, answer) =
            (hygienic_ident("watched", Span::call_site()), hygienic_ident("answer", Span::call_site()));
        match (&self.args.kind, &options.result) {
            (FunctionKind::Model(name), _) if name != "embeddings" => {
                let text = self.text(&answer);
                quote!(|#watched, #answer| #private::answer(#watched, #text))
            }
            (_, Some(path)) => {
                let (at, there) = (path.span(), self.private_at(path.span()));
                let said = quote_spanned!(at=> #there::into_json(#path(#answer)));
                quote!(|#watched, #answer| #private::result(#watched, || #said))
            }
            _ => quote!(#private::untold),
        }
    }

    /// Returns the code for the text of a value, if its type has one.
    fn text(&self, said: &Ident) -> TokenStream {
        let private = &self.private;
        quote!({
            use #private::{WithText as _, WithoutText as _};
            (&&#private::TextProbe::of(#said)).text()
        })
    }

    fn error_type(&self) -> TokenStream {
        let private = &self.private;
        self.args
            .options
            .error_type
            .as_ref()
            .map_or_else(|| quote!(#private::unnamed), |path| self.called(path, "failure"))
    }

    fn usage(&self) -> TokenStream {
        let private = &self.private;
        self.args.options.usage.as_ref().map_or_else(|| quote!(#private::unread), |path| self.called(path, "usage"))
    }

    /// Returns a closure that calls the user's function and then a conversion of llmobs. The direct call coerces the
    /// argument as usual; the conversion states the expected return type in its error message.
    fn called(&self, path: &ExprPath, what: &str) -> TokenStream {
        let private = self.private_at(path.span());
        let (argument, said) =
            (hygienic_ident("argument", path.span()), format_ident!("into_{what}", span = path.span()));
        quote_spanned!(path.span()=> |#argument| #private::#said(#path(#argument)))
    }
}
