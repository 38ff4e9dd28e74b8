//! Truncation of lists to a limit: shortens the longest contents first, and drops elements that cannot fit.

use std::io;

use serde_json::Map;
use serde_json::Value;

use super::report::CaptureReport;
use super::report::as_u64;
use llmobs_redact::truncate_text;

/// The end of a list that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// The first elements, for choices and definitions.
    First,
    /// The last elements, for a conversation.
    Last,
}

impl Keep {
    /// Returns at most `most` elements, from the start or the end of the list.
    pub(super) fn select<T>(self, list: &[T], most: usize) -> &[T] {
        match self {
            Self::First => &list[..list.len().min(most)],
            Self::Last => &list[list.len().saturating_sub(most)..],
        }
    }
}

/// Truncates the list to at most `limit` bytes of JSON, where `limit` is at least 2.
pub(super) fn truncate_list(mut list: Vec<Value>, limit: usize, keep: Keep, report: &mut CaptureReport) -> Value {
    if list_json_bytes(&list) <= limit {
        return Value::Array(list);
    }
    // Prefer fewer messages over many without text.
    let dropped = drop_elements(&mut list, limit, 2, keep, MIN_USEFUL_CONTENT_BYTES);
    report.dropped_messages += dropped;
    if let [only] = list.as_mut_slice()
        && 2 + min_json_bytes(only, EMPTY_CONTENT_BYTES) > limit
    {
        let overhead = 2 + json_bytes(only) - only.get("parts").map_or(0, json_bytes);
        match only.get_mut("parts").and_then(Value::as_array_mut) {
            Some(parts) if overhead + 2 <= limit => {
                report.dropped_parts += drop_elements(parts, limit, overhead + 2, keep, EMPTY_CONTENT_BYTES);
                let fits =
                    parts.iter_mut().all(|part| overhead + 2 + min_json_bytes(part, EMPTY_CONTENT_BYTES) <= limit);
                if !fits {
                    parts.clear();
                    report.dropped_parts += 1;
                }
            }
            _ => {
                list.clear();
                report.dropped_messages += 1;
            }
        }
    }
    let sizes: Vec<usize> = list.iter_mut().flat_map(truncatable_values).map(|content| json_bytes(content)).collect();
    let overhead = list_json_bytes(&list) - sizes.iter().sum::<usize>();
    let cap = max_content_bytes(&sizes, limit.saturating_sub(overhead));
    for content in list.iter_mut().flat_map(truncatable_values) {
        let size = json_bytes(content);
        if size > cap {
            truncate_value(content, cap);
            report.add_truncated(size - json_bytes(content));
        }
    }
    Value::Array(list)
}

/// The minimum of JSON bytes that a content should keep while other elements can be dropped, and the size of an empty
/// content.
const MIN_USEFUL_CONTENT_BYTES: usize = 64;
const EMPTY_CONTENT_BYTES: usize = 2;

/// Drops the elements that do not fit even if each content has at most `worth` bytes, from the end that is not kept.
/// Keeps at least one element. Returns the number of dropped elements.
fn drop_elements(list: &mut Vec<Value>, limit: usize, overhead: usize, keep: Keep, worth: usize) -> u64 {
    let mut costs: Vec<usize> = list.iter_mut().map(|element| min_json_bytes(element, worth) + 1).collect();
    if keep == Keep::Last {
        costs.reverse();
    }
    let mut total = overhead;
    let fitting = costs.iter().take_while(|cost| {
        total += **cost;
        // There is no comma after the last element.
        total <= limit + 1
    });
    let kept_count = fitting.count().max(1).min(list.len());
    let dropped_count = list.len() - kept_count;
    match keep {
        Keep::First => list.truncate(kept_count),
        Keep::Last => drop(list.drain(..dropped_count)),
    }
    as_u64(dropped_count)
}

/// Returns the size of an element in bytes if each of its contents had at most `content` bytes.
fn min_json_bytes(element: &mut Value, content: usize) -> usize {
    let sizes: Vec<usize> = truncatable_values(element).into_iter().map(|content| json_bytes(content)).collect();
    json_bytes(element) - sizes.iter().map(|size| size.saturating_sub(content)).sum::<usize>()
}

/// Returns the size of a value as JSON, in bytes.
pub(super) fn json_bytes(value: &Value) -> usize {
    struct ByteCounter(usize);
    impl io::Write for ByteCounter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut count = ByteCounter(0);
    // Writing to the counter cannot fail.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

fn list_json_bytes(list: &[Value]) -> usize {
    2 + list.len().saturating_sub(1) + list.iter().map(json_bytes).sum::<usize>()
}

/// Returns the largest limit per content for which all contents together have at most `remaining_bytes` bytes; at least
/// 2, the size of an empty content.
pub(super) fn max_content_bytes(sizes: &[usize], remaining_bytes: usize) -> usize {
    let (mut low, mut high) = (2, remaining_bytes.max(2));
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if sizes.iter().map(|size| (*size).min(middle)).sum::<usize>() <= remaining_bytes {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    low
}

/// Returns the values of an element that may be truncated: those of its parts, or its own.
fn truncatable_values(element: &mut Value) -> Vec<&mut Value> {
    const NAMES: [&str; 7] = ["arguments", "content", "description", "file_id", "parameters", "response", "uri"];
    let Value::Object(fields) = element else { return Vec::new() };
    if fields.contains_key("parts") {
        let parts = fields.get_mut("parts").and_then(Value::as_array_mut);
        return parts.into_iter().flatten().flat_map(truncatable_values).collect();
    }
    // A truncated blob could not be decoded.
    let blob = fields.get("type").is_some_and(|kind| kind == "blob");
    let truncatable = fields.iter_mut().filter(|(name, _)| NAMES.contains(&&name[..]) && !blob);
    truncatable.map(|(_, value)| value).collect()
}

/// Truncates a value to at most `limit` bytes of JSON, where `limit` is at least 2. The type of a text, list or object
/// is preserved; a number, boolean or null that does not fit becomes an empty text.
pub(super) fn truncate_value(value: &mut Value, limit: usize) {
    if json_bytes(value) <= limit {
        return;
    }
    match value {
        Value::String(text) => truncate_json_string(text, limit),
        Value::Array(values) => {
            let (mut output, mut remaining_bytes) = (Vec::new(), limit.saturating_sub(2));
            for mut value in std::mem::take(values) {
                let comma = usize::from(!output.is_empty());
                if remaining_bytes < comma + 2 {
                    break;
                }
                truncate_value(&mut value, remaining_bytes - comma);
                remaining_bytes -= comma + json_bytes(&value);
                output.push(value);
            }
            *values = output;
        }
        Value::Object(fields) => {
            let (mut output, mut remaining_bytes) = (Map::new(), limit.saturating_sub(2));
            for (name, mut value) in std::mem::take(fields) {
                let overhead = usize::from(!output.is_empty()) + 1 + json_bytes(&Value::String(name.clone()));
                if remaining_bytes < overhead + 2 {
                    break;
                }
                truncate_value(&mut value, remaining_bytes - overhead);
                remaining_bytes -= overhead + json_bytes(&value);
                output.insert(name, value);
            }
            *fields = output;
        }
        // The shortest JSON value.
        Value::Null | Value::Bool(_) | Value::Number(_) => *value = Value::String(String::new()),
    }
}

/// Truncates a text so that its JSON form, with quotation marks and escapes, has at most `limit` bytes.
fn truncate_json_string(text: &mut String, limit: usize) {
    let mut remaining_bytes = limit.saturating_sub(2);
    let mut end = 0;
    for symbol in text.chars() {
        let size = match symbol {
            '"' | '\\' | '\n' | '\r' | '\t' | '\u{8}' | '\u{c}' => 2,
            '\0'..='\x1f' => 6,
            symbol => symbol.len_utf8(),
        };
        if size > remaining_bytes {
            break;
        }
        remaining_bytes -= size;
        end += symbol.len_utf8();
    }
    truncate_text(text, end);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[\\PC\\n\"\\\\\\x01]{0,40}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("\\PC{0,12}", inner, 0..6)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn value_fits_any_limit_of_two_bytes_or_more_and_keeps_its_type(value in values(), limit in 2_usize..300) {
            let mut truncated = value.clone();
            truncate_value(&mut truncated, limit);
            prop_assert!(json_bytes(&truncated) <= limit, "{truncated} in {limit}");
            prop_assert_eq!(json_bytes(&truncated), truncated.to_string().len());
            prop_assert!(value.is_string() == truncated.is_string() || !value.is_object() && !value.is_array());
            prop_assert_eq!(value.is_object(), truncated.is_object());
            if json_bytes(&value) <= limit {
                prop_assert_eq!(truncated, value);
            }
        }
    }

    #[test]
    fn longest_contents_are_truncated_first() {
        let text = |length: usize| json!({"type": "text", "content": "x".repeat(length)});
        let list = vec![
            json!({"role": "user", "parts": [text(10), text(1_000)]}),
            json!({"role": "user", "parts": [text(500)]}),
        ];
        let mut report = CaptureReport::default();
        let truncated = truncate_list(list, 400, Keep::Last, &mut report);
        let lengths = |at: &str| truncated.pointer(at).and_then(Value::as_str).map(str::len);
        assert_eq!(lengths("/0/parts/0/content"), Some(10));
        assert_eq!(lengths("/0/parts/1/content"), lengths("/1/parts/0/content"));
        assert!(json_bytes(&truncated) <= 400 && json_bytes(&truncated) > 395, "{}", json_bytes(&truncated));
        assert_eq!((report.dropped_messages, report.truncated_bytes > 1_000), (0, true));
    }

    #[test]
    fn end_of_a_conversation_and_start_of_choices_are_kept() {
        let list: Vec<Value> = (0..9).map(|at| json!({"role": "user", "parts": [], "name": format!("{at}")})).collect();
        for (keep, first) in [(Keep::Last, "7"), (Keep::First, "0")] {
            let mut report = CaptureReport::default();
            let truncated = truncate_list(list.clone(), 90, keep, &mut report);
            assert_eq!(truncated.pointer("/0/name").and_then(Value::as_str), Some(first), "{truncated}");
            assert_eq!(report.dropped_messages, 7);
        }
    }
}
