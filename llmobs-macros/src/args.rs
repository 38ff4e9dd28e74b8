//! The arguments of the attribute.

mod kind;
mod objective;

use std::collections::HashSet;

use proc_macro2::Ident;
use proc_macro2::Span;
use proc_macro2::TokenTree;
use quote::ToTokens;
use syn::Error;
use syn::Expr;
use syn::ExprPath;
use syn::LitStr;
use syn::Path;
use syn::Result;
use syn::Token;
use syn::ext::IdentExt;
use syn::parenthesized;
use syn::parse::Parse;
use syn::parse::ParseStream;

pub(crate) use self::kind::FunctionKind;
pub(crate) use self::kind::StepKind;
pub(crate) use self::objective::ObjectiveArgs;

/// The arguments of the attribute, in an allowed combination.
pub(crate) struct Args {
    pub(crate) kind: FunctionKind,
    pub(crate) options: Options,
}

/// The arguments other than the kind. Expressions can use the parameters of the function.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) arguments: Option<Expr>,
    pub(crate) conversation: Option<Expr>,
    pub(crate) crate_path: Option<Path>,
    pub(crate) docs: Option<Span>,
    pub(crate) producer: Option<Expr>,
    pub(crate) error_type: Option<ExprPath>,
    pub(crate) fields: Vec<Field>,
    pub(crate) handle: Option<Ident>,
    pub(crate) input: Option<Expr>,
    pub(crate) max_tokens: Option<Expr>,
    pub(crate) model: Option<Expr>,
    pub(crate) name: Option<Expr>,
    pub(crate) objective: Option<ObjectiveArgs>,
    pub(crate) observer: Option<Expr>,
    pub(crate) provider: Option<Expr>,
    pub(crate) query: Option<Expr>,
    pub(crate) result: Option<ExprPath>,
    pub(crate) stream: Option<Span>,
    pub(crate) tenant: Option<Expr>,
    pub(crate) tokens: Option<ExprPath>,
    pub(crate) usage: Option<ExprPath>,
    pub(crate) without_finish_reason: Option<Span>,
}

/// One field of `fields(name = expr)`.
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) value: Expr,
}

/// The names of the arguments, in the order of the documentation.
const KEYS: &str = "`provider`, `model`, `max_tokens`, `conversation`, `tenant`, `name`, `observer`, `input`, \
                    `arguments`, `result`, `query`, `fields(..)`, `stream`, `tokens`, `producer`, \
                    `without_finish_reason`, `error_type`, `usage`, `objective(..)`, `handle`, `docs`, `crate`";

impl Parse for Args {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut parser = ArgsParser::default();
        while !input.is_empty() {
            if let Err(error) = parser.parse_argument(input) {
                parser.push_error(error);
                // Continue at the next comma, so that later arguments are checked too.
                while !input.is_empty() && !input.peek(Token![,]) {
                    input.parse::<TokenTree>()?;
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        parser.finish()
    }
}

#[derive(Default)]
struct ArgsParser {
    kind: Option<(FunctionKind, Span)>,
    options: Options,
    /// The names seen so far, with their positions.
    seen_keys: Vec<(String, Span)>,
    error: Option<Error>,
    /// Set if the kind was present but invalid.
    is_kind_invalid: bool,
}

impl ArgsParser {
    /// Adds an error. All errors are reported together.
    fn push_error(&mut self, error: Error) {
        match &mut self.error {
            Some(errors) => errors.combine(error),
            None => self.error = Some(error),
        }
    }

    fn parse_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        if !input.peek(Ident::peek_any) {
            return Err(
                input.error(format!("expected the name of an argument: {}, or one of {KEYS}", kind::KIND_KEYWORDS))
            );
        }
        let key = input.call(Ident::parse_any)?;
        let name = key.to_string();
        if let Some(kind) = FunctionKind::from_keyword(&name) {
            return self.set_kind(kind, key.span());
        }
        if name == "operation" {
            input.parse::<Token![=]>()?;
            self.is_kind_invalid = true;
            let operation: LitStr = input.parse()?;
            let kind = FunctionKind::from_operation(&operation)?;
            self.is_kind_invalid = false;
            return self.set_kind(kind, key.span());
        }
        let repeated = self.seen_keys.iter().any(|(seen, _)| *seen == name);
        self.parse_option(&name, &key, input)?;
        if repeated {
            return Err(Error::new(key.span(), format!("`{name}` is given twice")));
        }
        self.seen_keys.push((name, key.span()));
        Ok(())
    }

    fn parse_option(&mut self, name: &str, key: &Ident, input: ParseStream<'_>) -> Result<()> {
        let options = &mut self.options;
        match name {
            "arguments" => options.arguments = Some(parse_value(key, input)?),
            "conversation" => options.conversation = Some(parse_value(key, input)?),
            "crate" => {
                input.parse::<Token![=]>()?;
                options.crate_path = Some(input.call(Path::parse_mod_style)?);
            }
            "docs" => options.docs = Some(parse_flag(key, input)?),
            "producer" => options.producer = Some(parse_value(key, input)?),
            "error_type" => options.error_type = Some(parse_path(key, input)?),
            "fields" => options.fields = parse_fields(key, input)?,
            "handle" => {
                input.parse::<Token![=]>()?;
                options.handle = Some(input.parse()?);
            }
            "input" => options.input = Some(parse_value(key, input)?),
            "max_tokens" => options.max_tokens = Some(parse_value(key, input)?),
            "model" => options.model = Some(parse_value(key, input)?),
            "name" => options.name = Some(parse_value(key, input)?),
            "objective" => {
                expect_parentheses(key, input, "objective(ttft = \"500ms\", tpot = \"50ms\")")?;
                options.objective = Some(ObjectiveArgs::parse(key, input)?);
            }
            "observer" => options.observer = Some(parse_value(key, input)?),
            "provider" => options.provider = Some(parse_value(key, input)?),
            "query" => options.query = Some(parse_value(key, input)?),
            "result" => options.result = Some(parse_path(key, input)?),
            "stream" => options.stream = Some(parse_flag(key, input)?),
            "tenant" => options.tenant = Some(parse_value(key, input)?),
            "tokens" => options.tokens = Some(parse_path(key, input)?),
            "usage" => options.usage = Some(parse_path(key, input)?),
            "without_finish_reason" => options.without_finish_reason = Some(parse_flag(key, input)?),
            _ => {
                let allowed = format!("unknown argument `{name}`; allowed are {}, and {KEYS}", kind::KIND_KEYWORDS);
                return Err(Error::new(key.span(), allowed));
            }
        }
        Ok(())
    }

    fn set_kind(&mut self, kind: FunctionKind, span: Span) -> Result<()> {
        match &self.kind {
            Some((first, _)) => {
                let text = format!("a function has only one kind, and `{}` is already given", first.keyword());
                Err(Error::new(span, text))
            }
            None => {
                self.kind = Some((kind, span));
                Ok(())
            }
        }
    }

    fn finish(mut self) -> Result<Args> {
        let Some((kind, _)) = self.kind.take() else {
            let text = format!("the kind of the function is missing: add {}", kind::KIND_KEYWORDS);
            let error = Error::new(Span::call_site(), text);
            return Err(match self.error.take() {
                Some(other) if self.is_kind_invalid => other,
                Some(mut other) => {
                    other.combine(error);
                    other
                }
                None => error,
            });
        };
        for (name, span) in std::mem::take(&mut self.seen_keys) {
            if let Err(error) = self.check_allowed(&kind, &name, span) {
                self.push_error(error);
            }
        }
        match self.error {
            Some(error) => Err(error),
            None => Ok(Args { kind, options: self.options }),
        }
    }

    /// Checks that an argument is allowed for the kind and together with the other arguments.
    fn check_allowed(&self, kind: &FunctionKind, name: &str, span: Span) -> Result<()> {
        if !kind.accepts(name) {
            let text =
                format!("`{name}` cannot be used with `{}`, which takes {}", kind.keyword(), kind.accepted_arguments());
            return Err(Error::new(span, text));
        }
        let needs_stream =
            matches!(name, "tokens" | "producer" | "without_finish_reason") && self.options.stream.is_none();
        if needs_stream {
            return Err(Error::new(span, format!("`{name}` needs the items of a stream: add `stream`")));
        }
        if name == "result" && self.options.stream.is_some() {
            return Err(Error::new(
                span,
                "`result` cannot be used with `stream`: it needs a returned value, not a stream",
            ));
        }
        Ok(())
    }
}

fn parse_flag(key: &Ident, input: ParseStream<'_>) -> Result<Span> {
    if input.peek(Token![=]) {
        return Err(input.error(format!("`{key}` takes no value: write `{key}`, or remove it")));
    }
    Ok(key.span())
}

fn parse_value(key: &Ident, input: ParseStream<'_>) -> Result<Expr> {
    if !input.peek(Token![=]) {
        return Err(Error::new(key.span(), format!("`{key}` needs a value: `{key} = ...`")));
    }
    input.parse::<Token![=]>()?;
    input.parse()
}

fn parse_path(key: &Ident, input: ParseStream<'_>) -> Result<ExprPath> {
    match parse_value(key, input)? {
        Expr::Path(path) => Ok(path),
        other => {
            let text = format!("`{key}` takes the path of a function, such as `{key} = Answer::{key}`");
            Err(Error::new_spanned(other, text))
        }
    }
}

fn expect_parentheses(key: &Ident, input: ParseStream<'_>, example: &str) -> Result<()> {
    if input.peek(syn::token::Paren) {
        return Ok(());
    }
    Err(Error::new(key.span(), format!("`{key}` takes its arguments in parentheses: `{example}`")))
}

fn parse_fields(key: &Ident, input: ParseStream<'_>) -> Result<Vec<Field>> {
    expect_parentheses(key, input, "fields(tier = request.tier)")?;
    let inside;
    parenthesized!(inside in input);
    let mut fields = Vec::new();
    let mut names = HashSet::new();
    while !inside.is_empty() {
        let (name, at) = parse_field_name(&inside)?;
        if let Some(message) = reserved_name_error(&name) {
            return Err(Error::new_spanned(at, message));
        }
        if !names.insert(name.clone()) {
            return Err(Error::new_spanned(at, format!("the field `{name}` is given twice")));
        }
        if !inside.peek(Token![=]) {
            return Err(Error::new_spanned(at, format!("a field needs a value: `{name} = ...`")));
        }
        inside.parse::<Token![=]>()?;
        if inside.peek(Token![%]) || inside.peek(Token![?]) {
            return Err(inside.error(
                "a field takes a number, a bool or a text, without the `%` and `?` of `tracing`: write \
                 `value.to_string()` if the text contains no private data",
            ));
        }
        fields.push(Field { name, value: inside.parse()? });
        if !inside.is_empty() {
            inside.parse::<Token![,]>()?;
        }
    }
    Ok(fields)
}

/// Parses a field name (`tier`, `user.tier` or `"user-tier"`) and returns it with its tokens.
fn parse_field_name(input: ParseStream<'_>) -> Result<(String, proc_macro2::TokenStream)> {
    if input.peek(LitStr) {
        let name: LitStr = input.parse()?;
        return Ok((name.value(), name.to_token_stream()));
    }
    let first = input.call(Ident::parse_any)?;
    let (mut name, mut written) = (first.unraw().to_string(), first.to_token_stream());
    while input.peek(Token![.]) {
        input.parse::<Token![.]>()?.to_tokens(&mut written);
        let next = input.call(Ident::parse_any)?;
        name = format!("{name}.{}", next.unraw());
        next.to_tokens(&mut written);
    }
    Ok((name, written))
}

/// Returns an error message for a name in the reserved namespaces. A span can contain an attribute twice, so
/// applications must not set attributes that llmobs sets. The conventions' content attributes are among the reserved
/// names.
fn reserved_name_error(name: &str) -> Option<String> {
    let is_reserved =
        ["gen_ai.", "llmobs.", "otel."].iter().any(|prefix| name.starts_with(prefix)) || name == "error.type";
    is_reserved.then(|| {
        format!("llmobs itself sets `gen_ai.*`, `llmobs.*`, `otel.*` and `error.type`: use another name than `{name}`")
    })
}
