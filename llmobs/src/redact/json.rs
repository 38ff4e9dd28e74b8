//! JSON: values, the names of fields, JSON inside strings.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use super::Counts;
use super::Kind;
use super::Redactor;
use super::bounded::Piece;
use crate::content::sealed::Weigh;

/// What lies deeper is masked whole: no text nests so deep, but an attack may.
const DEEPEST: usize = 64;

impl Redactor {
    /// Redacts a JSON value in place: strings, numbers, and the names of fields. A string that is JSON itself, as the
    /// arguments of a tool call are, is read, redacted and written again. The name of a field says what its value is.
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
    pub fn redact_json(&self, value: &mut Value) -> Counts {
        let (redacted, counts, _) = self.redact_json_up_to(value, usize::MAX);
        *value = redacted;
        counts
    }

    /// The same, of as much as so many bytes of JSON may hold; what is behind is left out, and not looked at. Gives how many
    /// bytes were cut as well, about.
    pub(crate) fn redact_json_up_to(&self, value: &Value, limit: usize) -> (Value, Counts, usize) {
        let longest = limit.saturating_add(AHEAD).saturating_mul(8);
        let mut walk = Walk { redactor: self, room: limit, longest, counts: Counts::default(), cut: 0 };
        let value = walk.value("", value, 0);
        (value, walk.counts, walk.cut)
    }
}

/// No longer JSON in a string is read as JSON, where there is a limit: it is a text then.
const AHEAD: usize = 1024;

/// The end of a name that is read for what the value is.
const NAME: usize = 128;

/// A walk through a value.
struct Walk<'r> {
    redactor: &'r Redactor,
    /// Bytes that may still leave.
    room: usize,
    /// Of JSON in a string.
    longest: usize,
    counts: Counts,
    cut: usize,
}

impl Walk<'_> {
    fn value(&mut self, name: &str, value: &Value, depth: usize) -> Value {
        if depth > DEEPEST {
            self.counts.add(Kind::Overflow);
            self.spend(Kind::Overflow.label().len());
            return Kind::Overflow.label().into();
        }
        match value {
            Value::Null | Value::Bool(_) => {
                self.spend(4);
                value.clone()
            }
            Value::Number(number) => match self.field(name, &number.to_string(), usize::MAX) {
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
                        self.cut += values[place..].iter().map(Weigh::weight).sum::<usize>();
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
        for (name, value) in fields {
            if self.room == 0 {
                self.cut += name.len() + value.weight();
                continue;
            }
            let redacted = self.plain(name);
            let value = self.value(name, value, depth + 1);
            let name = match redacted {
                Some(new) => free(new, &mut numbers, |name| fields.contains_key(name) || kept.contains_key(name)),
                None => name.clone(),
            };
            kept.insert(name, value);
            self.spend(4);
        }
        kept
    }

    /// A string, which may be JSON. None if it stays as it is.
    fn nested(&mut self, name: &str, text: &str, depth: usize) -> Option<String> {
        if text.len() <= self.longest
            && text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(inner) = serde_json::from_str::<Value>(text)
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

    /// The text of a field, whose name stands before it as in a text, so that it is read for what it says.
    fn field(&mut self, name: &str, text: &str, limit: usize) -> Option<String> {
        let name = &name[name.ceil_char_boundary(name.len().saturating_sub(NAME))..];
        if name.is_empty() {
            return self.take(&self.redactor.piece(text, 0..text.len(), limit, true));
        }
        let mark = if text.contains(['"', '\n', '[']) { "" } else { "\"" };
        let whole = format!("{name}: {mark}{text}{mark}");
        let start = name.len() + 2 + mark.len();
        self.take(&self.redactor.piece(&whole, start..start + text.len(), limit, true))
    }

    fn plain(&mut self, text: &str) -> Option<String> {
        self.take(&self.redactor.piece(text, 0..text.len(), self.room, true))
    }

    fn take(&mut self, piece: &Piece) -> Option<String> {
        self.counts += piece.counts;
        self.cut += piece.cut;
        self.spend(piece.text.len());
        (piece.counts.total() > 0 || piece.cut > 0).then(|| piece.text.clone())
    }

    const fn spend(&mut self, bytes: usize) {
        self.room = self.room.saturating_sub(bytes);
    }
}

/// The name, with the next number behind it that makes it one that is not taken.
fn free(name: String, numbers: &mut BTreeMap<String, u64>, taken: impl Fn(&str) -> bool) -> String {
    let last = numbers.entry(name.clone()).or_default();
    loop {
        *last += 1;
        let numbered = if *last == 1 { name.clone() } else { format!("{name} {last}") };
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
