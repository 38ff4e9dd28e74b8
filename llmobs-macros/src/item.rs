//! The function under the attribute: the signature is parsed, the body remains tokens.

use proc_macro2::Delimiter;
use proc_macro2::Group;
use proc_macro2::Span;
use proc_macro2::TokenStream;
use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::Attribute;
use syn::Error;
use syn::Result;
use syn::ReturnType;
use syn::Signature;
use syn::Type;
use syn::Visibility;
use syn::parse::Parse;
use syn::parse::ParseStream;
use syn::parse::Parser;

/// A function with an unparsed body.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    /// The attributes `#![..]` at the start of the body.
    pub(crate) inner_attributes: Vec<Attribute>,
    pub(crate) body: Group,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let first_keywords = ["fn", "async", "const", "unsafe", "extern", "safe"];
        let first = input.cursor().token_tree().map(|(token, _)| token);
        if !first.as_ref().is_some_and(|token| first_keywords.contains(&token.to_string().as_str())) {
            let at = first.map_or_else(Span::call_site, |token| token.span());
            return Err(Error::new(at, NOT_A_FUNCTION));
        }
        let signature: Signature = input.parse().map_err(|error| Error::new(error.span(), NOT_A_FUNCTION))?;
        let Some(body) = brace_group(input.parse()?) else {
            return Err(Error::new(
                signature.ident.span(),
                "a method without a body cannot be observed: put `#[llm_span]` on its implementations",
            ));
        };
        let (inner_attributes, inside) = split_inner_attributes.parse2(body.stream())?;
        let mut inner = Group::new(Delimiter::Brace, inside);
        inner.set_span(body.span());
        Ok(Self { attributes, visibility, signature, inner_attributes, body: inner })
    }
}

/// Returns the group in braces, also inside an invisible group from another macro.
fn brace_group(token: TokenTree) -> Option<Group> {
    let TokenTree::Group(group) = token else { return None };
    match group.delimiter() {
        Delimiter::Brace => Some(group),
        Delimiter::None => {
            let mut inside = group.stream().into_iter();
            inside.next().filter(|_| inside.next().is_none()).and_then(brace_group)
        }
        _ => None,
    }
}

const NOT_A_FUNCTION: &str = "`#[llm_span]` needs a function or a method with a body";

fn split_inner_attributes(input: ParseStream<'_>) -> Result<(Vec<Attribute>, TokenStream)> {
    Ok((input.call(Attribute::parse_inner)?, input.parse()?))
}

impl Function {
    /// Checks for functions that cannot be observed: `const fn` and functions that never return.
    pub(crate) fn validate(&self) -> Result<()> {
        if let Some(constness) = &self.signature.constness {
            return Err(Error::new(
                constness.span,
                "a `const fn` cannot be observed, because it may run in the compiler",
            ));
        }
        match &self.signature.output {
            ReturnType::Type(_, output) if matches!(**output, Type::Never(_)) => Err(Error::new_spanned(
                output,
                "a function that never returns has no end to observe: put `#[llm_span]` on the functions that it calls",
            )),
            _ => Ok(()),
        }
    }

    /// Returns the declared return type.
    pub(crate) fn output(&self) -> Option<&Type> {
        match &self.signature.output {
            ReturnType::Default => None,
            ReturnType::Type(_, output) => Some(output),
        }
    }

    /// Returns the function with another body, and with `docs` added to its documentation.
    pub(crate) fn with_body(&self, docs: Option<&str>, body: &TokenStream) -> TokenStream {
        let Self { attributes, visibility, signature, inner_attributes, .. } = self;
        let docs = docs.map(|docs| quote::quote!(#[doc = #docs]));
        let mut inside = TokenStream::new();
        inner_attributes.iter().for_each(|attribute| attribute.to_tokens(&mut inside));
        body.to_tokens(&mut inside);
        let mut block = Group::new(Delimiter::Brace, inside);
        block.set_span(self.body.span());
        quote::quote!(#(#attributes)* #docs #visibility #signature #block)
    }
}
