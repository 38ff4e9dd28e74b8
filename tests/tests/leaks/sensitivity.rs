//! Every attribute with free text has a sensitivity class, and the exported values comply with their class.

use llmobs::capture::ContentCapture;
use llmobs::content::Sensitivity;

use llmobs_tests::leaks::TextField;
use llmobs_tests::semconv::attribute;
use llmobs_tests::semconv::llmobs as own;

/// Keys outside the conventions whose values come from a closed list or are generated: in the events about the flight
/// recorder's files and about frames that cannot be read, the ids of a trace and the anomalies.
const CLOSED_FIELDS: &[&str] = &["trace_id", "span_id", "path", "reason", "anomaly", "dialect", "llmobs.anomaly"];

/// Keys that the application declared.
const DECLARED_ATTRIBUTES: &[&str] = &["tier", "declared.field"];

/// Fields of a signal that are not attributes.
const SIGNAL_FIELDS: &[&str] = &[
    "",
    "name",
    "key",
    "body",
    "status",
    "event",
    "event_name",
    "severity_text",
    "trace_state",
    "description",
    "unit",
    "version",
];

/// The maximal length, in bytes, of an exported value that others chose.
const MAX_LENGTH: usize = 512;

pub fn assert_sensitivity(fields: &[TextField], mode: ContentCapture) {
    let mut violations = Vec::new();
    for field in fields.iter().filter(|field| matches!(field.signal, "span" | "log" | "metric")) {
        let key = field.key.as_str();
        if SIGNAL_FIELDS.contains(&key)
            || CLOSED_FIELDS.contains(&key)
            || DECLARED_ATTRIBUTES.contains(&key)
            || is_closed(key)
        {
            continue;
        }
        // Attributes of the application's own spans and events, and those that the bridge adds.
        if field.owner == "request" || key.starts_with("code.") || key.starts_with("thread.") {
            continue;
        }
        let allowed = match Sensitivity::of_attribute(key) {
            None => false,
            Some(Sensitivity::Safe) => true,
            Some(Sensitivity::Identity) => field.signal != "metric" && field.text.len() <= MAX_LENGTH,
            Some(Sensitivity::Content) => match field.signal {
                "span" => mode.is_on_spans(),
                "log" => mode.is_on_events(),
                _ => false,
            },
            Some(_) => false,
        };
        if !allowed {
            violations.push(format!(
                "{} of {} `{}`: {:?}",
                field.key,
                field.signal,
                field.owner,
                Sensitivity::of_attribute(key)
            ));
        }
    }
    violations.sort();
    violations.dedup();
    assert!(violations.is_empty(), "{mode:?}: {violations:#?}");
}

/// Returns whether the attribute has a list of values, in llmobs or in the conventions.
fn is_closed(key: &str) -> bool {
    let tables = [attribute::V1_41, attribute::LATEST, attribute::HARDWARE, attribute::CORE, own::ATTRIBUTES];
    let known = tables.iter().flat_map(|table| table.iter()).find(|attribute| attribute.name == key);
    known.is_some_and(|known| !known.values.is_empty())
}
