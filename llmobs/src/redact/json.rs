//! JSON: values, the names of fields, JSON inside strings.

use serde_json::Map;
use serde_json::Value;

use super::Counts;
use super::Kind;
use super::Redactor;
use super::hit::Hit;
use super::hit::What;

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
        let mut counts = Counts::default();
        self.walk("", value, 0, &mut counts);
        counts
    }

    fn walk(&self, name: &str, value: &mut Value, depth: usize, counts: &mut Counts) {
        if depth > DEEPEST {
            counts.add(Kind::Overflow);
            *value = Value::String(Kind::Overflow.label().to_owned());
            return;
        }
        match value {
            Value::Null | Value::Bool(_) => {}
            Value::Number(number) => {
                let text = number.to_string();
                if let Some(redacted) = self.field(name, &text, counts) {
                    *value = Value::String(redacted);
                }
            }
            Value::String(text) => {
                let redacted = self.nested(name, text, depth, counts);
                if let Some(redacted) = redacted {
                    *text = redacted;
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.walk(name, value, depth + 1, counts)),
            Value::Object(fields) => self.fields(fields, depth, counts),
        }
    }

    fn fields(&self, fields: &mut Map<String, Value>, depth: usize, counts: &mut Counts) {
        for (name, value) in fields.iter_mut() {
            self.walk(name, value, depth + 1, counts);
        }
        let renamed: Vec<(String, String)> =
            fields.keys().filter_map(|name| Some((name.clone(), self.plain(name, counts)?))).collect();
        for (old, new) in renamed {
            if let Some(value) = fields.remove(&old) {
                let free = (1..).map(|number| if number == 1 { new.clone() } else { format!("{new} {number}") });
                let name = free.into_iter().find(|name| !fields.contains_key(name)).unwrap_or(new);
                fields.insert(name, value);
            }
        }
    }

    /// A string, which may be JSON. None if nothing was found.
    fn nested(&self, name: &str, text: &str, depth: usize, counts: &mut Counts) -> Option<String> {
        if text.trim_start().starts_with(['{', '[', '"'])
            && let Ok(mut inner) = serde_json::from_str::<Value>(text)
        {
            let before = counts.total();
            self.walk(name, &mut inner, depth + 1, counts);
            return (counts.total() > before).then(|| inner.to_string());
        }
        self.field(name, text, counts)
    }

    /// The text of a field, whose name stands before it as in a text, so that it is read for what it says.
    fn field(&self, name: &str, text: &str, counts: &mut Counts) -> Option<String> {
        if name.is_empty() {
            return self.plain(text, counts);
        }
        let mark = if text.contains(['"', '\n', '[']) { "" } else { "\"" };
        let whole = format!("{name}: {mark}{text}{mark}");
        let start = name.len() + 2 + mark.len();
        let end = start + text.len();
        let hits = self.sweep(whole.as_bytes(), 0, 0, true).hits;
        let inside = hits.into_iter().filter(|hit| hit.end > start && hit.start < end);
        let hits: Vec<Hit> =
            inside.map(|hit| Hit { start: hit.start.max(start), end: hit.end.min(end), ..hit }).collect();
        if hits.iter().all(|hit| hit.what == What::Label) {
            return None;
        }
        *counts += Counts::of(&hits);
        let mut out = String::with_capacity(text.len());
        let done = self.write_range(&whole, start, &hits, &mut out);
        out.push_str(&whole[done..end]);
        Some(out)
    }

    fn plain(&self, text: &str, counts: &mut Counts) -> Option<String> {
        let mut out = String::new();
        let found = self.redact_into(text, &mut out);
        *counts += found;
        (found.total() > 0).then_some(out)
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
