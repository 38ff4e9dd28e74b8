//! Every attribute with free text has a sensitivity class, and the exported values comply with their class.

use llmobs::capture::ContentCapture;
use llmobs::content::Sensitivity;
use llmobs::semconv::attribute as a;

use crate::support::conventions::OWN;
use crate::support::leaks::Leaf;

/// Keys outside the conventions whose values come from a closed list or are generated: in `llm_request_complete`, in
/// the events about the flight recorder's files, and the drop reasons.
const PLAIN: &[&str] =
    &["role", "outcome", "tokens_source", "keep_reason", "trace_id", "span_id", "path", "reason", "llmobs.drop.reason"];

/// Keys that the application declared.
const DECLARED: &[&str] = &["tier", "declared.field"];

/// Fields of a signal that are not attributes.
const FIELDS: &[&str] = &[
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
const LONGEST: usize = 512;

pub fn hold(leaves: &[Leaf], mode: ContentCapture) {
    let mut wrong = Vec::new();
    for leaf in leaves.iter().filter(|leaf| matches!(leaf.signal, "span" | "log" | "metric")) {
        let key = leaf.key.as_str();
        if FIELDS.contains(&key) || PLAIN.contains(&key) || DECLARED.contains(&key) || is_closed(key) {
            continue;
        }
        // Attributes of the application's own spans and events, and those that the bridge adds.
        if leaf.owner == "request" || key.starts_with("code.") || key.starts_with("thread.") {
            continue;
        }
        let allowed = match Sensitivity::of(key) {
            None => false,
            Some(Sensitivity::Safe) => true,
            Some(Sensitivity::Identity) => leaf.signal != "metric" && leaf.text.len() <= LONGEST,
            Some(Sensitivity::Content) => match leaf.signal {
                "span" => mode.on_spans(),
                "log" => mode.on_events(),
                _ => false,
            },
            Some(_) => false,
        };
        if !allowed {
            wrong.push(format!("{} of {} `{}`: {:?}", leaf.key, leaf.signal, leaf.owner, Sensitivity::of(key)));
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "{mode:?}: {wrong:#?}");
}

/// Returns whether the attribute has a list of values, in llmobs or in the conventions.
fn is_closed(key: &str) -> bool {
    let own = OWN.iter().find(|(name, _, _)| *name == key);
    let conventions = [a::V1_41, a::LATEST, a::HARDWARE, a::CORE];
    let known = conventions.iter().flat_map(|table| table.iter()).find(|attribute| attribute.name == key);
    own.is_some_and(|(_, _, values)| !values.is_empty()) || known.is_some_and(|known| !known.values.is_empty())
}
