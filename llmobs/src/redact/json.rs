//! JSON: values, the names of fields, JSON inside strings.

use serde_json::Map;
use serde_json::Value;

use super::Counts;
use super::Kind;
use super::Redactor;
use super::bounded::Piece;

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
        self.redact_json_up_to(value, usize::MAX).0
    }

    /// The same, and cuts each string that is longer than a limit. Gives how many bytes were cut as well.
    pub(crate) fn redact_json_up_to(&self, value: &mut Value, limit: usize) -> (Counts, usize) {
        let mut walk = Walk { redactor: self, limit, counts: Counts::default(), cut: 0 };
        walk.value("", value, 0);
        (walk.counts, walk.cut)
    }
}

/// A walk through a value.
struct Walk<'r> {
    redactor: &'r Redactor,
    limit: usize,
    counts: Counts,
    cut: usize,
}

impl Walk<'_> {
    fn value(&mut self, name: &str, value: &mut Value, depth: usize) {
        if depth > DEEPEST {
            self.counts.add(Kind::Overflow);
            *value = Value::String(Kind::Overflow.label().to_owned());
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let text = number.to_string();
                if let Some(redacted) = self.field(name, &text) {
                    *value = Value::String(redacted);
                }
            }
            Value::String(text) => {
                if let Some(redacted) = self.nested(name, text, depth) {
                    *text = redacted;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(name, value, depth + 1)),
            Value::Object(fields) => self.fields(fields, depth),
        }
    }

    fn fields(&mut self, fields: &mut Map<String, Value>, depth: usize) {
        for (name, value) in fields.iter_mut() {
            self.value(name, value, depth + 1);
        }
        let renamed: Vec<(String, String)> =
            fields.keys().filter_map(|name| Some((name.clone(), self.plain(name)?))).collect();
        for (old, new) in renamed {
            if let Some(value) = fields.remove(&old) {
                let free = (1..).map(|number| if number == 1 { new.clone() } else { format!("{new} {number}") });
                let name = free.into_iter().find(|name| !fields.contains_key(name)).unwrap_or(new);
                fields.insert(name, value);
            }
        }
    }

    /// A string, which may be JSON. None if it stays as it is.
    fn nested(&mut self, name: &str, text: &str, depth: usize) -> Option<String> {
        if text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(mut inner) = serde_json::from_str::<Value>(text)
        {
            let before = (self.counts.total(), self.cut);
            self.value(name, &mut inner, depth + 1);
            return ((self.counts.total(), self.cut) != before).then(|| inner.to_string());
        }
        self.field(name, text)
    }

    /// The text of a field, whose name stands before it as in a text, so that it is read for what it says.
    fn field(&mut self, name: &str, text: &str) -> Option<String> {
        if name.is_empty() {
            return self.plain(text);
        }
        let mark = if text.contains(['"', '\n', '[']) { "" } else { "\"" };
        let whole = format!("{name}: {mark}{text}{mark}");
        let start = name.len() + 2 + mark.len();
        self.take(&self.redactor.piece(&whole, start..start + text.len(), self.limit, true))
    }

    fn plain(&mut self, text: &str) -> Option<String> {
        self.take(&self.redactor.piece(text, 0..text.len(), self.limit, true))
    }

    fn take(&mut self, piece: &Piece) -> Option<String> {
        self.counts += piece.counts;
        self.cut += piece.cut;
        (piece.counts.total() > 0 || piece.cut > 0).then(|| piece.text.clone())
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
