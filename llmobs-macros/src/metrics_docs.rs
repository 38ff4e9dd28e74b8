//! The queries of a function's own series, for its documentation.

use syn::Expr;
use syn::Lit;

use crate::args::Args;

#[path = "promql.rs"]
mod promql;

/// A section for the function's documentation.
pub(crate) fn queries(args: &Args) -> String {
    promql::section(args.kind.keyword(), args.options.model.as_ref().and_then(literal).as_deref())
}

/// The text of a literal. Anything else is known at run time only.
fn literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
