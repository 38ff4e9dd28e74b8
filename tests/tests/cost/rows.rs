//! The rows of costs.

use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::catalog::Level;
use llmobs::testing::Readings;

use llmobs_tests::families::Value;
use llmobs_tests::otel_backend::OtelBackend;

use crate::fixture::PRICES;
use crate::fixture::book;
use crate::fixture::builder;
use crate::fixture::cost;
use crate::fixture::nanos;
use crate::fixture::unpriced;
use crate::fixture::values;
use crate::fixture::without_prices;

const OUTCOME: &str = "llmobs_operation_outcome";

fn usage() -> Usage {
    Usage::new().input(100).cache_read(40).output(10).reasoning(4)
}

#[test]
fn a_cost_is_divided_by_direction_kind_outcome_source_and_quality() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(usage());
    operation.complete();

    let series = values(&observer, "llmobs.cost.usd");
    let parts: Vec<_> = series
        .iter()
        .map(|(labels, value)| {
            let of = |name: &str| labels[name].as_str();
            assert_eq!((of("gen_ai_provider_name"), of("gen_ai_request_model")), ("openai", "small"));
            assert_eq!(
                (of("llmobs_cost_source"), of("llmobs_cost_quality"), of(OUTCOME)),
                ("overlay", "exact", "completed")
            );
            (of("llmobs_token_direction"), of("llmobs_token_kind"), crate::fixture::to_nanos(*value))
        })
        .collect();
    let expected = [
        ("input", "cache_read", 4_000),
        ("input", "uncached", 60_000),
        ("output", "reasoning", 16_000),
        ("output", "text", 24_000),
    ];
    assert_eq!(parts, expected);
}

#[test]
fn costs_of_operations_that_did_not_complete_are_visible_by_outcome() {
    let observer = builder().build().unwrap();
    let start = || {
        let operation = observer.chat("small").start();
        operation.marker().usage(usage());
        operation
    };
    start().complete();
    start().fail(ErrorType::Upstream);
    start().cancel();
    start().reject(ErrorType::RateLimited);
    for outcome in ["completed", "failed", "cancelled"] {
        assert_eq!(cost(&observer, &[(OUTCOME, outcome)]), 104_000, "{outcome}");
    }
    assert_eq!(cost(&observer, &[(OUTCOME, "rejected")]), 0, "nothing is charged for a rejected operation");
    assert_eq!(unpriced(&observer, &[]), 0);
}

#[test]
fn an_operation_that_reached_no_provider_costs_nothing_and_is_not_unpriced() {
    let observer = builder().build().unwrap();
    observer.chat("small").start().fail(ErrorType::Upstream);
    observer.chat("small").start().reject(ErrorType::Overloaded);
    let queued = observer.chat("small").start();
    queued.marker().enqueued();
    queued.fail(ErrorType::Timeout);
    assert_eq!((cost(&observer, &[]), unpriced(&observer, &[])), (0, 0));
}

#[test]
fn a_cost_that_is_not_known_is_counted_as_unpriced_and_is_not_zero() {
    let observer = builder().build().unwrap();
    let end = |model: &str, usage: Option<Usage>| {
        let operation = observer.chat(model).start();
        if let Some(usage) = usage {
            operation.marker().usage(usage);
        }
        operation.complete();
    };
    end("small", None);
    end("unknown", Some(usage()));
    assert_eq!(cost(&observer, &[]), 0);
    assert_eq!(values(&observer, "llmobs.cost.usd").len(), 0);
    assert_eq!(unpriced(&observer, &[("gen_ai_provider_name", "openai"), ("gen_ai_request_model", "small")]), 1);
    assert_eq!(unpriced(&observer, &[]), 2);
    end("free", Some(Usage::new().input(100).output(10)));
    assert_eq!(unpriced(&observer, &[]), 2, "a price of zero is a price");
    end("free", Some(usage()));
    assert_eq!(unpriced(&observer, &[]), 3, "a kind without a price is not free");
}

#[test]
fn a_stream_that_broke_off_is_estimated_unless_the_rule_of_its_provider_says_otherwise() {
    let observer = builder().build().unwrap();
    let cut = |provider: &'static str, model: &str| {
        let operation = observer.chat(model).provider(provider).start();
        operation.marker().usage(Usage::new().input(100));
        let mut stream = Box::pin(operation.observe_with(stream::iter([1_u32, 1, 1]), |tokens| Chunk::tokens(*tokens)));
        for _ in 0..2 {
            stream.next().now_or_never().unwrap().unwrap();
        }
        drop(stream);
    };
    cut("openai", "small");
    let estimated = [("llmobs_cost_quality", "estimated"), (OUTCOME, "cancelled")];
    assert_eq!(cost(&observer, &estimated), 100_000 + 2 * 4_000);
    assert_eq!(unpriced(&observer, &[]), 0);
    cut("anthropic", "large");
    assert_eq!(cost(&observer, &[("gen_ai_provider_name", "anthropic")]), 0);
    assert_eq!(unpriced(&observer, &[("gen_ai_provider_name", "anthropic")]), 1);
}

#[test]
fn the_cost_that_a_provider_reports_takes_precedence_unless_it_is_implausible() {
    let observer = builder().build().unwrap();
    let anomalies =
        || Readings::new(&observer).count("llmobs.self.anomalies", &[("llmobs.anomaly", "implausible_cost")]);
    let end = |model: &str, dollars: f64| {
        let operation = observer.chat(model).start();
        operation.marker().usage(usage().reported_cost_usd(dollars));
        operation.complete();
    };
    end("small", 0.000_5);
    let reported =
        [("llmobs_cost_source", "provider"), ("llmobs_token_direction", "none"), ("llmobs_token_kind", "unknown")];
    assert_eq!(cost(&observer, &reported), 500_000);
    assert_eq!(cost(&observer, &[]), 500_000);
    end("small", 0.104);
    assert_eq!((cost(&observer, &reported), anomalies()), (104_500_000, 0), "1,000 times the price is plausible");
    for (count, dollars) in [(1, -0.1), (2, f64::NAN), (3, 0.104_001), (4, f64::INFINITY)] {
        end("small", dollars);
        assert_eq!((cost(&observer, &reported), anomalies()), (104_500_000, count), "{dollars}");
        assert_eq!(
            cost(&observer, &[("llmobs_cost_source", "overlay")]),
            count * 104_000,
            "the price of the book counts"
        );
    }
    end("unknown", 0.25);
    assert_eq!(cost(&observer, &[("gen_ai_request_model", "unknown")]), 250_000_000, "without a price to compare with");
    assert_eq!(unpriced(&observer, &[]), 0);
}

#[test]
fn late_tokens_of_a_cancelled_operation_add_the_difference() {
    let observer = builder().build().unwrap();
    let operation = observer.chat("small").reports_usage(false).start();
    let marker = operation.marker().clone();
    marker.usage(Usage::new().input(100).output(10));
    operation.cancel();
    assert_eq!(cost(&observer, &[]), 140_000);
    marker.usage(Usage::new().input(100).output(25));
    assert_eq!(cost(&observer, &[(OUTCOME, "cancelled")]), 200_000);
    marker.usage(Usage::new().input(100).output(25));
    marker.usage(Usage::new().input(100).output(12));
    assert_eq!(cost(&observer, &[]), 200_000, "a total that is not larger adds nothing");
}

#[test]
fn the_histogram_has_one_cost_for_each_operation_at_level_full() {
    for (level, count) in [(Level::Standard, 0), (Level::Full, 1)] {
        let observer = builder().level(level).build().unwrap();
        let operation = observer.chat("small").start();
        operation.marker().usage(usage());
        operation.complete();
        observer.chat("small").start().reject(ErrorType::Overloaded);
        let histogram = Readings::new(&observer).histogram("llmobs.operation.cost.usd", &[]);
        assert_eq!(histogram.count, count);
        assert!(count == 0 || (histogram.sum - 0.000_104).abs() < 1e-12);
    }
}

#[test]
fn a_gateway_shows_its_costs_at_the_level_that_is_its_default() {
    let observer = builder().level(Level::Core).build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(usage());
    operation.complete();
    observer.chat("unknown").start().complete();
    assert_eq!((cost(&observer, &[]), unpriced(&observer, &[])), (104_000, 1));
}

#[test]
fn the_page_has_the_version_and_the_date_of_the_prices() {
    let observer = builder().build().unwrap();
    let info = values(&observer, "llmobs.pricebook.info");
    let (labels, value) = info.iter().next().unwrap();
    assert_eq!((info.len(), *value), (1, 1.0));
    assert_eq!(labels["llmobs_pricebook_version"], "overlay 2026-11-20");
    assert_eq!(labels["llmobs_pricebook_source"], "overlay");
    let checked = values(&observer, "llmobs.pricebook.checked.timestamp_seconds");
    assert_eq!(checked.into_values().collect::<Vec<_>>(), [1_795_132_800.0]);
    let without = without_prices().0.build().unwrap();
    assert_eq!(values(&without, "llmobs.pricebook.info").len(), 0);
}

#[test]
fn both_backends_have_the_same_costs() {
    let backend = OtelBackend::new();
    let (builder, _) = without_prices();
    let observer = builder.prices(book(PRICES)).tenants(["a"]).meter_provider(&backend.provider).build().unwrap();
    let operation = observer.chat("odd").tenant("a").start();
    operation.marker().usage(Usage::new().input(1_001).output(13));
    operation.complete();
    let families = backend.families();
    for row in ["llmobs.cost.usd", "llmobs.tenant.cost.usd"] {
        let name = format!("{}_total", row.replace('.', "_"));
        let exported: f64 = families[&name]
            .series
            .values()
            .map(|value| if let Value::Number(number) = value { *number } else { f64::NAN })
            .sum();
        assert_eq!(crate::fixture::to_nanos(exported), nanos(&observer, row, &[]), "{row}");
    }
}

#[test]
fn sums_from_eight_threads_are_exact() {
    let observer = builder().tenants(["a", "b"]).build().unwrap();
    let (threads, operations) = (8_u64, 40_u64);
    thread::scope(|scope| {
        for thread in 0..threads {
            let observer = &observer;
            scope.spawn(move || {
                for index in 0..operations {
                    let tenant = if index % 2 == 0 { "a" } else { "b" };
                    let operation = observer.chat("odd").tenant(tenant).start();
                    operation.marker().usage(Usage::new().input(thread + 1).output(index));
                    operation.complete();
                }
            });
        }
    });
    // The parts are rounded for each operation, as the record of one alone shows.
    let alone = |input: u64, output: u64| {
        let observer = builder().build().unwrap();
        let operation = observer.chat("odd").start();
        operation.marker().usage(Usage::new().input(input).output(output));
        operation.complete();
        cost(&observer, &[])
    };
    let expected: u64 =
        (1..=threads).map(|input| (0..operations).map(|output| alone(input, output)).sum::<u64>()).sum();
    assert_eq!(cost(&observer, &[]), expected);
    assert_eq!(nanos(&observer, "llmobs.tenant.cost.usd", &[]), expected);
}

#[test]
fn a_retired_tenant_leaves_its_costs_to_the_others() {
    let (builder, clock) = without_prices();
    let observer =
        builder.prices(book(PRICES)).tenants(["pro"]).idle_tenant_ttl(Duration::from_secs(60)).build().unwrap();
    for tenant in [Some("pro"), Some("idle"), None] {
        let operation = observer.chat("small").tenant(tenant).start();
        operation.marker().usage(usage());
        operation.complete();
    }
    let of = |tenant: &str| nanos(&observer, "llmobs.tenant.cost.usd", &[("llmobs_tenant_name", tenant)]);
    assert_eq!(["pro", "idle", "_NONE", "_OTHER"].map(of), [104_000, 104_000, 104_000, 0]);
    clock.advance(Duration::from_secs(61));
    assert_eq!(["pro", "idle", "_NONE", "_OTHER"].map(of), [104_000, 0, 104_000, 104_000]);
    observer.forget_tenant("pro");
    assert_eq!(["pro", "idle", "_NONE", "_OTHER"].map(of), [0, 0, 104_000, 208_000]);
    assert_eq!(cost(&observer, &[]), 312_000);
}

#[test]
fn an_observer_without_prices_has_no_rows_of_costs() {
    let observer: Observer = without_prices().0.tenants(["a"]).build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(usage().reported_cost_usd(1.0));
    operation.complete();
    for row in ["llmobs.cost.usd", "llmobs.tenant.cost.usd", "llmobs.pricebook.unpriced", "llmobs.budget.usage.usd"] {
        assert_eq!(values(&observer, row).len(), 0, "{row}");
    }
}
