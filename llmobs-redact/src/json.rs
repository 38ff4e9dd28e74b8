//! Redaction of JSON values, field names, and JSON inside strings.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::char_boundary::ceil_char_boundary;
use super::counts::RedactionCounts;
use super::kind::DataKind;
use super::rules::Rules;
use super::truncate::RedactedText;
use super::truncate::redact_range;

/// Maximum nesting depth. Deeper values are replaced by the `[OVERFLOW]` placeholder, which bounds the recursion.
const MAX_DEPTH: usize = 64;

/// A redacted and truncated JSON value.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct RedactedJson {
    /// The redacted value, truncated.
    pub value: Value,
    /// Approximate number of bytes that were removed because of the limit.
    pub truncated_bytes: usize,
    /// Number of matches by kind.
    pub counts: RedactionCounts,
}

/// Returns `value` redacted, then truncated to about `limit` bytes of JSON.
pub(super) fn redact_and_truncate(rules: &Rules, value: &Value, limit: usize) -> RedactedJson {
    let max_nested_bytes = limit.saturating_add(LOOKAHEAD_BYTES).saturating_mul(8);
    let mut walk = JsonWalk {
        rules,
        remaining_bytes: limit,
        max_nested_bytes,
        counts: RedactionCounts::default(),
        truncated_bytes: 0,
    };
    let value = walk.redact_value("", value, 0);
    RedactedJson { value, truncated_bytes: walk.truncated_bytes, counts: walk.counts }
}

/// Number of bytes added to the limit for the maximum length of JSON in a string: 8 * (limit + `LOOKAHEAD_BYTES`)
/// bytes. A longer string is redacted as plain text.
const LOOKAHEAD_BYTES: usize = 1024;

/// Maximum number of bytes, from the end of a field name, that are used as the keyword.
const MAX_NAME_BYTES: usize = 128;

/// The state of a recursive redaction of one JSON value.
struct JsonWalk<'r> {
    rules: &'r Rules,
    /// Remaining bytes of output.
    remaining_bytes: usize,
    /// Maximum length, in bytes, of a string that is parsed as JSON.
    max_nested_bytes: usize,
    counts: RedactionCounts,
    truncated_bytes: usize,
}

impl JsonWalk<'_> {
    fn redact_value(&mut self, name: &str, value: &Value, depth: usize) -> Value {
        if depth > MAX_DEPTH {
            self.counts.add(DataKind::Overflow);
            self.spend(DataKind::Overflow.placeholder().len());
            return DataKind::Overflow.placeholder().into();
        }
        match value {
            Value::Null | Value::Bool(_) => {
                self.spend(4);
                value.clone()
            }
            Value::Number(number) => match self.redact_field(name, &number_text(number), usize::MAX) {
                Some(redacted) => redacted.into(),
                None => value.clone(),
            },
            Value::String(text) => {
                self.spend(2);
                self.redact_string(name, text, depth).unwrap_or_else(|| text.clone()).into()
            }
            Value::Array(values) => {
                self.spend(2);
                let mut output = Vec::new();
                for (index, value) in values.iter().enumerate() {
                    if self.remaining_bytes == 0 {
                        self.truncated_bytes += values[index..].iter().map(estimated_json_bytes).sum::<usize>();
                        break;
                    }
                    output.push(self.redact_value(name, value, depth + 1));
                    self.spend(1);
                }
                output.into()
            }
            Value::Object(fields) => self.redact_fields(fields, depth).into(),
        }
    }

    fn redact_fields(&mut self, fields: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        self.spend(2);
        let (mut output, mut numbers) = (Map::new(), BTreeMap::new());
        // `{"name": "password", "value": ".."}`: the form in which variables and headers are listed.
        let named = ["name", "key"].into_iter().find_map(|of| fields.get(of)?.as_str());
        for (name, value) in fields {
            if self.remaining_bytes == 0 {
                self.truncated_bytes += name.len() + estimated_json_bytes(value);
                continue;
            }
            let redacted = self.redact_name(name);
            let keyword = named.filter(|_| name == "value").unwrap_or(name);
            let value = self.redact_value(keyword, value, depth + 1);
            let name = match redacted {
                Some(new) => {
                    unique_name(&new, &mut numbers, |name| fields.contains_key(name) || output.contains_key(name))
                }
                None => name.clone(),
            };
            output.insert(name, value);
            self.spend(4);
        }
        output
    }

    /// Redacts a string, which can contain JSON. Returns `None` if the string does not change.
    fn redact_string(&mut self, name: &str, text: &str, depth: usize) -> Option<String> {
        if text.len() <= self.max_nested_bytes
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Some(inner) = parse_lenient(text)
        {
            let before = (self.counts.total(), self.truncated_bytes, self.remaining_bytes);
            let redacted = self.redact_value(name, &inner, depth + 1);
            if (self.counts.total(), self.truncated_bytes) == (before.0, before.1) {
                self.remaining_bytes = self.remaining_bytes.min(before.2.saturating_sub(text.len()));
                return None;
            }
            return Some(redacted.to_string());
        }
        self.redact_field(name, text, self.remaining_bytes)
    }

    /// Redacts the text of a field with `name: ` before it, so that the name serves as a keyword. Returns `None` if the
    /// text does not change.
    fn redact_field(&mut self, name: &str, text: &str, limit: usize) -> Option<String> {
        let name = &name[ceil_char_boundary(name, name.len().saturating_sub(MAX_NAME_BYTES))..];
        if name.is_empty() {
            return self.accept(&redact_range(self.rules, text, 0..text.len(), limit, true));
        }
        let mark = if text.contains(['"', '\n', '[']) { "" } else { "\"" };
        let with_name = format!("{name}: {mark}{text}{mark}");
        let start = name.len() + 2 + mark.len();
        self.accept(&redact_range(self.rules, &with_name, start..start + text.len(), limit, true))
    }

    fn redact_name(&mut self, text: &str) -> Option<String> {
        self.accept(&redact_range(self.rules, text, 0..text.len(), self.remaining_bytes, true))
    }

    fn accept(&mut self, redacted: &RedactedText) -> Option<String> {
        self.counts += redacted.counts;
        self.truncated_bytes += redacted.truncated_bytes;
        self.spend(redacted.text.len());
        (redacted.counts.total() > 0 || redacted.truncated_bytes > 0).then(|| redacted.text.clone())
    }

    const fn spend(&mut self, bytes: usize) {
        self.remaining_bytes = self.remaining_bytes.saturating_sub(bytes);
    }
}

/// Returns about how many bytes of memory a JSON value takes: its texts and names, 8 for a number or bool, and the
/// entries of lists and objects. Does not recurse: a value built by hand may be nested so deeply that recursion would
/// overflow the stack.
#[must_use]
pub fn estimated_json_bytes(value: &Value) -> usize {
    const VALUE_BYTES: usize = size_of::<Value>();
    let (mut sum, mut waiting) = (0_usize, vec![value]);
    while let Some(value) = waiting.pop() {
        sum = sum.saturating_add(match value {
            Value::Null => 0,
            Value::Bool(_) | Value::Number(_) => 8,
            Value::String(text) => text.len(),
            Value::Array(values) => values.len() * VALUE_BYTES,
            Value::Object(fields) => fields.keys().map(|name| name.len() + size_of::<String>() + VALUE_BYTES).sum(),
        });
        match value {
            Value::Array(values) => waiting.extend(values),
            Value::Object(fields) => waiting.extend(fields.values()),
            _ => {}
        }
    }
    sum
}

/// Formats a number, without a fraction if it is whole: input `4242424242424242.0`, output `4242424242424242`.
fn number_text(number: &Number) -> String {
    match number.as_f64().filter(|real| number.is_f64() && real.fract() == 0.0 && real.abs() < 1e21) {
        Some(integer) => format!("{integer:.0}"),
        None => number.to_string(),
    }
}

/// Parses JSON. Accepts unpaired surrogate escapes (`\ud83d` alone), which other serializers write, as U+FFFD.
fn parse_lenient(text: &str) -> Option<Value> {
    let strict = serde_json::from_str(text).ok();
    strict.or_else(|| serde_json::from_str(&replace_lone_surrogates(text)?).ok())
}

/// Returns `text` with each unpaired surrogate escape replaced by `\ufffd`. Returns `None` without one.
fn replace_lone_surrogates(text: &str) -> Option<String> {
    let surrogate_at = |at: usize| {
        let code = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(code, 16).ok().filter(|code| (0xd800..0xe000).contains(code))
    };
    let (mut out, mut done, mut position) = (String::new(), 0, 0);
    while let Some(at) = text[position..].find('\\').map(|at| position + at) {
        position = match surrogate_at(at) {
            Some(..0xdc00) if surrogate_at(at + 6).is_some_and(|low| low >= 0xdc00) => at + 12,
            Some(_) => {
                out.push_str(&text[done..at]);
                out.push_str("\\ufffd");
                done = at + 6;
                done
            }
            None => ceil_char_boundary(text, at + 2),
        };
    }
    out.push_str(&text[done..]);
    (done > 0).then_some(out)
}

/// Returns `name`, or `name` with the next free number if the name is taken: `[EMAIL]`, `[EMAIL] 2`.
fn unique_name(name: &str, numbers: &mut BTreeMap<String, u64>, taken: impl Fn(&str) -> bool) -> String {
    let last = numbers.entry(name.to_owned()).or_default();
    loop {
        *last += 1;
        let numbered = if *last == 1 { name.to_owned() } else { format!("{name} {last}") };
        if !taken(&numbered) {
            return numbered;
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Redactor;

    fn redacted(mut value: Value) -> Value {
        Redactor::new().redact_json(&mut value);
        value
    }

    #[test]
    fn field_name_is_a_keyword_of_its_value() {
        assert_eq!(redacted(json!({"phone": "020 7946 0958"})), json!({"phone": "[PHONE]"}));
        assert_eq!(
            redacted(json!({"dob": "1990-04-17", "date": "1990-04-17"})),
            json!({"dob": "[DATE_OF_BIRTH]", "date": "1990-04-17"})
        );
        assert_eq!(redacted(json!({"ssn": 219_456_789})), json!({"ssn": "[SSN]"}));
        assert_eq!(redacted(json!({"pin": 4821, "count": 4821})), json!({"pin": "[SECRET]", "count": 4821}));
        assert_eq!(
            redacted(json!({"max_tokens": 4096, "password": null})),
            json!({"max_tokens": 4096, "password": null})
        );
    }

    #[test]
    fn list_of_names_and_values_is_redacted_like_fields() {
        let listed = json!([{"name": "DB_PASSWORD", "value": "hunter2zz"}, {"key": "colour", "value": "hunter2zz"}]);
        let expected = json!([{"name": "DB_PASSWORD", "value": "[SECRET]"}, {"key": "colour", "value": "hunter2zz"}]);
        assert_eq!(redacted(listed), expected);
    }

    #[test]
    fn float_with_an_integer_value_is_redacted_as_an_integer() {
        assert_eq!(redacted(json!([4_242_424_242_424_242.0, 0.5, 1e300])), json!(["[CARD]", 0.5, 1e300]));
    }

    #[test]
    fn text_with_lone_surrogates_is_redacted() {
        let hidden = r#"{"x":"\ud83d","y":"\ud83d\ude00 \\ud83d","k":"\u006aane@example.org","z":"\udc00"}"#;
        let text = redacted(json!(hidden)).as_str().unwrap().to_owned();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"x": "\u{fffd}", "y": "\u{1f600} \\ud83d", "k": "[EMAIL]", "z": "\u{fffd}"})
        );
        let plain = json!(r#"{"x":"\ud83d"}"#);
        assert_eq!(redacted(plain.clone()), plain, "a text without a match must not change");
    }

    #[test]
    fn content_after_the_limit_is_removed_and_content_before_it_remains() {
        let value = json!({"a": vec![7; 1_000], "b": "x".repeat(1_000)});
        for limit in [10, 100, 1_000, 1_900, 2_900, 4_000] {
            let RedactedJson { value: output, truncated_bytes, counts } =
                Redactor::new().redact_and_truncate_json(&value, limit);
            assert_eq!(counts.total(), 0);
            assert_eq!(output == value, truncated_bytes == 0, "{limit}");
            let length = output.to_string().len();
            assert!(
                length <= limit + 20 && (truncated_bytes == 0 || length + 10 >= limit.min(2_000)),
                "{length} of {limit}"
            );
        }
    }

    #[test]
    fn equal_redacted_names_remain_distinct() {
        let value = redacted(json!({"a@example.org": 1, "b@example.org": 2, "x": 3}));
        assert_eq!(value, json!({"[EMAIL]": 1, "[EMAIL] 2": 2, "x": 3}));
        assert_eq!(redacted(value.clone()), value);
    }

    #[test]
    fn nested_json_is_redacted() {
        let inner = json!({"to": "jane@example.org", "n": 1}).to_string();
        let outer = json!({"arguments": json!({"body": inner}).to_string()});
        let expected = json!({"arguments": json!({"body": json!({"to": "[EMAIL]", "n": 1}).to_string()}).to_string()});
        assert_eq!(redacted(outer), expected);
    }

    #[test]
    fn too_deep_values_are_replaced() {
        let mut deep = json!("jane@example.org");
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let text = redacted(deep).to_string();
        assert!(text.contains("[OVERFLOW]") && !text.contains("jane"), "{text}");
    }
}
