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

use super::EXPORTED_CONTENT;
use super::run_call;
use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;

#[derive(Default, Clone)]
struct RecordingHook(Arc<Mutex<Vec<HookPayload>>>);

impl ContentHook for RecordingHook {
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        Some(format!("store://{id}/{name}"))
    }

    fn on_content(&self, payload: HookPayload) {
        self.0.lock().unwrap().push(payload);
    }
}

#[test]
fn the_hook_is_called_whatever_the_sampling_decision() {
    for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
        let backend = TracingBackend::with_sampler(sampler);
        let hook = RecordingHook::default();
        let gate = Gate::builder().capture(ContentCapture::Hook).hook(hook.clone());
        let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
        run_call(&observer);
        assert!(observer.gate().unwrap().flush(Duration::from_secs(10)));
        let payloads = hook.0.lock().unwrap();
        let names = ["input_messages", "output_messages", "system_instructions", "tool_definitions"];
        for (name, (_, json)) in names.into_iter().zip(EXPORTED_CONTENT) {
            assert_eq!(payloads[0].get(name).unwrap().to_string(), json);
        }
        assert_eq!(payloads.len(), 1);
    }
}

#[test]
fn the_span_has_references_and_no_content() {
    let backend = TracingBackend::new();
    let hook = RecordingHook::default();
    let gate = Gate::builder().capture(ContentCapture::Hook).hook(hook.clone());
    let observer = backend.builder(Role::Server).capture(gate).build().unwrap();
    run_call(&observer);
    assert!(observer.gate().unwrap().flush(Duration::from_secs(10)));
    let id = hook.0.lock().unwrap()[0].id().to_owned();
    let span = backend.span(&format!("chat {MODEL}"));
    let ids = (span.span_context.trace_id().to_string(), span.span_context.span_id().to_string());
    assert_eq!(hook.0.lock().unwrap()[0].trace(), Some((ids.0.as_str(), ids.1.as_str())));
    let span = attributes(&span);
    for (attribute, name) in [
        ("gen_ai.input.messages_ref", "input_messages"),
        ("gen_ai.output.messages_ref", "output_messages"),
        ("gen_ai.system_instructions_ref", "system_instructions"),
        ("gen_ai.tool.definitions_ref", "tool_definitions"),
    ] {
        assert_eq!(span[attribute].to_string(), format!("store://{id}/{name}"));
    }
    assert!(EXPORTED_CONTENT.iter().all(|(name, _)| !span.contains_key(*name)));
}
