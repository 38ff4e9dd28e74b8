//! Redaction of JSON values, field names, and JSON inside strings.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Number;
use serde_json::Value;

use super::DataKind;
use super::RedactionCounts;
use super::Redactor;
use super::truncate::RedactedText;
use crate::content::sealed::EstimateSize;

/// Maximum nesting depth. Deeper values are replaced by the `[OVERFLOW]` placeholder, which bounds the recursion.
const DEEPEST: usize = 64;

impl Redactor {
    /// Redacts a JSON value in place: strings, numbers and field names. Returns the number of matches by kind. A string
    /// that contains JSON, for example the arguments of a tool call, is redacted as JSON, and stays as it is if nothing in
    /// it matches. The name of a field helps to detect its value (`password`, `dob`). A value nested deeper than 64 levels
    /// becomes `[OVERFLOW]`.
    ///
    /// ```
    /// use llmobs::redact::Redactor;
    /// use serde_json::json;
    ///
    /// let mut value = json!({
    ///     "password": "open sesame",
    ///     "arguments": r#"{"to":"jane\u0040example.org"}"#,
    ///     "jane@example.org": 4242424242424242_u64,
    /// });
    /// Redactor::new().redact_json(&mut value);
    /// let expected = json!({"password": "[SECRET]", "arguments": r#"{"to":"[EMAIL]"}"#, "[EMAIL]": "[CARD]"});
    /// assert_eq!(value, expected);
    /// ```
    pub fn redact_json(&self, value: &mut Value) -> RedactionCounts {
        let (redacted, counts, _) = self.redact_json_up_to(value, usize::MAX);
        *value = redacted;
        counts
    }

    /// Returns `value` redacted and truncated to about `limit` bytes of JSON, the number of matches by kind, and the
    /// approximate number of bytes cut off by the limit. Content after the limit is not scanned.
    pub(crate) fn redact_json_up_to(&self, value: &Value, limit: usize) -> (Value, RedactionCounts, usize) {
        let longest = limit.saturating_add(AHEAD).saturating_mul(8);
        let mut walk = JsonWalk { redactor: self, room: limit, longest, counts: RedactionCounts::default(), cut: 0 };
        let value = walk.value("", value, 0);
        (value, walk.counts, walk.cut)
    }
}

/// Number of bytes added to the limit for the maximum length of JSON in a string: 8 * (limit + `AHEAD`) bytes. A longer
/// string is redacted as plain text.
const AHEAD: usize = 1024;

/// Maximum number of bytes, from the end of a field name, that are used as the keyword.
const NAME: usize = 128;

/// The state of a recursive redaction of one JSON value.
struct JsonWalk<'r> {
    redactor: &'r Redactor,
    /// Remaining bytes of output.
    room: usize,
    /// Maximum length, in bytes, of a string that is parsed as JSON.
    longest: usize,
    counts: RedactionCounts,
    cut: usize,
}

impl JsonWalk<'_> {
    fn value(&mut self, name: &str, value: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            self.counts.add(DataKind::Overflow);
            self.spend(DataKind::Overflow.label().len());
            return DataKind::Overflow.label().into();
        }
        match value {
            Value::Null | Value::Bool(_) => {
                self.spend(4);
                value.clone()
            }
            Value::Number(number) => match self.field(name, &digits(number), usize::MAX) {
                Some(redacted) => redacted.into(),
                None => value.clone(),
            },
            Value::String(text) => {
                self.spend(2);
                self.nested(name, text, depth).unwrap_or_else(|| text.clone()).into()
            }
            Value::Array(values) => {
                self.spend(2);
                let mut kept = Vec::new();
                for (place, value) in values.iter().enumerate() {
                    if self.room == 0 {
                        self.cut += values[place..].iter().map(EstimateSize::weight).sum::<usize>();
                        break;
                    }
                    kept.push(self.value(name, value, depth + 1));
                    self.spend(1);
                }
                kept.into()
            }
            Value::Object(fields) => self.fields(fields, depth).into(),
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>, depth: usize) -> Map<String, Value> {
        self.spend(2);
        let (mut kept, mut numbers) = (Map::new(), BTreeMap::new());
        // `{"name": "password", "value": ".."}`: the form in which variables and headers are listed.
        let named = ["name", "key"].into_iter().find_map(|of| fields.get(of)?.as_str());
        for (name, value) in fields {
            if self.room == 0 {
                self.cut += name.len() + value.weight();
                continue;
            }
            let redacted = self.plain(name);
            let of = named.filter(|_| name == "value").unwrap_or(name);
            let value = self.value(of, value, depth + 1);
            let name = match redacted {
                Some(new) => free(&new, &mut numbers, |name| fields.contains_key(name) || kept.contains_key(name)),
                None => name.clone(),
            };
            kept.insert(name, value);
            self.spend(4);
        }
        kept
    }

    /// Redacts a string, which can contain JSON. Returns `None` if the string does not change.
    fn nested(&mut self, name: &str, text: &str, depth: usize) -> Option<String> {
        if text.len() <= self.longest
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Some(inner) = parsed(text)
        {
            let before = (self.counts.total(), self.cut, self.room);
            let redacted = self.value(name, &inner, depth + 1);
            if (self.counts.total(), self.cut) == (before.0, before.1) {
                self.room = self.room.min(before.2.saturating_sub(text.len()));
                return None;
            }
            return Some(redacted.to_string());
        }
        self.field(name, text, self.room)
    }

    /// Redacts the text of a field with `name: ` before it, so that the name serves as a keyword. Returns `None` if the
    /// text does not change.
    fn field(&mut self, name: &str, text: &str, limit: usize) -> Option<String> {
        let name = &name[name.ceil_char_boundary(name.len().saturating_sub(NAME))..];
        if name.is_empty() {
            return self.accept(&self.redactor.redact_range(text, 0..text.len(), limit, true));
        }
        let mark = if text.contains(['"', '\n', '[']) { "" } else { "\"" };
        let whole = format!("{name}: {mark}{text}{mark}");
        let start = name.len() + 2 + mark.len();
        self.accept(&self.redactor.redact_range(&whole, start..start + text.len(), limit, true))
    }

    fn plain(&mut self, text: &str) -> Option<String> {
        self.accept(&self.redactor.redact_range(text, 0..text.len(), self.room, true))
    }

    fn accept(&mut self, piece: &RedactedText) -> Option<String> {
        self.counts += piece.counts;
        self.cut += piece.cut;
        self.spend(piece.text.len());
        (piece.counts.total() > 0 || piece.cut > 0).then(|| piece.text.clone())
    }

    const fn spend(&mut self, bytes: usize) {
        self.room = self.room.saturating_sub(bytes);
    }
}

/// Formats a number, without a fraction if it is whole: input `4242424242424242.0`, output `4242424242424242`.
fn digits(number: &Number) -> String {
    match number.as_f64().filter(|real| number.is_f64() && real.fract() == 0.0 && real.abs() < 1e21) {
        Some(whole) => format!("{whole:.0}"),
        None => number.to_string(),
    }
}

/// Parses JSON. Accepts unpaired surrogate escapes (`\ud83d` alone), which other serializers write, as U+FFFD.
fn parsed(text: &str) -> Option<Value> {
    let strict = serde_json::from_str(text).ok();
    strict.or_else(|| serde_json::from_str(&without_halves(text)?).ok())
}

/// Returns `text` with each unpaired surrogate escape replaced by `\ufffd`. Returns `None` without one.
fn without_halves(text: &str) -> Option<String> {
    let half = |at: usize| {
        let code = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(code, 16).ok().filter(|code| (0xd800..0xe000).contains(code))
    };
    let (mut out, mut done, mut place) = (String::new(), 0, 0);
    while let Some(at) = text[place..].find('\\').map(|at| place + at) {
        place = match half(at) {
            Some(..0xdc00) if half(at + 6).is_some_and(|low| low >= 0xdc00) => at + 12,
            Some(_) => {
                out.push_str(&text[done..at]);
                out.push_str("\\ufffd");
                done = at + 6;
                done
            }
            None => text.ceil_char_boundary(at + 2),
        };
    }
    out.push_str(&text[done..]);
    (done > 0).then_some(out)
}

/// Returns `name`, or `name` with the next free number if the name is taken: `[EMAIL]`, `[EMAIL] 2`.
fn free(name: &str, numbers: &mut BTreeMap<String, u64>, taken: impl Fn(&str) -> bool) -> String {
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

    fn redacted(mut value: Value) -> Value {
        Redactor::new().redact_json(&mut value);
        value
    }

    #[test]
    fn the_name_of_a_field_says_what_its_value_is() {
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
    fn a_list_of_names_and_values_is_read_as_fields_are() {
        let listed = json!([{"name": "DB_PASSWORD", "value": "hunter2zz"}, {"key": "colour", "value": "hunter2zz"}]);
        let expected = json!([{"name": "DB_PASSWORD", "value": "[SECRET]"}, {"key": "colour", "value": "hunter2zz"}]);
        assert_eq!(redacted(listed), expected);
    }

    #[test]
    fn a_whole_number_is_one_however_it_is_held() {
        assert_eq!(redacted(json!([4_242_424_242_424_242.0, 0.5, 1e300])), json!(["[CARD]", 0.5, 1e300]));
    }

    #[test]
    fn half_of_a_pair_hides_nothing() {
        let hidden = r#"{"x":"\ud83d","y":"\ud83d\ude00 \\ud83d","k":"\u006aane@example.org","z":"\udc00"}"#;
        let text = redacted(json!(hidden)).as_str().unwrap().to_owned();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({"x": "\u{fffd}", "y": "\u{1f600} \\ud83d", "k": "[EMAIL]", "z": "\u{fffd}"})
        );
        let plain = json!(r#"{"x":"\ud83d"}"#);
        assert_eq!(redacted(plain.clone()), plain, "it stays as it is if nothing is hidden");
    }

    #[test]
    fn what_is_behind_the_limit_is_left_out_and_what_is_before_stays() {
        let value = json!({"a": vec![7; 1_000], "b": "x".repeat(1_000)});
        for limit in [10, 100, 1_000, 1_900, 2_900, 4_000] {
            let (kept, counts, cut) = Redactor::new().redact_json_up_to(&value, limit);
            assert_eq!(counts.total(), 0);
            assert_eq!(kept == value, cut == 0, "{limit}");
            let length = kept.to_string().len();
            assert!(length <= limit + 20 && (cut == 0 || length + 10 >= limit.min(2_000)), "{length} of {limit}");
        }
    }

    #[test]
    fn names_that_become_the_same_stay_apart() {
        let value = redacted(json!({"a@example.org": 1, "b@example.org": 2, "x": 3}));
        assert_eq!(value, json!({"[EMAIL]": 1, "[EMAIL] 2": 2, "x": 3}));
        assert_eq!(redacted(value.clone()), value);
    }

    #[test]
    fn json_in_json_in_json_is_read() {
        let inner = json!({"to": "jane@example.org", "n": 1}).to_string();
        let outer = json!({"arguments": json!({"body": inner}).to_string()});
        let expected = json!({"arguments": json!({"body": json!({"to": "[EMAIL]", "n": 1}).to_string()}).to_string()});
        assert_eq!(redacted(outer), expected);
    }

    #[test]
    fn what_lies_too_deep_is_masked_and_not_let_through() {
        let mut deep = json!("jane@example.org");
        for _ in 0..100 {
            deep = json!([deep]);
        }
        let text = redacted(deep).to_string();
        assert!(text.contains("[OVERFLOW]") && !text.contains("jane"), "{text}");
    }
}
