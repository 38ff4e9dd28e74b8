//! Return types for use inside a function body, where `impl Trait` is not allowed.

use quote::quote;
use syn::GenericArgument;
use syn::PathArguments;
use syn::Type;
use syn::TypeParamBound;
use syn::punctuated::Punctuated;

/// Returns the type with `_` in place of each `impl Trait`.
pub(crate) fn erase_impl_trait(output: &Type) -> Type {
    let mut output = output.clone();
    erase(&mut output);
    output
}

fn erase(output: &mut Type) {
    match output {
        Type::ImplTrait(_) => *output = Type::Verbatim(quote!(_)),
        Type::Array(array) => erase(&mut array.elem),
        Type::Group(group) => erase(&mut group.elem),
        Type::Paren(paren) => erase(&mut paren.elem),
        Type::Ptr(pointer) => erase(&mut pointer.elem),
        Type::Reference(reference) => erase(&mut reference.elem),
        Type::Slice(slice) => erase(&mut slice.elem),
        Type::Tuple(tuple) => tuple.elems.iter_mut().for_each(erase),
        Type::Path(path) => {
            path.path.segments.iter_mut().for_each(|segment| erase_in_arguments(&mut segment.arguments))
        }
        Type::TraitObject(object) => erase_in_bounds(&mut object.bounds),
        _ => {}
    }
}

fn erase_in_arguments(arguments: &mut PathArguments) {
    let PathArguments::AngleBracketed(arguments) = arguments else { return };
    for argument in &mut arguments.args {
        match argument {
            GenericArgument::Type(inner) => erase(inner),
            GenericArgument::AssocType(inner) => erase(&mut inner.ty),
            _ => {}
        }
    }
}

fn erase_in_bounds(bounds: &mut Punctuated<TypeParamBound, syn::Token![+]>) {
    for bound in bounds {
        if let TypeParamBound::Trait(bound) = bound {
            bound.path.segments.iter_mut().for_each(|segment| erase_in_arguments(&mut segment.arguments));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::ToTokens;
    use syn::parse_quote;

    #[test]
    fn impl_trait_becomes_an_underscore_in_every_position() {
        for (given, expected) in [
            (parse_quote!(Result<impl Stream<Item = u8> + 'a, Error>), parse_quote!(Result<_, Error>)),
            (
                parse_quote!(Box<dyn Iterator<Item = impl Copy> + Send>),
                parse_quote!(Box<dyn Iterator<Item = _> + Send>),
            ),
            (parse_quote!(&'a [(impl Copy, u8)]), parse_quote!(&'a [(_, u8)])),
            (parse_quote!(Vec<u8>), parse_quote!(Vec<u8>)),
        ] as [(Type, Type); 4]
        {
            assert_eq!(erase_impl_trait(&given).to_token_stream().to_string(), expected.to_token_stream().to_string());
        }
    }
}
