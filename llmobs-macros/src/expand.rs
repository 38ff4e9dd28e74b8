//! The expansion: starts the operation, runs the body, ends the operation.
//!
//! Names of the expansion have the hygiene of the macro, so the body cannot see them. Paths are absolute, so types and
//! modules named `Result` or `std` in the user's code do not shadow them.

mod begin;
mod end;

use proc_macro2::Ident;
use proc_macro2::Span;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use quote::ToTokens;
use quote::format_ident;
use quote::quote;
use quote::quote_spanned;
use syn::Error;
use syn::Result;
use syn::Type;
use syn::parse_quote;
use syn::parse2;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::args::FunctionKind;
use crate::boxed_async::BoxedAsyncBlock;
use crate::erase::erase_impl_trait;
use crate::item::Function;
use crate::metrics_docs;
use crate::shape;
use crate::shape::ReturnShape;
use crate::shape::StreamingType;

/// Returns the expansion of the attribute. On an error, returns the unchanged function and the error messages.
pub(crate) fn expand(args: TokenStream, item: &TokenStream) -> TokenStream {
    let expanded = match (parse2::<Args>(args), parse2::<Function>(item.clone())) {
        (Ok(args), Ok(function)) => Expansion::new(&args, &function).and_then(|expansion| expansion.expand_function()),
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

/// The data shared by the parts of an expansion.
struct Expansion<'a> {
    args: &'a Args,
    function: &'a Function,
    /// `::llmobs`, or the path from the argument `crate`.
    crate_root: TokenStream,
    /// The path of the module with the functions that the expansion calls.
    private: TokenStream,
    shape: ReturnShape,
    /// Type of the value: the output of the future or the returned type, with `_` for each `impl Trait`.
    output: Type,
    future: Option<shape::FutureType<'a>>,
    /// Type of the stream or response, as written in the signature.
    streaming_output: Type,
    /// The variable with the operation or the step.
    target: Ident,
    value: Ident,
    /// The variable with the span, used if the body can take the operation.
    span: Ident,
}

impl<'a> Expansion<'a> {
    fn new(args: &'a Args, function: &'a Function) -> Result<Self> {
        function.validate()?;
        let is_async = function.signature.asyncness.is_some();
        let future = function.output().filter(|_| !is_async).and_then(shape::future_type);
        let returned = future.as_ref().map(|future| future.output).or_else(|| function.output());
        let root = args.options.crate_path.as_ref().map_or_else(|| quote!(::llmobs), ToTokens::to_token_stream);
        let output = returned.map_or_else(|| parse_quote!(()), erase_impl_trait);
        let expansion = Self {
            shape: shape_of(args, function, returned)?,
            streaming_output: shape::success_type(&output).unwrap_or(&output).clone(),
            output,
            private: quote!(#root::__private),
            target: hygienic_ident("operation", Span::call_site()),
            value: hygienic_ident("value", Span::call_site()),
            span: hygienic_ident("span", Span::call_site()),
            args,
            function,
            crate_root: root,
            future,
        };
        expansion.validate()?;
        Ok(expansion)
    }

    /// Checks for arguments that do not fit the signature.
    fn validate(&self) -> Result<()> {
        let options = &self.args.options;
        let refuse = |at: Span, text: &str| Err(Error::new(at, text));
        let streaming = match self.shape {
            ReturnShape::Value => return Ok(()),
            ReturnShape::Streaming(streaming) | ReturnShape::MaybeStreaming(streaming) => streaming,
        };
        let stream = options.stream.unwrap_or_else(Span::call_site);
        let is_response =
            matches!(streaming, StreamingType::Response | StreamingType::IntoResponse | StreamingType::Body);
        match (&self.args.kind, streaming) {
            (FunctionKind::Step(_), StreamingType::Sse) => {
                refuse(stream, "a step cannot be observed to the end of a response: return the stream itself")
            }
            (FunctionKind::Step(_), _) if is_response => {
                refuse(stream, "a step cannot be observed to the end of a response: return the stream itself")
            }
            (_, StreamingType::Sse) if options.handle.is_none() => refuse(
                stream,
                "the stream of an `Sse` is not accessible: take the operation with `handle = call`, and build the \
                 response with `llmobs::tower::axum::sse(call.take(), ..)`",
            ),
            (_, StreamingType::Sse) if options.tokens.is_some() || options.usage.is_some() => refuse(
                stream,
                "the items of an `Sse` are not accessible: return the chunk of each item in \
                 `llmobs::tower::axum::sse`, and report usage with the marker of the handle",
            ),
            _ if is_response && options.usage.is_some() => refuse(
                options.usage.span(),
                "`usage` cannot read a response: remove it; the feature `sse` reads the usage from the body",
            ),
            _ if is_response && options.producer.is_some() => {
                refuse(options.producer.span(), "the connection polls a response body: remove `producer`")
            }
            _ => Ok(()),
        }
    }

    fn expand_function(&self) -> Result<TokenStream> {
        let docs = self.args.options.docs.map(|_| metrics_docs::section(self.args));
        let body = match (&self.function.signature.asyncness, &self.future) {
            (Some(_), _) => {
                let begin = self.begin(false);
                let body = self.async_body(&self.function.body.stream());
                quote!(#begin #body)
            }
            (None, Some(future)) => self.future_body(future.is_boxed)?,
            (None, None) => self.sync_body(),
        };
        Ok(self.function.with_body(docs.as_deref(), &body))
    }

    /// Returns the body of a function that is not async. The original body runs in a closure, which catches `return`
    /// and `?`.
    fn sync_body(&self) -> TokenStream {
        let Self { target, value, output, private, span, .. } = self;
        let begin = self.begin(false);
        let body = self.body_block();
        let run = match self.bind_handle() {
            None => quote!(#target.in_scope(move || -> #output #body)),
            Some((lent, bind)) => {
                quote!(#private::in_scope(&#span, { #lent move || -> #output { #bind #body } }))
            }
        };
        let end = self.end();
        quote! {
            #begin
            let #value = #run;
            #end
        }
    }

    /// Returns the contents of an async block that runs the body and returns the value.
    fn async_body(&self, body: &TokenStream) -> TokenStream {
        let Self { target, value, output, private, span, .. } = self;
        // The output type of an async block is inferred from its `return`s: this one names the type and is never
        // reached.
        let at = self.function.output().map_or_else(|| self.function.signature.ident.span(), Spanned::span);
        let typed = quote_spanned!(at=> if false { return #private::infer_type::<#output>(); });
        let run = match self.bind_handle() {
            None => quote!(#target.run(async move { #typed #body })),
            Some((lent, bind)) => {
                quote!(#private::run(#span, { #lent async move { #typed #bind #body } }))
            }
        };
        let end = self.end();
        quote! {
            let #value = #run.await;
            #end
        }
    }

    /// Returns the body of a function that returns a future. If the body is only a boxed async block, the operation is
    /// observed inside that box.
    fn future_body(&self, is_boxed: bool) -> Result<TokenStream> {
        if let Some(boxed) = BoxedAsyncBlock::parse(&self.function.body).filter(|_| is_boxed) {
            if let Some((head, rest)) = boxed.split_async_trait() {
                let begin = self.begin(true);
                let awaited = self.async_body(&rest);
                return Ok(boxed.with_block(quote!(#head #begin #awaited)));
            }
            let begin = self.begin(false);
            let inside = self.async_body(&boxed.block().stream());
            let rebound = self.rebind_target();
            let future = boxed.with_block(quote!(#rebound #inside));
            return Ok(quote!(#begin #future));
        }
        if let Some(handle) = &self.args.options.handle {
            let text = "`handle` needs an async function, or one whose body is only `Box::pin(async move { .. })`";
            return Err(Error::new(handle.span(), text));
        }
        let Self { target, value, output, .. } = self;
        let (begin, body, end) = (self.begin(false), self.body_block(), self.end());
        let returned = self.function.output().map_or_else(|| parse_quote!(()), erase_impl_trait);
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

    /// Returns the path of the private module with the position of the user's code, where the compiler then reports
    /// errors.
    fn private_at(&self, at: Span) -> TokenStream {
        let moved = |mut token: TokenTree| {
            token.set_span(at.resolved_at(token.span()));
            token
        };
        self.private.clone().into_iter().map(moved).collect()
    }

    /// Returns the body as a block.
    fn body_block(&self) -> TokenStream {
        self.function.body.to_token_stream()
    }

    /// Returns the code that lends the operation to the body under the name from `handle`.
    fn bind_handle(&self) -> Option<(TokenStream, TokenStream)> {
        let Self { target, private, .. } = self;
        let handle = self.args.options.handle.as_ref()?;
        let lent = hygienic_ident("lent", Span::call_site());
        Some((quote!(let #lent = &mut #target;), quote!(let #handle = #private::OperationHandle::new(#lent);)))
    }

    /// Rebinds the operation as mutable after the move into a block, so that it can be lent there.
    fn rebind_target(&self) -> Option<TokenStream> {
        let Self { target, .. } = self;
        self.args.options.handle.as_ref().map(|_| quote!(let mut #target = #target;))
    }
}

fn shape_of(args: &Args, function: &Function, returned: Option<&Type>) -> Result<ReturnShape> {
    match (args.options.stream, returned) {
        (None, Some(returned)) if shape::shows_stream(returned) => Err(Error::new_spanned(
            returned,
            "this function returns a stream, and its operation would end before the first item: add `stream`",
        )),
        (None, _) => Ok(ReturnShape::Value),
        (Some(_), Some(returned)) => shape::streaming_shape(returned),
        (Some(span), None) => {
            let text = format!("`{}` does not return a stream: remove `stream`", function.signature.ident);
            Err(Error::new(span, text))
        }
    }
}

/// Returns an identifier with the macro's hygiene, invisible to the body, and with the position of the user's code.
fn hygienic_ident(name: &str, at: Span) -> Ident {
    format_ident!("__llmobs_{name}", span = at.resolved_at(Span::mixed_site()))
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
