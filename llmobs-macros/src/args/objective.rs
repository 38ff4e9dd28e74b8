//! `objective(ttft = "500ms", tpot = "50ms")`: the limits that a good call of this function meets.

use proc_macro2::Ident;
use syn::Error;
use syn::LitFloat;
use syn::LitStr;
use syn::Result;
use syn::Token;
use syn::ext::IdentExt;
use syn::parenthesized;
use syn::parse::ParseStream;

/// The arguments of `objective(..)`.
#[derive(Default)]
pub(crate) struct ObjectiveArgs {
    /// The name. Defaults to the function's name.
    pub(crate) name: Option<LitStr>,
    pub(crate) target: Option<LitFloat>,
    /// Pairs of a setter's name and a limit in nanoseconds.
    pub(crate) limits: Vec<(&'static str, u64)>,
}

impl ObjectiveArgs {
    pub(crate) fn parse(key: &Ident, input: ParseStream<'_>) -> Result<Self> {
        let inside;
        parenthesized!(inside in input);
        let mut objective = Self::default();
        while !inside.is_empty() {
            objective.parse_argument(&inside)?;
            if !inside.is_empty() {
                inside.parse::<Token![,]>()?;
            }
        }
        if objective.limits.is_empty() {
            return Err(Error::new(key.span(), format!("an objective needs at least one limit: add {LIMIT_KEYWORDS}")));
        }
        Ok(objective)
    }

    fn parse_argument(&mut self, input: ParseStream<'_>) -> Result<()> {
        let key = input.call(Ident::parse_any)?;
        let setter = match key.to_string().as_str() {
            "ttft" => "time_to_first_token",
            "tpot" => "time_per_output_token",
            "gap" => "longest_gap",
            "duration" => "duration",
            "name" => {
                parse_once(&mut self.name, &key, input)?;
                let name = self.name.as_ref().map(LitStr::value).unwrap_or_default();
                return match name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
                    true => Err(Error::new(key.span(), "a name must have 1 to 128 bytes and no control characters")),
                    false => Ok(()),
                };
            }
            "target" => {
                parse_once(&mut self.target, &key, input)?;
                let ratio = self.target.as_ref().map(LitFloat::base10_parse::<f64>).transpose()?;
                return match ratio.is_some_and(|ratio| ratio > 0.0 && ratio < 1.0) {
                    true => Ok(()),
                    false => Err(Error::new(key.span(), "`target` must be a ratio between 0 and 1, such as `0.99`")),
                };
            }
            _ => {
                let text =
                    format!("`{key}` is not known here; `objective` takes {LIMIT_KEYWORDS}, and `name` and `target`");
                return Err(Error::new(key.span(), text));
            }
        };
        input.parse::<Token![=]>()?;
        let text: LitStr = input
            .parse()
            .map_err(|error| Error::new(error.span(), "a limit must be a time in quotes, such as `\"500ms\"`"))?;
        let limit = parse_nanoseconds(&text.value()).ok_or_else(|| {
            Error::new_spanned(&text, "a limit must be a number with a unit (ns, us, ms, s or m), such as `\"500ms\"`")
        })?;
        if self.limits.iter().any(|(known, _)| *known == setter) {
            return Err(Error::new(key.span(), format!("`{key}` is given twice")));
        }
        self.limits.push((setter, limit));
        Ok(())
    }
}

/// The longest name of an objective, in bytes.
const MAX_NAME_BYTES: usize = 128;

const LIMIT_KEYWORDS: &str = "`ttft`, `tpot`, `gap` or `duration`";

fn parse_once<T: syn::parse::Parse>(slot: &mut Option<T>, key: &Ident, input: ParseStream<'_>) -> Result<()> {
    input.parse::<Token![=]>()?;
    match slot.replace(input.parse()?) {
        Some(_) => Err(Error::new(key.span(), format!("`{key}` is given twice"))),
        None => Ok(()),
    }
}

/// Parses a duration such as `500ms` or `1.5s` to nanoseconds. Returns `None` for an invalid text and for zero.
fn parse_nanoseconds(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.find(|c: char| c.is_ascii_alphabetic())?);
    let scale: u64 = match unit {
        "ns" => 1,
        "us" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        _ => return None,
    };
    let number = number.trim_end();
    let (integer, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    if integer.is_empty() || !digits(integer) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let mut total = integer.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut digit_value = scale;
    for digit in fraction.bytes() {
        digit_value /= 10;
        total = total.checked_add(u64::from(digit - b'0') * digit_value)?;
    }
    (total > 0).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_is_a_number_with_a_unit() {
        for (text, expected) in [
            ("500ms", Some(500_000_000)),
            ("50 ms", Some(50_000_000)),
            ("1.5s", Some(1_500_000_000)),
            ("0.25ms", Some(250_000)),
            ("2m", Some(120_000_000_000)),
            ("7ns", Some(7)),
            ("0ms", None),
            ("500", None),
            ("-1s", None),
            ("1h", None),
            (".5s", None),
            ("99999999999999999999s", None),
        ] {
            assert_eq!(parse_nanoseconds(text), expected, "{text}");
        }
    }
}
