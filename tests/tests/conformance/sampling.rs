//! The attributes that matter to samplers are set when a span starts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex;

use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::TraceId;
use opentelemetry::trace::Link;
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::Sampler;
use opentelemetry_sdk::trace::SamplingResult;
use opentelemetry_sdk::trace::ShouldSample;

use crate::calls::conventions;
use crate::in_memory_sdk::InMemorySdk;
use crate::scenario::MODEL;
use crate::scenario::Scenario;
use llmobs_tests::traffic::full_observer;

#[test]
fn attributes_for_samplers_are_set_when_a_span_starts() {
    for profile in [Profile::V1_41, Profile::Latest] {
        let sampler = RecordingSampler::default();
        let (clock, manual_clock) = Clock::manual();
        let sdk = InMemorySdk::with_sampler(sampler.clone());
        let observer = sdk.build_observer(full_observer().model(MODEL).clock(clock), profile);
        Scenario { observer: &observer, manual_clock: &manual_clock }.run_all();
        let sampled = sampler.sampled.lock().unwrap();
        let mut found = BTreeSet::new();
        for span in sdk.spans() {
            let Some(definition) = conventions(profile).definition(&span) else { continue };
            let trace: [u8; 16] = span.trace_id.as_slice().try_into().unwrap();
            let at_start = &sampled[&(trace, span.name.clone())];
            for attribute in definition.attributes.iter().filter(|attribute| attribute.at_start) {
                if span.attributes.iter().any(|pair| pair.key == attribute.name) {
                    assert!(at_start.contains(attribute.name), "`{}` of `{}`", attribute.name, span.name);
                    found.insert((definition.id, attribute.name));
                }
            }
        }
        assert!(found.len() > 20, "{found:?}");
    }
}

/// A sampler that samples everything, and stores the attributes that each span starts with, by trace and name.
#[derive(Debug, Clone, Default)]
struct RecordingSampler {
    sampled: Arc<Mutex<SampledAttributes>>,
}

type SampledAttributes = BTreeMap<([u8; 16], String), BTreeSet<String>>;

impl ShouldSample for RecordingSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let names = attributes.iter().map(|pair| pair.key.to_string());
        self.sampled.lock().unwrap().entry((trace.to_bytes(), name.to_owned())).or_default().extend(names);
        Sampler::AlwaysOn.should_sample(parent, trace, name, kind, attributes, links)
    }
}
