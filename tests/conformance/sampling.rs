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
use crate::drive::Drive;
use crate::drive::MODEL;
use crate::support::traffic::everything;
use crate::wire::Wire;

#[test]
fn what_matters_to_samplers_is_there_when_a_span_starts() {
    for profile in [Profile::V1_41, Profile::Latest] {
        let sampler = Curious::default();
        let (clock, hand) = Clock::manual();
        let wire = Wire::sampling(sampler.clone());
        let observer = wire.observe(everything().model(MODEL).clock(clock), profile);
        Drive { observer: &observer, hand: &hand }.everything();
        let seen = sampler.seen.lock().unwrap();
        let mut held = BTreeSet::new();
        for span in wire.spans() {
            let Some(definition) = conventions(profile).definition(&span) else { continue };
            let trace: [u8; 16] = span.trace_id.as_slice().try_into().unwrap();
            let started = &seen[&(trace, span.name.clone())];
            for wanted in definition.attributes.iter().filter(|wanted| wanted.at_start) {
                if span.attributes.iter().any(|pair| pair.key == wanted.name) {
                    assert!(started.contains(wanted.name), "`{}` of `{}`", wanted.name, span.name);
                    held.insert((definition.id, wanted.name));
                }
            }
        }
        assert!(held.len() > 20, "{held:?}");
    }
}

/// A sampler that samples everything, and stores the attributes that each span starts with, by trace and name.
#[derive(Debug, Clone, Default)]
struct Curious {
    seen: Arc<Mutex<Started>>,
}

type Started = BTreeMap<([u8; 16], String), BTreeSet<String>>;

impl ShouldSample for Curious {
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
        self.seen.lock().unwrap().entry((trace.to_bytes(), name.to_owned())).or_default().extend(names);
        Sampler::AlwaysOn.should_sample(parent, trace, name, kind, attributes, links)
    }
}
