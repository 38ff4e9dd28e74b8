//! The start of the expansion: everything that is known before the body runs.

use proc_macro2::Group;
use proc_macro2::Ident;
use proc_macro2::Spacing;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use quote::ToTokens;
use quote::quote;
use quote::quote_spanned;
use syn::Expr;
use syn::spanned::Spanned;

use super::expansion::Expansion;
use super::expansion::hygienic_ident;
use crate::args::FunctionKind;
use crate::args::ObjectiveArgs;
use crate::args::StepKind;

/// A writer of the user's expressions for the start of the expansion.
struct Expressions {
    /// Set if `async_trait` has renamed `self` to `__self`.
    is_self_renamed: bool,
}

impl Expressions {
    fn tokens_of(&self, expression: &Expr) -> TokenStream {
        let tokens = expression.to_token_stream();
        if self.is_self_renamed { rename_self(tokens) } else { tokens }
    }

    /// Borrows a value under a hygienic name. A value that is a temporary lives until the end of the block.
    fn borrow(&self, name: &str, expression: &Expr) -> (Ident, TokenStream) {
        let name = hygienic_ident(name, expression.span());
        let value = self.tokens_of(expression);
        (name.clone(), quote!(let #name = &(#value);))
    }
}

/// Renames `self` to `__self`, except at the start of a path such as `self::module::f`.
fn rename_self(tokens: TokenStream) -> TokenStream {
    let mut tokens = tokens.into_iter().peekable();
    let mut renamed = TokenStream::new();
    while let Some(token) = tokens.next() {
        let token = match token {
            TokenTree::Ident(name) if name == "self" && !tokens.peek().is_some_and(is_path_separator) => {
                TokenTree::Ident(Ident::new("__self", name.span()))
            }
            TokenTree::Group(group) => {
                let mut inside = Group::new(group.delimiter(), rename_self(group.stream()));
                inside.set_span(group.span());
                TokenTree::Group(inside)
            }
            other => other,
        };
        renamed.extend([token]);
    }
    renamed
}

/// Returns true for the first token of `::`.
fn is_path_separator(token: &TokenTree) -> bool {
    matches!(token, TokenTree::Punct(colon) if colon.as_char() == ':' && colon.spacing() == Spacing::Joint)
}

/// Returns the code that starts the operation or the step.
pub(super) fn expand(expansion: &Expansion<'_>, is_self_renamed: bool) -> TokenStream {
    let Expansion { target, crate_root: root, private, scope, .. } = expansion;
    let expressions = Expressions { is_self_renamed };
    let options = &expansion.args.options;
    let observer = match &options.observer {
        Some(expression) => {
            let (name, borrow) = expressions.borrow("given", expression);
            let observer = hygienic_ident("observer", options.observer.span());
            quote!(#borrow let #observer: &#root::Observer = #name;)
        }
        None => {
            let observer = hygienic_ident("observer", proc_macro2::Span::call_site());
            quote!(let #observer = &#root::Observer::current();)
        }
    };
    let start = match &expansion.args.kind {
        FunctionKind::Model(name) => start_operation(expansion, name, &expressions),
        FunctionKind::Step(step) => start_step(expansion, *step, &expressions),
    };
    let content = capture_content(expansion, &expressions);
    let fields = set_fields(expansion, &expressions);
    let producer = options.producer.as_ref().map(|producer| {
        let (name, value) = (hygienic_ident("producer", producer.span()), expressions.tokens_of(producer));
        quote!(let #name: #root::stream::Producer = #value;)
    });
    let lent = options.handle.as_ref().map(|_| {
        quote! {
            let #scope = #private::scope(&#target);
            let mut #target = ::core::option::Option::Some(#target);
        }
    });
    quote! {
        let #target = {
            #observer
            #start
            #content
            #fields
            #target
        };
        #producer
        #lent
    }
}

fn start_operation(expansion: &Expansion<'_>, name: &str, expressions: &Expressions) -> TokenStream {
    let Expansion { target, crate_root: root, .. } = expansion;
    let options = &expansion.args.options;
    let observer = hygienic_ident("observer", options.observer.span());
    let (model, borrow) = match &options.model {
        Some(expression) => {
            let (model, borrow) = expressions.borrow("model", expression);
            (convert_call(expansion, "text", &model), borrow)
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
        let provider = convert_call(expansion, "provider", &name);
        start = quote!(#start.provider(#provider));
    }
    let setters =
        [("max_tokens", &options.max_tokens), ("conversation", &options.conversation), ("tenant", &options.tenant)];
    for (setter, argument) in setters {
        if let Some(expression) = argument {
            let (name, borrow) = expressions.borrow(setter, expression);
            borrows.extend(borrow);
            start = setter_call(expansion, setter, &start, &name);
        }
    }
    if let Some(objective) = &options.objective {
        start = set_objective(expansion, objective, &start);
    }
    quote!(#borrows let #target = #start.start();)
}

fn start_step(expansion: &Expansion<'_>, step: StepKind, expressions: &Expressions) -> TokenStream {
    let Expansion { target, crate_root: root, .. } = expansion;
    let options = &expansion.args.options;
    let observer = hygienic_ident("observer", options.observer.span());
    let (step_name, mut borrows) = match &options.name {
        Some(expression) => {
            let (name, borrow) = expressions.borrow("name", expression);
            (convert_call(expansion, "text", &name), borrow)
        }
        None => {
            let name = expansion.function.signature.ident.to_string();
            let name = name.trim_start_matches("r#");
            (quote!(#name), TokenStream::new())
        }
    };
    let method = Ident::new(step.observer_method(), proc_macro2::Span::call_site());
    let mut start = quote!(#root::Observer::#method(#observer, #step_name));
    if let Some(provider) = &options.provider {
        let (value, borrow) = expressions.borrow("provider", provider);
        let name = hygienic_ident("provider_of", provider.span());
        let provider = convert_call(expansion, "provider", &value);
        borrows.extend(quote!(#borrow let #name = &#provider;));
        start = quote!(#start.provider(#name));
    }
    for (setter, argument) in [("model", &options.model), ("conversation", &options.conversation)] {
        if let Some(expression) = argument {
            let (name, borrow) = expressions.borrow(setter, expression);
            borrows.extend(borrow);
            start = setter_call(expansion, &format!("step_{setter}"), &start, &name);
        }
    }
    quote!(#borrows let #target = #start.start();)
}

/// Returns a call of a conversion function with a value.
fn convert_call(expansion: &Expansion<'_>, function: &str, value: &Ident) -> TokenStream {
    let (at, private_at) = (value.span(), expansion.private_at(value.span()));
    let function = Ident::new(function, at);
    quote_spanned!(at=> #private_at::#function(#value))
}

/// Returns a call of a setter function with the start and a value.
fn setter_call(expansion: &Expansion<'_>, function: &str, start: &TokenStream, value: &Ident) -> TokenStream {
    let (at, private_at) = (value.span(), expansion.private_at(value.span()));
    let function = Ident::new(function, at);
    quote_spanned!(at=> #private_at::#function(#start, #value))
}

/// Returns the code that captures content. The expressions are evaluated only while content is captured.
fn capture_content(expansion: &Expansion<'_>, expressions: &Expressions) -> TokenStream {
    let Expansion { target, private, .. } = expansion;
    let options = &expansion.args.options;
    let all = [("input", &options.input), ("arguments", &options.arguments), ("query", &options.query)];
    let captures = all.into_iter().filter_map(|(name, expression)| {
        let (value, borrow) = expressions.borrow(name, expression.as_ref()?);
        let at = value.span();
        let private_at = expansion.private_at(at);
        let (function, convert) = (Ident::new(name, at), Ident::new("convert", at));
        let content_arg = quote_spanned!(at=> #private_at::ContentArg::#function(#value));
        Some(quote! {
            #private::#function(&#target, || {
                use #private::{ConvertBorrowed as _, ConvertUnsupported as _, ConvertOwned as _, ConvertReference as _};
                #borrow
                (&&&&#content_arg).#convert()
            });
        })
    });
    captures.collect()
}

/// Returns the code that records fields. The expressions are evaluated only if the span is recorded.
fn set_fields(expansion: &Expansion<'_>, expressions: &Expressions) -> Option<TokenStream> {
    let Expansion { target, private, .. } = expansion;
    let fields = &expansion.args.options.fields;
    if fields.is_empty() {
        return None;
    }
    let recorder = hygienic_ident("fields", proc_macro2::Span::call_site());
    let all = fields.iter().map(|field| {
        let (value, borrow) = expressions.borrow("field", &field.value);
        let name = &field.name;
        let at = value.span();
        let private_at = expansion.private_at(at);
        let set = quote_spanned!(at=> #private_at::Fields::set(&mut #recorder, #name, #value));
        quote!({ #borrow #set; })
    });
    Some(quote! {
        if let ::core::option::Option::Some(mut #recorder) = #private::Fields::for_target(&#target) {
            #(#all)*
        }
    })
}

fn set_objective(expansion: &Expansion<'_>, objective: &ObjectiveArgs, start: &TokenStream) -> TokenStream {
    let Expansion { crate_root: root, private, .. } = expansion;
    let name = objective.name.as_ref().map_or_else(
        || expansion.function.signature.ident.to_string().trim_start_matches("r#").to_owned(),
        syn::LitStr::value,
    );
    let limits = objective.limits.iter().map(|(setter, limit)| {
        let setter = Ident::new(setter, proc_macro2::Span::call_site());
        quote!(.#setter(::core::time::Duration::from_nanos(#limit)))
    });
    let target = objective.target.as_ref().map(|target| quote!(.target(#target)));
    quote!(#private::objective(#start, #name, || #root::Objective::new(#name) #(#limits)* #target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn self_is_renamed_except_at_the_start_of_a_path() {
        let renamed = rename_self(quote!(self::names::of(self.model, &[self], format!("{}", self::of(self)))));
        let expected = quote!(self::names::of(__self.model, &[__self], format!("{}", self::of(__self))));
        assert_eq!(renamed.to_string(), expected.to_string());
    }
}
