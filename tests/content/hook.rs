//! The application's own hook, behind an observer.

use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentHook;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use opentelemetry_sdk::trace::Sampler;

use crate::LEAVES;
use crate::call;
use crate::kit::Backend;
use crate::kit::MODEL;
use crate::kit::attributes;

#[derive(Default, Clone)]
struct Shelf(Arc<Mutex<Vec<HookPayload>>>);

impl ContentHook for Shelf {
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        Some(format!("shelf://{id}/{name}"))
    }

    fn on_content(&self, captured: HookPayload) {
        self.0.lock().unwrap().push(captured);
    }
}

#[test]
fn it_is_called_whatever_was_decided_about_sampling() {
    for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
        let backend = Backend::sampling(sampler);
        let shelf = Shelf::default();
        let gate = Gate::builder().capture(ContentCapture::Hook).hook(shelf.clone());
        let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
        call(&observer);
        assert!(observer.gate().unwrap().flush(Duration::from_secs(10)));
        let taken = shelf.0.lock().unwrap();
        let names = ["input_messages", "output_messages", "system_instructions", "tool_definitions"];
        for (name, (_, json)) in names.into_iter().zip(LEAVES) {
            assert_eq!(taken[0].get(name).unwrap().to_string(), json);
        }
        assert_eq!(taken.len(), 1);
    }
}

#[test]
fn the_span_has_references_and_no_content() {
    let backend = Backend::new();
    let shelf = Shelf::default();
    let gate = Gate::builder().capture(ContentCapture::Hook).hook(shelf.clone());
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    call(&observer);
    assert!(observer.gate().unwrap().flush(Duration::from_secs(10)));
    let id = shelf.0.lock().unwrap()[0].id().to_owned();
    let span = backend.span(&format!("chat {MODEL}"));
    let ids = (span.span_context.trace_id().to_string(), span.span_context.span_id().to_string());
    assert_eq!(shelf.0.lock().unwrap()[0].trace(), Some((ids.0.as_str(), ids.1.as_str())));
    let span = attributes(&span);
    for (attribute, name) in [
        ("gen_ai.input.messages_ref", "input_messages"),
        ("gen_ai.output.messages_ref", "output_messages"),
        ("gen_ai.system_instructions_ref", "system_instructions"),
        ("gen_ai.tool.definitions_ref", "tool_definitions"),
    ] {
        assert_eq!(span[attribute].to_string(), format!("shelf://{id}/{name}"));
    }
    assert!(LEAVES.iter().all(|(name, _)| !span.contains_key(*name)));
}
