//! Reads, merges and writes YAML as values without a type.

use serde_json::Map;
use serde_json::Value;

/// Parses a file with one document.
pub(crate) fn parse(file: &str, text: &str) -> Result<Value, String> {
    let mut documents = parse_all(file, text)?;
    match documents.len() {
        1 => Ok(documents.remove(0)),
        number => Err(format!("docs/ops/{file}: {number} documents, not 1")),
    }
}

/// Parses a file with several documents; empty ones are left out.
pub(crate) fn parse_all(file: &str, text: &str) -> Result<Vec<Value>, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|error| {
        let line = error.location().map_or(1, |location| location.line());
        format!("docs/ops/{file}:{line}: {}", error.without_snippet())
    })?;
    Ok(documents.into_iter().filter(|document| !document.is_null()).collect())
}

/// Returns the value at a path of keys.
pub(crate) fn at<'a>(value: &'a Value, path: &[&str]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, key| value.get(key))
}

/// Returns the text at a path of keys.
pub(crate) fn text<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    at(value, path)?.as_str()
}

/// Returns the entries of the map at a path, none if there is no map.
pub(crate) fn entries<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = (&'a str, &'a Value)> + use<'a> {
    at(value, path).and_then(Value::as_object).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
}

/// Returns the items of the list at a path, none if there is no list.
pub(crate) fn items<'a>(value: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> + use<'a> {
    at(value, path).and_then(Value::as_array).into_iter().flatten()
}

/// Returns the texts of the list at a path.
pub(crate) fn texts<'a>(value: &'a Value, path: &[&str]) -> Vec<&'a str> {
    items(value, path).filter_map(Value::as_str).collect()
}

/// Merges `over` into `base` as the collector merges its files: maps deeply, all other values are replaced.
pub(crate) fn merge(base: &mut Value, over: Value) {
    match (base, over) {
        (Value::Object(base), Value::Object(over)) => {
            for (key, value) in over {
                merge(base.entry(key).or_insert(Value::Null), value);
            }
        }
        // An empty component, such as `forward/sample:`, removes no settings.
        (Value::Object(_), Value::Null) => {}
        (base, over) => *base = over,
    }
}

/// Calls a function for each key with a text, a number or a boolean, with the path of keys to it.
pub(crate) fn walk(value: &Value, path: &mut Vec<String>, visit: &mut impl FnMut(&[String], &Value)) {
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                path.push(key.clone());
                walk(value, path, visit);
                path.pop();
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, visit)),
        Value::Null => {}
        scalar => visit(path, scalar),
    }
}

/// Writes a value as YAML in block style, indented by `depth` levels. Texts are in quotes, as JSON writes them.
pub(crate) fn write(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    match value {
        Value::Object(map) => write_map(map, depth, out),
        Value::Array(items) => {
            for item in items {
                // The first key of a map follows the dash.
                let mut block = String::new();
                write(item, depth + 1, &mut block);
                out.push_str(&indent);
                out.push_str("- ");
                out.push_str(block.trim_start());
            }
        }
        scalar => {
            out.push_str(&indent);
            out.push_str(&scalar.to_string());
            out.push('\n');
        }
    }
}

fn write_map(map: &Map<String, Value>, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    for (key, value) in map {
        out.push_str(&indent);
        out.push_str(key);
        out.push(':');
        let is_empty = value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
        match value {
            Value::Object(_) | Value::Array(_) if !is_empty => {
                out.push('\n');
                write(value, depth + 1, out);
            }
            scalar => {
                out.push(' ');
                out.push_str(&scalar.to_string());
                out.push('\n');
            }
        }
    }
}

/// Returns the seconds of a duration such as `50ms`, `5s` or `10m`.
pub(super) fn seconds(text: &str) -> Option<f64> {
    let split = text.find(|c: char| c.is_ascii_alphabetic())?;
    let (number, unit) = text.split_at(split);
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return None,
    };
    number.parse::<f64>().ok().map(|number| number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn maps_are_merged_deeply_and_lists_are_replaced() {
        let mut base = json!({"a": {"b": 1, "c": [1, 2]}, "d": 1});
        merge(&mut base, json!({"a": {"c": [3], "e": null}, "d": {"f": 2}}));
        assert_eq!(base, json!({"a": {"b": 1, "c": [3], "e": null}, "d": {"f": 2}}));
    }

    #[test]
    fn a_written_value_is_read_as_the_same_value() {
        let value = json!({"a": {"b": [{"c": "x: y", "d": [1, 2]}, "0.5", true]}, "e": {}, "f": null, "g": "\\b\"'"});
        let mut text = String::new();
        write(&value, 0, &mut text);
        assert_eq!(parse("test", &text).unwrap(), value, "{text}");
    }

    #[test]
    fn an_error_names_the_file_and_the_line() {
        let error = parse("a.yaml", "a: 1\nb: [1\n").unwrap_err();
        assert!(error.starts_with("docs/ops/a.yaml:"), "{error}");
        assert!(parse("a.yaml", "a: 1\n---\nb: 2\n").unwrap_err().contains("2 documents"));
    }

    #[test]
    fn durations_are_read() {
        assert_eq!(seconds("50ms"), Some(0.05));
        assert_eq!(seconds("5m"), Some(300.0));
        assert_eq!(seconds("5"), None);
    }
}
