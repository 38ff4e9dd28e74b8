//! The end: what the value says, or who carries the operation on.

use proc_macro2::Ident;
use proc_macro2::Span;
use proc_macro2::TokenStream;
use quote::format_ident;
use quote::quote;
use quote::quote_spanned;
use syn::ExprPath;
use syn::spanned::Spanned;

use super::Expansion;
use super::own;
use crate::args::Kind;
use crate::shape::Shape;
use crate::shape::Wrap;

impl Expansion<'_> {
    /// From the value to what the function gives back.
    pub(super) fn end(&self) -> TokenStream {
        let Self { watched, value, private, .. } = self;
        let rest = self.args.options.handle.as_ref().map(|_| quote!(let #watched = #private::rest(#watched);));
        let end = match self.shape {
            Shape::Value => {
                let kind = self.kind(&quote!(#private::Probe::of(&#value)), true);
                let (error, usage, tell) = (self.error_type(), self.usage(), self.tell());
                quote! {
                    #private::finish(#watched, &#value, #kind, #error, #usage, #tell);
                    #value
                }
            }
            Shape::Lasting(wrap) => self.wrapped(wrap),
            Shape::Maybe(wrap) => {
                let kind = self.kind(&quote!(#private::Probe::of(&#value)), false);
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

    /// The value with the operation inside.
    fn wrapped(&self, wrap: Wrap) -> TokenStream {
        let Self { watched, value, private, .. } = self;
        match wrap {
            Wrap::Stream => self.observed(),
            Wrap::PinnedStream => self.boxed(&quote!(pin)),
            Wrap::BoxedStream => self.boxed(&quote!(new)),
            Wrap::Sse => quote!(#private::sse(#watched, #value)),
            Wrap::Response | Wrap::IntoResponse | Wrap::Body => {
                let value = match wrap {
                    Wrap::IntoResponse => quote!(#private::into_response(#value)),
                    _ => quote!(#value),
                };
                let suffix = if self.args.options.tokens.is_some() { "_with" } else { "" };
                let name = if wrap == Wrap::Body { "body" } else { "response" };
                let function = format_ident!("{name}{suffix}");
                let tokens = self.args.options.tokens.as_ref().map(|path| self.called(path, "tokens"));
                let answer = own("answer", Span::call_site());
                quote!({
                    let #answer = #private::#function(#watched, #value, #tokens);
                    #answer
                })
            }
        }
    }

    /// In a box again. Only a place with a type makes `dyn` of it.
    fn boxed(&self, constructor: &TokenStream) -> TokenStream {
        let lasting = &self.lasting;
        let observed = self.observed();
        let boxed = own("boxed", Span::call_site());
        quote!({
            let #boxed: #lasting = ::std::boxed::Box::#constructor(#observed);
            #boxed
        })
    }

    fn observed(&self) -> TokenStream {
        let Self { watched, value, private, .. } = self;
        let options = &self.args.options;
        let kind = self.kind(&quote!(#private::Probe::item(&#value)), false);
        let (error, usage) = (self.error_type(), self.usage());
        let (items, observed) = (own("items", Span::call_site()), own("observed", Span::call_site()));
        if matches!(self.args.kind, Kind::Step(_)) {
            return quote!({
                let #items = #kind;
                let #observed = #private::follow(#watched, #value, #items, #error, #usage);
                #observed
            });
        }
        let (tokens, text) = match &options.tokens {
            Some(tokens) => (self.called(tokens, "tokens"), quote!(#private::wordless)),
            None => {
                let at = options.stream.unwrap_or_else(Span::call_site);
                let (there, item) = (self.private_at(at), own("item", at));
                let tokens = quote_spanned!(at=> |#item| #there::said_tokens(#there::carried(#item)));
                let text = self.text(&item);
                (tokens, quote!(|#item| #text))
            }
        };
        let drive = options.drive.as_ref().map(|drive| {
            let drive = own("drive", drive.span());
            quote!(.drive(#drive))
        });
        quote!({
            let #items = #kind;
            let #observed = #private::observe(#watched, #value, #items, #tokens, #text, #error, #usage);
            #observed #drive
        })
    }

    /// What kind of value it is, by its type: the first trait in the list that knows it speaks. Only a value may not be
    /// a future or a stream.
    fn kind(&self, probe: &TokenStream, is_value: bool) -> TokenStream {
        let private = &self.private;
        if is_value {
            let at = self.function.output().map_or_else(|| self.function.signature.ident.span(), Spanned::span);
            let asked = quote_spanned!(at=> (&&&&&&#probe).kind());
            quote!({
                use #private::{OfFuture as _, OfMaybe as _, OfNamed as _, OfPlain as _, OfResult as _, OfStream as _};
                #asked
            })
        } else {
            quote!({
                use #private::{OfMaybe as _, OfNamed as _, OfPlain as _, OfResult as _};
                (&&&&&&#probe).kind()
            })
        }
    }

    /// What the value says of itself, where content is captured.
    fn tell(&self) -> TokenStream {
        let private = &self.private;
        let options = &self.args.options;
        let (watched, answer) = (own("watched", Span::call_site()), own("answer", Span::call_site()));
        match (&self.args.kind, &options.result) {
            (Kind::Model(name), _) if name != "embeddings" => {
                let text = self.text(&answer);
                quote!(|#watched, #answer| #private::answer(#watched, #text))
            }
            (_, Some(path)) => {
                let (at, there) = (path.span(), self.private_at(path.span()));
                let said = quote_spanned!(at=> #there::said_result(#path(#answer)));
                quote!(|#watched, #answer| #private::result(#watched, || #said))
            }
            _ => quote!(#private::untold),
        }
    }

    /// The text of something, if its type knows it.
    fn text(&self, said: &Ident) -> TokenStream {
        let private = &self.private;
        quote!({
            use #private::{Worded as _, Wordless as _};
            (&&#private::Saying::of(#said)).text()
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

    /// A call of the user's function, so that an argument is coerced as in any call, and of ours, which says what it
    /// should give.
    fn called(&self, path: &ExprPath, what: &str) -> TokenStream {
        let private = self.private_at(path.span());
        let (argument, said) = (own("argument", path.span()), format_ident!("said_{what}", span = path.span()));
        quote_spanned!(path.span()=> |#argument| #private::#said(#path(#argument)))
    }
}
