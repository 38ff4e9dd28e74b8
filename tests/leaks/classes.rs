//! Every attribute that is open text has a class, and the class is kept to.

use llmobs::Sensitivity;
use llmobs::capture::ContentCapture;
use llmobs::semconv::attribute as a;

use crate::support::conventions::OWN;
use crate::support::leaks::Leaf;

/// Words of a closed list under names that the conventions do not know: in `llm_request_complete`, in what the flight
/// recorder says of its files, and the reasons of losses.
const PLAIN: &[&str] =
    &["role", "outcome", "tokens_source", "keep_reason", "trace_id", "span_id", "path", "reason", "llmobs.drop.reason"];

/// What the application declared itself.
const DECLARED: &[&str] = &["tier", "declared.field"];

/// What of a signal is no attribute.
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

/// What others made up is cut, if not shorter.
const LONGEST: usize = 512;

pub fn hold(leaves: &[Leaf], mode: ContentCapture) {
    let mut wrong = Vec::new();
    for leaf in leaves.iter().filter(|leaf| matches!(leaf.signal, "span" | "log" | "metric")) {
        let key = leaf.key.as_str();
        if FIELDS.contains(&key) || PLAIN.contains(&key) || DECLARED.contains(&key) || is_closed(key) {
            continue;
        }
        // What the application's own spans and events have, and what the bridge adds.
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

/// Whether the values of an attribute are of a closed list, or none of its own are texts.
fn is_closed(key: &str) -> bool {
    let own = OWN.iter().find(|(name, _, _)| *name == key);
    let conventions = [a::V1_41, a::LATEST, a::HARDWARE, a::CORE];
    let known = conventions.iter().flat_map(|table| table.iter()).find(|attribute| attribute.name == key);
    own.is_some_and(|(_, _, values)| !values.is_empty()) || known.is_some_and(|known| !known.values.is_empty())
}
