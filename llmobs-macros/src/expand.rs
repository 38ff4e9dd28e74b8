//! The expansion: starts the operation, runs the body, ends the operation.
//!
//! Names of the expansion have the hygiene of the macro, so the body cannot see them. Paths are absolute, so types and
//! modules named `Result` or `std` in the user's code do not shadow them.

mod begin;
mod end;
mod expansion;

use proc_macro2::Span;
use proc_macro2::TokenStream;
use quote::quote;
use quote::quote_spanned;
use syn::Error;
use syn::Result;
use syn::parse_quote;
use syn::parse2;
use syn::spanned::Spanned;

use self::expansion::Expansion;
use self::expansion::hygienic_ident;
use crate::args::Args;
use crate::boxed_async::BoxedAsyncBlock;
use crate::erase::erase_impl_trait;
use crate::item::Function;
use crate::metrics_docs;

/// Returns the expansion of the attribute. On an error, returns the unchanged item and a `compile_error!` for each
/// error message.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    let expanded = match (parse2::<Args>(args), parse2::<Function>(item.clone())) {
        (Ok(args), Ok(function)) => Expansion::new(&args, &function).and_then(|expansion| expand_function(&expansion)),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            Err(error)
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    expanded.unwrap_or_else(|error| {
        let error = error.into_compile_error();
        quote!(#item #error)
    })
}

fn expand_function(expansion: &Expansion<'_>) -> Result<TokenStream> {
    let docs = expansion.args.options.docs.map(|_| metrics_docs::section(expansion.args));
    let body = match (&expansion.function.signature.asyncness, &expansion.future) {
        (Some(_), _) => {
            let begin = begin::expand(expansion, false);
            let body = async_body(expansion, &expansion.function.body.stream());
            quote!(#begin #body)
        }
        (None, Some(future)) => future_body(expansion, future.is_boxed)?,
        (None, None) => sync_body(expansion),
    };
    Ok(expansion.function.with_body(docs.as_deref(), &body))
}

/// Returns the body of a function that is not async. The original body runs in a closure, which catches `return`
/// and `?`.
fn sync_body(expansion: &Expansion<'_>) -> TokenStream {
    let Expansion { target, value, output, private, scope, .. } = expansion;
    let begin = begin::expand(expansion, false);
    let body = expansion.body_block();
    let run = match bind_handle(expansion) {
        None => quote!(#target.in_scope(move || -> #output #body)),
        Some((lent, bind)) => {
            quote!(#private::in_scope(#scope, { #lent move || -> #output { #bind #body } }))
        }
    };
    let end = end::expand(expansion);
    quote! {
        #begin
        let #value = #run;
        #end
    }
}

/// Returns the contents of an async block that runs the body and returns the value.
fn async_body(expansion: &Expansion<'_>, body: &TokenStream) -> TokenStream {
    let Expansion { target, value, output, private, scope, .. } = expansion;
    // The output type of an async block is inferred from its `return`s: this one names the type and is never
    // reached.
    let at = expansion.function.output().map_or_else(|| expansion.function.signature.ident.span(), Spanned::span);
    let typed = quote_spanned!(at=> if false { return #private::infer_type::<#output>(); });
    let run = match bind_handle(expansion) {
        None => quote!(#target.run(async move { #typed #body })),
        Some((lent, bind)) => {
            quote!(#private::run(#scope, { #lent async move { #typed #bind #body } }))
        }
    };
    let end = end::expand(expansion);
    quote! {
        let #value = #run.await;
        #end
    }
}

/// Returns the body of a function that returns a future. If the body is only a boxed async block, the operation is
/// observed inside that box.
fn future_body(expansion: &Expansion<'_>, is_boxed: bool) -> Result<TokenStream> {
    if let Some(boxed) = BoxedAsyncBlock::parse(&expansion.function.body).filter(|_| is_boxed) {
        if let Some((head, rest)) = boxed.split_async_trait() {
            let begin = begin::expand(expansion, true);
            let awaited = async_body(expansion, &rest);
            return Ok(boxed.with_block(quote!(#head #begin #awaited)));
        }
        let begin = begin::expand(expansion, false);
        let inside = async_body(expansion, &boxed.block().stream());
        let rebound = rebind_target(expansion);
        let future = boxed.with_block(quote!(#rebound #inside));
        return Ok(quote!(#begin #future));
    }
    if let Some(handle) = &expansion.args.options.handle {
        let text = "`handle` needs an async function, or one whose body is only `Box::pin(async move { .. })`";
        return Err(Error::new(handle.span(), text));
    }
    let Expansion { target, value, output, .. } = expansion;
    let (begin, body, end) = (begin::expand(expansion, false), expansion.body_block(), end::expand(expansion));
    let returned = expansion.function.output().map_or_else(|| parse_quote!(()), erase_impl_trait);
    let future = hygienic_ident("future", Span::call_site());
    let inside = quote! {
        async move {
            let #value: #output = #target.run(#future).await;
            #end
        }
    };
    let inside = if is_boxed { quote!(::std::boxed::Box::pin(#inside)) } else { inside };
    Ok(quote! {
        #begin
        let #future = #target.in_scope(move || -> #returned #body);
        #inside
    })
}

/// Returns the code that lends the operation to the body under the name from `handle`, in two parts: the first is
/// before the closure or block of the body, the second is inside. Returns `None` without `handle`.
fn bind_handle(expansion: &Expansion<'_>) -> Option<(TokenStream, TokenStream)> {
    let Expansion { target, private, .. } = expansion;
    let handle = expansion.args.options.handle.as_ref()?;
    let lent = hygienic_ident("lent", Span::call_site());
    Some((quote!(let #lent = &mut #target;), quote!(let #handle = #private::OperationHandle::new(#lent);)))
}

/// Rebinds the operation as mutable after the move into a block, so that it can be lent there.
fn rebind_target(expansion: &Expansion<'_>) -> Option<TokenStream> {
    let Expansion { target, .. } = expansion;
    expansion.args.options.handle.as_ref().map(|_| quote!(let mut #target = #target;))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(args: TokenStream, item: &TokenStream) -> String {
        expand(args, item).to_string()
    }

    #[test]
    fn function_is_unchanged_after_an_error() {
        let item = quote!(
            pub fn f(x: u8) -> u8 {
                x + 1
            }
        );
        for args in [quote!(), quote!(chat, modle = "m"), quote!(chat, stream)] {
            let expanded = expanded(args, &item);
            assert!(expanded.starts_with(&item.to_string()), "{expanded}");
            assert!(expanded.contains("compile_error"), "{expanded}");
        }
    }

    #[test]
    fn errors_of_arguments_and_item_are_reported_together() {
        let expanded = expanded(
            quote!(chat, modle = "m"),
            &quote!(
                struct S;
            ),
        );
        assert_eq!(expanded.matches("compile_error").count(), 2, "{expanded}");
    }

    #[test]
    fn queries_are_in_the_documentation_only_with_docs() {
        let item = quote!(
            /// Says hello.
            fn f() {}
        );
        let with = expanded(quote!(chat, model = "m", docs), &item);
        assert!(with.contains("Says hello") && with.contains("llmobs_operation_ended_total"), "{with}");
        assert!(with.contains(r#"gen_ai_request_model=\"m\""#), "{with}");
        assert!(!expanded(quote!(chat, model = "m"), &item).contains("llmobs_operation_ended_total"));
    }

    #[test]
    fn crate_path_can_be_set() {
        let expanded = expanded(
            quote!(chat, crate = vendor::watching),
            &quote!(
                fn f() {}
            ),
        );
        assert!(expanded.contains("vendor :: watching :: __private"), "{expanded}");
        assert!(!expanded.contains("llmobs ::"), "{expanded}");
    }
}
