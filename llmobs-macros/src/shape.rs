//! The shape of a function's return type, as visible in the tokens.

use syn::Error;
use syn::GenericArgument;
use syn::Path;
use syn::PathArguments;
use syn::Result;
use syn::Type;
use syn::TypeParamBound;
use syn::punctuated::Punctuated;

/// The shape of a return type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ReturnShape {
    /// A value: the operation ends when the function returns.
    Value,
    /// A stream or response that outlives the function.
    Streaming(StreamingType),
    /// A `Result` or an `Option` of a stream or response.
    MaybeStreaming(StreamingType),
}

/// The type of a stream or response, which determines how the observed stream is converted back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamingType {
    /// `impl Stream`.
    Stream,
    /// `Pin<Box<dyn Stream>>`, `BoxStream`, `LocalBoxStream`.
    PinnedStream,
    /// `Box<dyn Stream>`.
    BoxedStream,
    /// `Sse<..>`, whose stream cannot be accessed.
    Sse,
    /// `Response`.
    Response,
    /// `impl IntoResponse`.
    IntoResponse,
    /// `Body`.
    Body,
}

/// The future returned by a function that is not `async`.
pub(crate) struct FutureType<'a> {
    /// The output type of the future.
    pub(crate) output: &'a Type,
    /// Set for `Pin<Box<dyn Future>>`, `BoxFuture` and `LocalBoxFuture`, not for `impl Future`.
    pub(crate) is_boxed: bool,
}

/// Returns the future that a type visibly is.
pub(crate) fn future_type(output: &Type) -> Option<FutureType<'_>> {
    let of = |bounds, is_boxed| Some(FutureType { output: associated_type(bounds, "Future", "Output")?, is_boxed });
    match strip_groups(output) {
        Type::ImplTrait(opaque) => of(&opaque.bounds, false),
        other => match pin_box_inner(other) {
            Some(Type::TraitObject(object)) => of(&object.bounds, true),
            _ => {
                let path = type_path(other)?;
                let is_alias = path_ends_with(path, "BoxFuture") || path_ends_with(path, "LocalBoxFuture");
                is_alias
                    .then(|| type_arguments(path).next())
                    .flatten()
                    .map(|output| FutureType { output, is_boxed: true })
            }
        },
    }
}

/// Returns the shape of the return type of a function with `stream`.
pub(crate) fn streaming_shape(output: &Type) -> Result<ReturnShape> {
    if let Some(streaming) = streaming_type(output) {
        return Ok(ReturnShape::Streaming(streaming));
    }
    success_type(output).and_then(streaming_type).map(ReturnShape::MaybeStreaming).ok_or_else(|| {
        Error::new_spanned(
            output,
            "`stream` needs a return type that shows its stream: `impl Stream<Item = T>`, `Pin<Box<dyn Stream<Item = \
             T>>>`, `BoxStream<'_, T>`, `Sse<..>`, `Response`, `Body`, `impl IntoResponse`, or a `Result` or an \
             `Option` of one; a type alias hides the stream: write the type out",
        )
    })
}

/// Returns the `T` of `Result<T, E>` or `Option<T>`.
pub(crate) fn success_type(output: &Type) -> Option<&Type> {
    let outer =
        type_path(strip_groups(output)).filter(|path| path_ends_with(path, "Result") || path_ends_with(path, "Option"));
    outer.and_then(|path| type_arguments(path).next())
}

/// Returns the type of the items of `impl Stream<Item = T>`, also inside a `Result` or an `Option`.
pub(crate) fn opaque_stream_item(output: &Type) -> Option<&Type> {
    let stream = if streaming_type(output).is_some() { output } else { success_type(output)? };
    match strip_groups(stream) {
        Type::ImplTrait(opaque) => associated_type(&opaque.bounds, "Stream", "Item"),
        _ => None,
    }
}

/// Returns whether a type is visibly a stream, whose operation would end too early without `stream`.
pub(crate) fn shows_stream(output: &Type) -> bool {
    let is_stream = |output| {
        matches!(
            streaming_type(output),
            Some(StreamingType::Stream | StreamingType::PinnedStream | StreamingType::BoxedStream | StreamingType::Sse)
        )
    };
    is_stream(output) || success_type(output).is_some_and(is_stream)
}

fn streaming_type(output: &Type) -> Option<StreamingType> {
    let output = strip_groups(output);
    if let Type::ImplTrait(opaque) = output {
        return match () {
            () if has_trait_bound(&opaque.bounds, "Stream") => Some(StreamingType::Stream),
            () if has_trait_bound(&opaque.bounds, "IntoResponse") => Some(StreamingType::IntoResponse),
            () => None,
        };
    }
    let is_stream =
        |inner: &Type| matches!(inner, Type::TraitObject(object) if has_trait_bound(&object.bounds, "Stream"));
    if pin_box_inner(output).is_some_and(is_stream) {
        return Some(StreamingType::PinnedStream);
    }
    if box_inner(output).is_some_and(is_stream) {
        return Some(StreamingType::BoxedStream);
    }
    let last = type_path(output)?.segments.last()?;
    match last.ident.to_string().as_str() {
        "BoxStream" | "LocalBoxStream" => Some(StreamingType::PinnedStream),
        "Sse" => Some(StreamingType::Sse),
        "Response" => Some(StreamingType::Response),
        "Body" => Some(StreamingType::Body),
        _ => None,
    }
}

/// Returns the type without surrounding groups and parentheses.
fn strip_groups(output: &Type) -> &Type {
    match output {
        Type::Group(group) => strip_groups(&group.elem),
        Type::Paren(paren) => strip_groups(&paren.elem),
        other => other,
    }
}

fn type_path(output: &Type) -> Option<&Path> {
    match output {
        Type::Path(path) if path.qself.is_none() => Some(&path.path),
        _ => None,
    }
}

fn path_ends_with(path: &Path, name: &str) -> bool {
    path.segments.last().is_some_and(|segment| segment.ident == name)
}

/// Returns the types among the arguments of a path's last segment.
fn type_arguments(path: &Path) -> impl Iterator<Item = &Type> {
    let arguments = path.segments.last().map(|segment| &segment.arguments);
    let arguments = match arguments {
        Some(PathArguments::AngleBracketed(arguments)) => Some(&arguments.args),
        _ => None,
    };
    arguments.into_iter().flatten().filter_map(|argument| match argument {
        GenericArgument::Type(inner) => Some(strip_groups(inner)),
        _ => None,
    })
}

/// Returns the `T` of `Box<T>`.
fn box_inner(output: &Type) -> Option<&Type> {
    type_path(strip_groups(output))
        .filter(|path| path_ends_with(path, "Box"))
        .and_then(|path| type_arguments(path).next())
}

/// Returns the `T` of `Pin<Box<T>>`.
fn pin_box_inner(output: &Type) -> Option<&Type> {
    type_path(strip_groups(output))
        .filter(|path| path_ends_with(path, "Pin"))
        .and_then(|path| type_arguments(path).next())
        .and_then(box_inner)
}

type TraitBounds = Punctuated<TypeParamBound, syn::Token![+]>;

fn trait_paths(bounds: &TraitBounds) -> impl Iterator<Item = &Path> {
    bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(&bound.path),
        _ => None,
    })
}

fn has_trait_bound(bounds: &TraitBounds, name: &str) -> bool {
    trait_paths(bounds).any(|path| path_ends_with(path, name))
}

/// Returns the associated type in a bound: for `Future<Output = T>`, the `T`.
fn associated_type<'a>(bounds: &'a TraitBounds, name: &str, associated: &str) -> Option<&'a Type> {
    let segment = trait_paths(bounds).find(|path| path_ends_with(path, name))?.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::AssocType(inner) if inner.ident == associated => Some(&inner.ty),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use syn::parse_quote;

    #[test]
    fn streaming_return_types_are_recognized() {
        let cases: [(Type, ReturnShape); 13] = [
            (parse_quote!(impl Stream<Item = u8> + Send + 'a), ReturnShape::Streaming(StreamingType::Stream)),
            (parse_quote!(impl futures::Stream<Item = u8>), ReturnShape::Streaming(StreamingType::Stream)),
            (
                parse_quote!(::core::pin::Pin<Box<dyn Stream<Item = u8> + Send>>),
                ReturnShape::Streaming(StreamingType::PinnedStream),
            ),
            (
                parse_quote!(Pin<Box<(dyn Stream<Item = u8> + Send)>>),
                ReturnShape::Streaming(StreamingType::PinnedStream),
            ),
            (parse_quote!(BoxStream<'static, u8>), ReturnShape::Streaming(StreamingType::PinnedStream)),
            (parse_quote!(Box<dyn Stream<Item = u8> + Unpin>), ReturnShape::Streaming(StreamingType::BoxedStream)),
            (parse_quote!(Sse<KeepAliveStream<X>>), ReturnShape::Streaming(StreamingType::Sse)),
            (parse_quote!(axum::response::Response), ReturnShape::Streaming(StreamingType::Response)),
            (parse_quote!(impl IntoResponse + use<>), ReturnShape::Streaming(StreamingType::IntoResponse)),
            (parse_quote!(Body), ReturnShape::Streaming(StreamingType::Body)),
            (parse_quote!(Result<impl Stream<Item = u8>, Error>), ReturnShape::MaybeStreaming(StreamingType::Stream)),
            (parse_quote!(io::Result<BoxStream<'_, u8>>), ReturnShape::MaybeStreaming(StreamingType::PinnedStream)),
            (parse_quote!(Option<Response>), ReturnShape::MaybeStreaming(StreamingType::Response)),
        ];
        for (output, shape) in cases {
            assert_eq!(streaming_shape(&output).unwrap(), shape);
        }
        for alias in [parse_quote!(Answer), parse_quote!(Result<Answer>), parse_quote!(Vec<u8>)] as [Type; 3] {
            assert!(streaming_shape(&alias).unwrap_err().to_string().contains("write the type out"));
        }
    }

    #[test]
    fn output_of_a_future_is_read_from_its_type() {
        let cases: [(Type, Type, bool); 3] = [
            (parse_quote!(impl Future<Output = u8> + Send), parse_quote!(u8), false),
            (parse_quote!(Pin<Box<dyn core::future::Future<Output = ()> + Send + 'x>>), parse_quote!(()), true),
            (parse_quote!(BoxFuture<'a, Result<u8, E>>), parse_quote!(Result<u8, E>), true),
        ];
        for (given, output, is_boxed) in cases {
            let found = future_type(&given).unwrap();
            assert_eq!(found.is_boxed, is_boxed);
            assert_eq!(quote::quote!(#output).to_string(), {
                let output = found.output;
                quote::quote!(#output).to_string()
            });
        }
        assert!(future_type(&parse_quote!(impl Stream<Item = u8>)).is_none());
        assert!(future_type(&parse_quote!(Pin<Box<dyn Stream<Item = u8>>>)).is_none());
    }

    #[test]
    fn items_are_read_from_an_opaque_stream() {
        let item = |output: &Type| opaque_stream_item(output).map(|item| quote::quote!(#item).to_string());
        for output in [
            parse_quote!(impl Send + Stream<Item = Vec<u8>>),
            parse_quote!(Result<impl Stream<Item = Vec<u8>> + Send, Error>),
            parse_quote!(Option<(impl Stream<Item = Vec<u8>>)>),
        ] as [Type; 3]
        {
            assert_eq!(item(&output).as_deref(), Some("Vec < u8 >"));
        }
        for output in [parse_quote!(BoxStream<'_, u8>), parse_quote!(impl IntoResponse), parse_quote!(u8)] as [Type; 3]
        {
            assert_eq!(item(&output), None);
        }
    }

    #[test]
    fn streams_are_recognized_and_responses_are_not_streams() {
        assert!(shows_stream(&parse_quote!(Result<BoxStream<'_, u8>, E>)));
        assert!(shows_stream(&parse_quote!(impl Stream<Item = u8>)));
        assert!(!shows_stream(&parse_quote!(Response)));
        assert!(!shows_stream(&parse_quote!(impl IntoResponse)));
    }
}
