//! PromQL queries for the series of a function, for its documentation.

use syn::Expr;
use syn::Lit;

use crate::args::Args;
use crate::promql;

/// Returns a section for the function's documentation.
pub(crate) fn section(args: &Args) -> String {
    promql::section(args.kind.keyword(), args.options.model.as_ref().and_then(string_literal).as_deref())
}

/// Returns the value of a string literal. Other expressions are known only at run time.
fn string_literal(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}
