//! The values of attributes that have a closed list of values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use crate::semconv::registry::File;
use crate::semconv::registry::Registry;
use crate::workspace_root;

const ATTRIBUTES: &str = "semconv/registry/attributes.yaml";
const ERROR_TYPES: &str = "llmobs/src/semconv/value.rs";

/// The values of attributes, by the name of the attribute.
#[derive(Debug)]
pub(crate) struct Values {
    lists: BTreeMap<String, Vec<String>>,
    error_types: Vec<String>,
    attributes: BTreeSet<String>,
}

impl Values {
    /// Reads the attributes that llmobs defines, and the closed list of error types.
    pub(crate) fn read() -> Result<Self, String> {
        let text = read_file(ATTRIBUTES)?;
        let file = File::parse(&text).map_err(|error| format!("{ATTRIBUTES}: {error}"))?;
        let mut registry = Registry::default();
        registry.add_file(file)?;
        let attributes = registry.attributes.keys().map(|name| name.replace('.', "_")).collect();
        let mut lists = BTreeMap::new();
        for (name, attribute) in registry.attributes.iter().filter(|(_, attribute)| !attribute.members.is_empty()) {
            let values = attribute.members.iter().map(|member| member.value.clone());
            // Series that do not have the label match an empty value; every list folds other values into `_OTHER`.
            lists.insert(name.clone(), values.chain(["_OTHER".to_owned(), String::new()]).collect());
        }
        Ok(Self { lists, error_types: error_types(&read_file(ERROR_TYPES)?)?, attributes })
    }

    /// Fails if a query of log lines names an attribute of llmobs that does not exist.
    pub(crate) fn check_log_query(&self, query: &str) -> Result<(), String> {
        let mut words = query.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        match words.find(|word| word.starts_with("llmobs_") && !self.attributes.contains(*word)) {
            None => Ok(()),
            Some(word) => Err(format!("{word} is no attribute of {ATTRIBUTES}\n  in the query: {query}")),
        }
    }

    /// Returns the values that `attribute` can have in the metric `name`; `None` if any value can occur.
    pub(crate) fn of(&self, name: &str, attribute: &str) -> Option<Vec<String>> {
        // The error types of HTTP and of exports include status codes and names of Rust types.
        let has_error_types = name.starts_with("llmobs_operation_") || name.starts_with("gen_ai_");
        match attribute {
            "error.type" if has_error_types => Some(self.error_types.clone()),
            "error.type" => None,
            _ => self.lists.get(attribute).cloned(),
        }
    }
}

fn read_file(path: &str) -> Result<String, String> {
    fs::read_to_string(workspace_root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Returns the values of the enum `ErrorType`, and the empty value.
fn error_types(source: &str) -> Result<Vec<String>, String> {
    let body = source.split_once("enum ErrorType {").and_then(|(_, rest)| rest.split_once('}'));
    let (body, _) = body.ok_or_else(|| format!("{ERROR_TYPES} has no `enum ErrorType`"))?;
    let values = body.lines().filter_map(|line| line.split_once("=> \"")?.1.split_once('"'));
    Ok(values.map(|(value, _)| value.to_owned()).chain([String::new()]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_has_the_values_of_its_list() {
        let values = Values::read().unwrap();
        let outcomes = values.of("llmobs_operation_ended_total", "llmobs.operation.outcome").unwrap();
        assert_eq!(outcomes, ["completed", "failed", "cancelled", "rejected", "superseded", "_OTHER", ""]);
        assert!(values.of("llmobs_operation_ended_total", "error.type").unwrap().contains(&"upstream".to_owned()));
        assert_eq!(values.of("http_server_request_duration_seconds", "error.type"), None);
        assert_eq!(values.of("llmobs_operation_ended_total", "gen_ai.request.model"), None);
    }

    #[test]
    fn a_query_of_log_lines_names_known_attributes() {
        let values = Values::read().unwrap();
        assert_eq!(values.check_log_query("{service_name=\"chat\"} | llmobs_queue_duration > 1"), Ok(()));
        assert!(values.check_log_query("{service_name=\"chat\"} | llmobs_queue_ms > 1").is_err());
    }
}
