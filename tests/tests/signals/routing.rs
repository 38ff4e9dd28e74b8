//! A provider and a model that are known late, and a fallback to others: the metrics, the spans and the record.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use llmobs::semconv::value::AttemptKind;
use llmobs::testing::Readings;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use llmobs_tests::tracing_backend::text;
use serde_json::Value;

const DURATION: &str = "gen_ai.client.operation.duration";
const OPENAI: [(&str, &str); 2] = [("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "gpt-4")];
const ANTHROPIC: [(&str, &str); 2] = [("gen_ai.provider.name", "anthropic"), ("gen_ai.request.model", "claude")];

fn gateway() -> Observer {
    let builder = Observer::builder().role(Role::Gateway).level(Level::Full).model("gpt-4");
    builder.provider(Provider::OpenAi).build().unwrap()
}

/// Returns the record of the only operation that ended.
fn record(observer: &Observer) -> Value {
    let lines = observer.recent_operations();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    serde_json::from_str(&lines).unwrap()
}

fn attempts(observer: &Observer, route: [(&'static str, &'static str); 2], kind: &'static str) -> u64 {
    let [provider, model] = route;
    Readings::new(observer).count("llmobs.operation.attempts", &[provider, model, ("llmobs.attempt.kind", kind)])
}

#[test]
fn a_fallback_moves_its_attempt_the_client_metrics_and_the_record_and_the_books_stay() {
    let observer = gateway();
    let operation = observer.chat("gpt-4").start();
    operation.marker().response_model("gpt-4-0613");
    operation.marker().response_id("first");
    let attempt = operation.attempt(AttemptKind::Fallback).provider("anthropic").model("claude").start();
    operation.marker().usage(Usage::new().input(20).output(7));
    operation.marker().response_id("second");
    attempt.complete();
    operation.complete();
    let readings = Readings::new(&observer);
    for book in ["llmobs.operation.started", "llmobs.operation.ended"] {
        assert_eq!((readings.count(book, &OPENAI), readings.count(book, &ANTHROPIC)), (1, 0), "{book}");
    }
    assert_eq!(readings.count("llmobs.token.processed", &OPENAI), 27);
    assert_eq!((attempts(&observer, OPENAI, "first"), attempts(&observer, ANTHROPIC, "fallback")), (1, 1));
    assert_eq!((attempts(&observer, OPENAI, "fallback"), attempts(&observer, ANTHROPIC, "first")), (0, 0));
    let count = |name: &str, route| readings.histogram(name, route).count;
    assert_eq!((count(DURATION, &ANTHROPIC), count(DURATION, &OPENAI)), (1, 0));
    let tokens = "gen_ai.client.token.usage";
    assert_eq!((readings.histogram(tokens, &ANTHROPIC).sum, count(tokens, &OPENAI)), (27.0, 0));
    let record = record(&observer);
    assert_eq!(record["gen_ai.provider.name"], "anthropic");
    assert_eq!(record["gen_ai.request.model"], "claude");
    assert_eq!(record["gen_ai.response.id"], "second", "the response of the first attempt is forgotten");
    assert_eq!(record["gen_ai.response.model"], "claude");
    let mut page = String::new();
    llmobs::prometheus::render_classic(&observer, &mut page);
    let active: Vec<_> = page.lines().filter(|line| line.starts_with("llmobs_operation_active{")).collect();
    assert!(!active.is_empty() && active.iter().all(|line| !line.contains("claude")), "{active:#?}");
}

#[test]
fn the_span_keeps_the_provider_of_the_start_unless_it_was_announced_as_late() {
    for is_late in [false, true] {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Gateway).model("gpt-4").provider(Provider::OpenAi).build().unwrap();
        let start = observer.chat("gpt-4");
        let operation = if is_late { start.late_provider() } else { start }.start();
        operation.start_attempt(AttemptKind::First).fail(ErrorType::Upstream);
        operation.attempt(AttemptKind::Fallback).provider("anthropic").model("claude").start().complete();
        operation.complete();
        let span = attributes(&backend.span("chat gpt-4"));
        let provider = if is_late { "anthropic" } else { "openai" };
        assert_eq!(span["gen_ai.provider.name"], text(provider), "late: {is_late}");
        assert_eq!(span["gen_ai.request.model"], text("gpt-4"));
        assert_eq!(span["gen_ai.response.model"], text("claude"));
        let attempts = backend.spans().into_iter().filter(|span| span.name == "attempt");
        let [first, fallback] = &attempts.map(|span| attributes(&span)).collect::<Vec<_>>()[..] else {
            panic!("{:?}", backend.names())
        };
        assert!(!first.contains_key("gen_ai.provider.name") && !first.contains_key("gen_ai.request.model"));
        assert_eq!(fallback["gen_ai.provider.name"], text("anthropic"));
        assert_eq!(fallback["gen_ai.request.model"], text("claude"));
    }
}

#[test]
fn a_provider_that_is_known_late_is_set_once_at_the_end() {
    for profile in [Profile::V1_41, Profile::Latest] {
        for known in [Some("anthropic"), None] {
            let backend = TracingBackend::new();
            let builder = Observer::builder().role(Role::Gateway).level(Level::Full).profile(profile).model("pool");
            let observer = builder.tracer_provider(&backend.provider).build().unwrap();
            let operation = observer.chat("pool").start();
            if let Some(provider) = known {
                operation.in_scope(|| Operation::current().provider(provider));
            }
            operation.complete();
            let provider = known.unwrap_or("unknown");
            let span = attributes(&backend.span("chat pool"));
            assert_eq!(span["gen_ai.provider.name"], text(provider));
            assert!(!span.contains_key("gen_ai.response.model"), "only the provider is known");
            let record = record(&observer);
            assert_eq!(
                (&record["gen_ai.provider.name"], &record["gen_ai.request.model"]),
                (&provider.into(), &"pool".into())
            );
            let labels = [("gen_ai.provider.name", provider), ("gen_ai.request.model", "pool")];
            let duration = if profile == Profile::V1_41 { DURATION } else { "gen_ai.client.inference.duration" };
            assert_eq!(Readings::new(&observer).histogram(duration, &labels).count, 1, "{profile:?}");
            let books = [("gen_ai.provider.name", "unknown"), ("gen_ai.request.model", "pool")];
            for book in ["llmobs.operation.started", "llmobs.operation.ended"] {
                assert_eq!(Readings::new(&observer).count(book, &books), 1, "{book}");
            }
        }
    }
}

#[test]
fn chunks_belong_to_the_provider_that_is_known_when_they_are_recorded() {
    let (clock, manual_clock) = Clock::manual();
    let builder = Observer::builder().role(Role::Gateway).level(Level::Full).model("gpt-4").clock(clock);
    let observer = builder.provider(Provider::OpenAi).build().unwrap();
    let operation = observer.chat("gpt-4").start();
    let marker = operation.marker().clone();
    let tokens = stream::iter(0..200).inspect(|index| {
        manual_clock.advance(Duration::from_millis(20));
        match index {
            0 => marker.model("claude"),
            100 => {
                marker.provider("anthropic");
                marker.record_attempt(AttemptKind::Fallback);
            }
            _ => {}
        }
    });
    assert_eq!(operation.observe_with(tokens, |_| Chunk::tokens(1)).count().now_or_never(), Some(200));
    let readings = Readings::new(&observer);
    let count = |name: &str, provider, model| {
        readings.histogram(name, &[("gen_ai.provider.name", provider), ("gen_ai.request.model", model)]).count
    };
    let first = "gen_ai.client.operation.time_to_first_chunk";
    assert_eq!((count(first, "openai", "claude"), count(first, "openai", "gpt-4")), (1, 0));
    let gaps = "gen_ai.client.operation.time_per_output_chunk";
    let (before, after) = (count(gaps, "openai", "claude"), count(gaps, "anthropic", "claude"));
    assert_eq!(before + after, 199);
    assert!(
        (50..=100).contains(&before),
        "the gaps of the second before the change may count for the new one: {before}"
    );
    let itl = "llmobs.inter_token.duration";
    assert_eq!(count(itl, "openai", "gpt-4"), 199, "our own metrics keep the names of the start");
}

#[test]
fn names_of_routes_are_limited_as_those_of_starts_are() {
    let builder = Observer::builder().role(Role::Gateway).model("gpt-4").max_undeclared_models(1);
    let observer = builder.build().unwrap();
    for index in 0..40 {
        let operation = observer.chat("gpt-4").start();
        operation.marker().provider(format!("provider-{index}{}", "x".repeat(10_000)));
        operation.marker().model(&format!(
            "model-{index}{}{}",
            if index == 39 { "\n" } else { "" },
            "x".repeat(10_000)
        ));
        operation.complete();
    }
    let mut page = String::new();
    llmobs::prometheus::render_classic(&observer, &mut page);
    let routes: BTreeSet<_> = page
        .lines()
        .filter(|line| line.starts_with("gen_ai_client_operation_duration_seconds_count"))
        .map(|line| line.split_once('}').unwrap().0)
        .collect();
    assert!(routes.iter().all(|route| route.len() < 512), "{routes:#?}");
    let folded = routes.iter().filter(|route| route.contains("gen_ai_request_model=\"_OTHER\"")).count();
    assert_eq!(routes.len() - folded, 2, "the declared model and one undeclared: {routes:#?}");
    assert_eq!(folded, 15, "sixteen providers, with `unknown` and `provider-0`, and `_OTHER`: {routes:#?}");
    assert!(
        Readings::new(&observer).count("llmobs.self.folded_labels", &[("llmobs.label", "gen_ai.request.model")]) >= 39
    );
}

#[test]
fn a_model_that_did_not_answer_is_not_the_model_of_the_response() {
    let observer = gateway();
    let operation = observer.chat("gpt-4").start();
    let marker = operation.marker().clone();
    operation.attempt(AttemptKind::Fallback).provider("anthropic").model("claude").start().fail(ErrorType::Upstream);
    operation.fail(ErrorType::Upstream);
    marker.provider("openai");
    marker.model("gpt-4");
    let record = record(&observer);
    assert_eq!(
        (&record["gen_ai.provider.name"], &record["gen_ai.request.model"]),
        (&"anthropic".into(), &"claude".into())
    );
    assert_eq!(record.get("gen_ai.response.model"), None);
    marker.record_attempt(AttemptKind::Retry);
    assert_eq!(attempts(&observer, ANTHROPIC, "retry"), 1, "a route is not changed after the end");
}
