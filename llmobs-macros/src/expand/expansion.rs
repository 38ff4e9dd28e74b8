//! The data shared by the parts of an expansion.

use proc_macro2::Ident;
use proc_macro2::Span;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use quote::ToTokens;
use quote::format_ident;
use quote::quote;
use syn::Error;
use syn::Result;
use syn::Type;
use syn::parse_quote;
use syn::spanned::Spanned;

use crate::args::Args;
use crate::args::FunctionKind;
use crate::erase::erase_impl_trait;
use crate::item::Function;
use crate::shape;
use crate::shape::ReturnShape;
use crate::shape::StreamingType;

/// A function and its arguments, checked, with the names and paths that every part of the expansion uses.
pub(super) struct Expansion<'a> {
    pub(super) args: &'a Args,
    pub(super) function: &'a Function,
    /// `::llmobs`, or the path from the argument `crate`.
    pub(super) crate_root: TokenStream,
    /// The path of the module with the functions that the expansion calls.
    pub(super) private: TokenStream,
    pub(super) shape: ReturnShape,
    /// Type of the value: the output of the future or the returned type, with `_` for each `impl Trait`.
    pub(super) output: Type,
    pub(super) future: Option<shape::FutureType<'a>>,
    /// Type of the stream or response: the `T` of `output` if that is a `Result<T, _>` or `Option<T>`, else `output`.
    pub(super) streaming_output: Type,
    /// Type of the items of a stream, if only `impl Stream<Item = T>` in the signature names it, erased as `output`.
    pub(super) item: Option<Type>,
    /// The variable with the operation or the step.
    pub(super) target: Ident,
    pub(super) value: Ident,
    /// The variable with the scope of the operation, used if the body can take the operation.
    pub(super) scope: Ident,
}

impl<'a> Expansion<'a> {
    pub(super) fn new(args: &'a Args, function: &'a Function) -> Result<Self> {
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
            item: returned.and_then(shape::opaque_stream_item).map(erase_impl_trait),
            private: quote!(#root::__private),
            target: hygienic_ident("operation", Span::call_site()),
            value: hygienic_ident("value", Span::call_site()),
            scope: hygienic_ident("scope", Span::call_site()),
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

    /// Returns the path of the private module with the position of the user's code, where the compiler then reports
    /// errors.
    pub(super) fn private_at(&self, at: Span) -> TokenStream {
        let moved = |mut token: TokenTree| {
            token.set_span(at.resolved_at(token.span()));
            token
        };
        self.private.clone().into_iter().map(moved).collect()
    }

    /// Returns the body as a block.
    pub(super) fn body_block(&self) -> TokenStream {
        self.function.body.to_token_stream()
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
pub(super) fn hygienic_ident(name: &str, at: Span) -> Ident {
    format_ident!("__llmobs_{name}", span = at.resolved_at(Span::mixed_site()))
}
