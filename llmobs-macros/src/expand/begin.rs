//! The start of the expansion: everything that is known before the body runs.

use proc_macro2::Group;
use proc_macro2::Ident;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use quote::ToTokens;
use quote::quote;
use quote::quote_spanned;
use syn::Expr;
use syn::spanned::Spanned;

use super::Expansion;
use super::hygienic_ident;
use crate::args::FunctionKind;
use crate::args::ObjectiveArgs;
use crate::args::StepKind;

/// A writer of the user's expressions for the start of the expansion.
struct Expressions {
    /// Set if `async_trait` has renamed `self` to `__self`.
    is_self_renamed: bool,
}

impl Expressions {
    fn write(&self, expression: &Expr) -> TokenStream {
        let tokens = expression.to_token_stream();
        if self.is_self_renamed { renamed(tokens) } else { tokens }
    }

    /// Borrows a value under a hygienic name. Temporaries of the expression live until the end of the block.
    fn borrow(&self, name: &str, expression: &Expr) -> (Ident, TokenStream) {
        let name = hygienic_ident(name, expression.span());
        let value = self.write(expression);
        (name.clone(), quote!(let #name = &(#value);))
    }
}

fn renamed(tokens: TokenStream) -> TokenStream {
    let rename = |token| match token {
        TokenTree::Ident(name) if name == "self" => TokenTree::Ident(Ident::new("__self", name.span())),
        TokenTree::Group(group) => {
            let mut inside = Group::new(group.delimiter(), renamed(group.stream()));
            inside.set_span(group.span());
            TokenTree::Group(inside)
        }
        other => other,
    };
    tokens.into_iter().map(rename).collect()
}

impl Expansion<'_> {
    /// Returns the code that starts the operation or the step.
    pub(super) fn begin(&self, is_renamed: bool) -> TokenStream {
        let Self { watched, root, span, .. } = self;
        let expressions = Expressions { is_self_renamed: is_renamed };
        let options = &self.args.options;
        let observer = match &options.observer {
            Some(given) => {
                let (name, given) = expressions.borrow("given", given);
                let observer = hygienic_ident("observer", options.observer.span());
                quote!(#given let #observer: &#root::Observer = #name;)
            }
            None => {
                let observer = hygienic_ident("observer", proc_macro2::Span::call_site());
                quote!(let #observer = &#root::Observer::current();)
            }
        };
        let start = match &self.args.kind {
            FunctionKind::Model(name) => self.operation(name, &expressions),
            FunctionKind::Step(step) => self.step(*step, &expressions),
        };
        let content = self.content(&expressions);
        let fields = self.fields(&expressions);
        let producer = options.producer.as_ref().map(|producer| {
            let (name, value) = (hygienic_ident("producer", producer.span()), expressions.write(producer));
            quote!(let #name: #root::stream::Producer = #value;)
        });
        let lent = options.handle.as_ref().map(|_| {
            quote! {
                let #span = #watched.span();
                let mut #watched = ::core::option::Option::Some(#watched);
            }
        });
        quote! {
            let #watched = {
                #observer
                #start
                #content
                #fields
                #watched
            };
            #producer
            #lent
        }
    }

    fn operation(&self, name: &str, expressions: &Expressions) -> TokenStream {
        let Self { watched, root, .. } = self;
        let options = &self.args.options;
        let observer = hygienic_ident("observer", options.observer.span());
        let (model, borrow) = match &options.model {
            Some(given) => {
                let (model, borrow) = expressions.borrow("model", given);
                (self.called_at("text", &model), borrow)
            }
            None => (quote!("unknown"), TokenStream::new()),
        };
        let mut start = match name {
            "chat" => quote!(#root::Observer::chat(#observer, #model)),
            "text_completion" => quote!(#root::Observer::text_completion(#observer, #model)),
            "embeddings" => quote!(#root::Observer::embeddings(#observer, #model)),
            other => {
                quote!(#root::Observer::operation(#observer, #root::semconv::value::OperationName::other(#other), #model))
            }
        };
        let mut borrows = borrow;
        if let Some(provider) = &options.provider {
            let (name, borrow) = expressions.borrow("provider", provider);
            borrows.extend(borrow);
            let provider = self.called_at("provider", &name);
            start = quote!(#start.provider(#provider));
        }
        for (setter, given) in [("max_tokens", &options.max_tokens), ("conversation", &options.conversation)] {
            if let Some(given) = given {
                let (name, borrow) = expressions.borrow(setter, given);
                borrows.extend(borrow);
                start = self.set_at(setter, &start, &name);
            }
        }
        if let Some(objective) = &options.objective {
            start = self.objective(objective, &start);
        }
        quote!(#borrows let #watched = #start.start();)
    }

    fn step(&self, step: StepKind, expressions: &Expressions) -> TokenStream {
        let Self { watched, root, .. } = self;
        let options = &self.args.options;
        let observer = hygienic_ident("observer", options.observer.span());
        let (about, mut borrows) = match &options.name {
            Some(given) => {
                let (name, borrow) = expressions.borrow("name", given);
                (self.called_at("text", &name), borrow)
            }
            None => {
                let name = self.function.signature.ident.to_string();
                let name = name.trim_start_matches("r#");
                (quote!(#name), TokenStream::new())
            }
        };
        let method = Ident::new(step.method(), proc_macro2::Span::call_site());
        let mut start = quote!(#root::Observer::#method(#observer, #about));
        if let Some(provider) = &options.provider {
            let (given, borrow) = expressions.borrow("provider", provider);
            let name = hygienic_ident("provider_of", provider.span());
            let provider = self.called_at("provider", &given);
            borrows.extend(quote!(#borrow let #name = &#provider;));
            start = quote!(#start.provider(#name));
        }
        for (setter, given) in [("model", &options.model), ("conversation", &options.conversation)] {
            if let Some(given) = given {
                let (name, borrow) = expressions.borrow(setter, given);
                borrows.extend(borrow);
                start = self.set_at(&format!("step_{setter}"), &start, &name);
            }
        }
        quote!(#borrows let #watched = #start.start();)
    }

    /// Returns a call of a conversion function with a value.
    fn called_at(&self, function: &str, value: &Ident) -> TokenStream {
        let (at, there) = (value.span(), self.private_at(value.span()));
        let function = Ident::new(function, at);
        quote_spanned!(at=> #there::#function(#value))
    }

    /// Returns a call of a setter function with the start and a value.
    fn set_at(&self, function: &str, start: &TokenStream, value: &Ident) -> TokenStream {
        let (at, there) = (value.span(), self.private_at(value.span()));
        let function = Ident::new(function, at);
        quote_spanned!(at=> #there::#function(#start, #value))
    }

    /// Returns the code that captures content. The expressions are evaluated only while content is captured.
    fn content(&self, expressions: &Expressions) -> TokenStream {
        let Self { watched, private, .. } = self;
        let options = &self.args.options;
        let all = [("input", &options.input), ("arguments", &options.arguments), ("query", &options.query)];
        let hand_in = all.into_iter().filter_map(|(name, given)| {
            let (value, borrow) = expressions.borrow(name, given.as_ref()?);
            let at = value.span();
            let there = self.private_at(at);
            let (function, become_content) = (Ident::new(name, at), Ident::new("convert", at));
            let given = quote_spanned!(at=> #there::ContentArg::#function(#value));
            Some(quote! {
                #private::#function(&#watched, || {
                    use #private::{ConvertBorrowed as _, ConvertUnsupported as _, ConvertOwned as _, ConvertReference as _};
                    #borrow
                    (&&&&#given).#become_content()
                });
            })
        });
        hand_in.collect()
    }

    /// Returns the code that records fields. The expressions are evaluated only if the span is recorded.
    fn fields(&self, expressions: &Expressions) -> Option<TokenStream> {
        let Self { watched, private, .. } = self;
        let fields = &self.args.options.fields;
        if fields.is_empty() {
            return None;
        }
        let kept = hygienic_ident("fields", proc_macro2::Span::call_site());
        let all = fields.iter().map(|field| {
            let (value, borrow) = expressions.borrow("field", &field.value);
            let name = &field.name;
            let at = value.span();
            let there = self.private_at(at);
            let keep = quote_spanned!(at=> #there::Fields::set(&mut #kept, #name, #value));
            quote!({ #borrow #keep; })
        });
        Some(quote! {
            if let ::core::option::Option::Some(mut #kept) = #private::Fields::of(&#watched) {
                #(#all)*
            }
        })
    }

    fn objective(&self, objective: &ObjectiveArgs, start: &TokenStream) -> TokenStream {
        let Self { root, private, .. } = self;
        let name = objective.name.as_ref().map_or_else(
            || self.function.signature.ident.to_string().trim_start_matches("r#").to_owned(),
            syn::LitStr::value,
        );
        let limits = objective.limits.iter().map(|(setter, limit)| {
            let setter = Ident::new(setter, proc_macro2::Span::call_site());
            quote!(.#setter(::core::time::Duration::from_nanos(#limit)))
        });
        let target = objective.target.as_ref().map(|target| quote!(.target(#target)));
        quote!(#private::objective(#start, #name, || #root::Objective::new(#name) #(#limits)* #target))
    }
}
