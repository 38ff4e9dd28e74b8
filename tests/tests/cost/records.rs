//! The cost in the record of an operation, and in the sums of records that are lost.

use llmobs::ErrorType;
use llmobs::Usage;
use llmobs::cost::CostKind;
use llmobs::cost::CostQuality;
use llmobs::cost::CostSource;
use llmobs::cost::Unpriced;
use llmobs::cost::Usd;
use llmobs::semconv::value::AttemptKind;
use serde_json::Value;
use serde_json::json;

use crate::fixture::builder;
use crate::fixture::without_prices;

#[test]
fn a_record_has_the_cost_its_parts_and_the_version_of_the_prices() {
    let (builder, mut records) = builder().on_end_channel(4);
    let observer = builder.build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(Usage::new().input(10).output(1));
    operation.marker().record_attempt(AttemptKind::Retry);
    operation.marker().usage(Usage::new().input(100).output(2));
    operation.complete();

    let record = records.try_recv().unwrap();
    assert_eq!(record.cost(), Some(Usd::from_nanos(14_000 + 108_000)));
    assert_eq!(record.superseded_cost(), Usd::from_nanos(14_000));
    let last = record.last_attempt_cost().unwrap();
    assert_eq!((last.part(CostKind::Uncached).nanos(), last.part(CostKind::Text).nanos()), (100_000, 8_000));
    assert_eq!((last.source(), last.quality()), (CostSource::Overlay, CostQuality::Exact));
    assert_eq!((record.unpriced(), record.price_book_version()), (None, Some("overlay 2026-11-20")));

    let parsed: Value = serde_json::from_str(&record.to_json()).unwrap();
    for (name, value) in [
        ("llmobs.cost.usd", json!(0.000_122)),
        ("llmobs.cost.nano_usd", json!(122_000)),
        ("llmobs.cost.superseded.nano_usd", json!(14_000)),
        ("llmobs.cost.source", json!("overlay")),
        ("llmobs.cost.quality", json!("exact")),
        ("llmobs.pricebook.version", json!("overlay 2026-11-20")),
        ("llmobs.record.cost_parts", json!({"input.uncached": 100_000, "output.text": 8_000})),
    ] {
        assert_eq!(parsed[name], value, "{name}");
    }
    assert_eq!(parsed.get("llmobs.cost.unpriced"), None);
    let serialized: Value = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
    for (name, value) in parsed.as_object().unwrap().iter().filter(|(name, _)| name.contains("cost")) {
        assert_eq!(serialized[name], *value, "{name}");
    }
}

#[test]
fn a_record_without_a_cost_has_its_reason() {
    let (builder, mut records) = builder().on_end_channel(4);
    let observer = builder.build().unwrap();
    observer.chat("small").start().complete();
    let record = records.try_recv().unwrap();
    assert_eq!((record.cost(), record.unpriced()), (None, Some(Unpriced::NoUsage)));
    assert!(record.to_json().contains(r#""llmobs.cost.unpriced":"no_usage""#));
    observer.chat("small").start().reject(ErrorType::Overloaded);
    let record = records.try_recv().unwrap();
    assert_eq!((record.cost(), record.unpriced()), (None, None), "nothing is charged for a rejected operation");
}

#[test]
fn a_record_of_an_observer_without_prices_has_no_field_of_costs() {
    let (builder, mut records) = without_prices().0.on_end_channel(4);
    let observer = builder.build().unwrap();
    let operation = observer.chat("small").start();
    operation.marker().usage(Usage::new().input(10).output(1));
    operation.complete();
    let record = records.try_recv().unwrap();
    assert_eq!((record.cost(), record.unpriced(), record.price_book_version()), (None, None, None));
    assert!(!record.to_json().contains("llmobs.cost") && !record.to_json().contains("llmobs.pricebook"));
}

#[test]
fn the_costs_of_dropped_records_are_counted() {
    let (builder, records) = builder().on_end_channel(1);
    let observer = builder.build().unwrap();
    for output in [1_u64, 2, 3] {
        let operation = observer.chat("small").start();
        operation.marker().usage(Usage::new().input(10).output(output));
        operation.complete();
    }
    assert_eq!((records.dropped().records, records.dropped().cost), (2, Usd::from_nanos(18_000 + 22_000)));
}
