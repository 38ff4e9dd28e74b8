//! Labels are bounded for any input: a flood of names leaves the number of series at its cap and the memory constant,
//! and the declared models keep their series.

use std::collections::BTreeSet;

use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Provider;
use llmobs::Role;
use llmobs::catalog::ROWS;
use llmobs::semconv::value::OperationName;
use llmobs::testing::Readings;

use llmobs_tests::allocator::live_bytes;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::random::Random;

const FLOOD_SIZE: usize = 1_000_000;

/// Passes `count` names to `each`: nearly all different, some with control characters, some made of invalid UTF-8, a
/// few of them a mebibyte long.
fn flood(count: usize, seed: u64, mut each: impl FnMut(&str)) {
    let mut random = Random::new(seed);
    let mut long = "m".repeat(1 << 20);
    for index in 0..count {
        let number = random.next_u64();
        match index % 1_000 {
            0 if index % 5_000 == 0 => {
                long.replace_range(..16, &format!("{number:016x}"));
                each(&long);
            }
            1..=20 => each(&format!("{}\u{7f}\n\u{1b}[31m{number}\t\u{85}", char::from((number % 32) as u8))),
            21..=40 => each(&String::from_utf8_lossy(&number.to_be_bytes())),
            41 => each("\u{1}\u{2}"),
            42 => each(""),
            _ => each(&format!("model-{number}")),
        }
    }
}

/// Returns the models that have series, by the Prometheus label name.
fn model_labels<'a>(labels: impl Iterator<Item = &'a llmobs_tests::families::Labels>) -> BTreeSet<String> {
    labels.filter_map(|labels| labels.get("gen_ai_request_model").cloned()).collect()
}

fn page_model_labels(observer: &Observer) -> BTreeSet<String> {
    let readings = Readings::new(observer);
    let series: Vec<_> = ROWS.iter().flat_map(|row| readings.series(row.name)).collect();
    model_labels(series.iter())
}

/// Floods an observer with operations, declares a model after the flood, and returns the models that have series.
fn models_after_flood(role: Role) -> BTreeSet<String> {
    let observer = Observer::builder().role(role).model("declared").build().unwrap();
    let run = |count, seed| flood(count, seed, |name| observer.chat(name).start().complete());
    // Afterwards the cap is reached, and every possible series exists.
    run(FLOOD_SIZE / 50, 1);
    let (before, lines) = (live_bytes(), Readings::new(&observer).series("llmobs.operation.ended").len());
    run(FLOOD_SIZE - FLOOD_SIZE / 50, 2);
    let grown = live_bytes() - before;
    assert!(grown < 16 << 10, "{grown} more bytes are allocated after the flood");
    assert_eq!(
        Readings::new(&observer).series("llmobs.operation.ended").len(),
        lines,
        "series were added after the cap"
    );

    observer.declare_model("declared late");
    for model in ["declared", "declared late"] {
        observer.chat(model).start().complete();
        let started = [("gen_ai.request.model", model)];
        assert_eq!(
            Readings::new(&observer).count("llmobs.operation.started", &started),
            1,
            "{model} has its own series"
        );
    }
    let readings = Readings::new(&observer);
    assert_eq!(readings.count("llmobs.operation.started", &[]), FLOOD_SIZE as u64 + 2, "every operation is counted");
    assert_eq!(readings.count("llmobs.operation.ended", &[]), FLOOD_SIZE as u64 + 2);
    page_model_labels(&observer)
}

#[test]
fn a_million_model_names_add_no_series_in_the_server_role() {
    assert_eq!(
        models_after_flood(Role::Server),
        BTreeSet::from(["_OTHER", "declared", "declared late"].map(str::to_owned))
    );
}

#[test]
fn a_million_model_names_add_series_up_to_the_cap_in_the_client_role() {
    let models = models_after_flood(Role::Client);
    assert_eq!(models.len(), 32 + 3, "32 undeclared ones, two declared ones, and _OTHER");
    for model in &models {
        assert!(model.len() <= 128, "{} bytes", model.len());
        assert!(!model.chars().any(char::is_control), "{model:?}");
    }
    assert!(["_OTHER", "declared", "declared late"].iter().all(|model| models.contains(*model)));
}

#[test]
fn names_that_come_first_keep_their_series_and_the_rest_share_one() {
    let observer = Observer::builder().role(Role::Client).max_undeclared_models(2).build().unwrap();
    for model in ["a", "b", "c", "a", "d", "c", "b"] {
        observer.chat(model).start().complete();
    }
    let started =
        |model| Readings::new(&observer).count("llmobs.operation.started", &[("gen_ai.request.model", model)]);
    assert_eq!([started("a"), started("b"), started("_OTHER")], [2, 2, 3]);
    let folded = [("llmobs.label", "gen_ai.request.model")];
    assert_eq!(Readings::new(&observer).count("llmobs.self.folded_labels", &folded), 3, "each folded name is counted");
}

#[test]
fn open_telemetry_gets_no_more_models_than_the_page() {
    for (role, cap) in [(Role::Server, 0), (Role::Client, 32)] {
        let otel = OtelBackend::new();
        let builder: ObserverBuilder<'_> = Observer::builder().role(role).model("declared");
        let observer = builder.meter_provider(&otel.provider).build().unwrap();
        flood(3_000, 3, |name| observer.chat(name).start().complete());
        let families = otel.families();
        let there = model_labels(families.values().flat_map(|family| family.series.keys()));
        assert_eq!(there.len(), cap + 2, "{there:?}");
        assert_eq!(there, page_model_labels(&observer));
        assert!(there.contains("declared"));
    }
}

#[test]
fn providers_operations_runtimes_and_undeclared_values_are_bounded_too() {
    let observer = Observer::builder().model("m").label("tier", ["free"]).phases(["tool"]).build().unwrap();
    let before = live_bytes();
    flood(30_000, 4, |name| {
        observer.chat("m").provider(Provider::other(name.to_owned())).start().complete();
        observer.operation(OperationName::other(name.to_owned()), "m").label("tier", name).start().complete();
        observer.record_runtime_lag(name, std::time::Duration::from_millis(1));
        drop(observer.chat("m").label(name, "free").start().marker().phase(name));
        observer.set_limit(name, llmobs::semconv::value::State::Decode, 3);
    });
    let readings = Readings::new(&observer);
    let values = |row: &str, label: &str| {
        readings.series(row).iter().filter_map(|labels| labels.get(label).cloned()).collect::<BTreeSet<_>>().len()
    };
    // Sixteen names and `_OTHER`, plus the name from the conventions' list: `chat`.
    assert_eq!(values("llmobs.operation.started", "gen_ai_provider_name"), 16 + 1);
    assert_eq!(values("llmobs.operation.started", "gen_ai_operation_name"), 16 + 1 + 1);
    assert_eq!(values("llmobs.runtime.lag", "llmobs_runtime_name"), 16 + 1);
    assert_eq!(values("llmobs.operation.started", "tier"), 0);
    assert_eq!(values("llmobs.operation.limit", "gen_ai_request_model"), 1);
    assert!(live_bytes() - before < 8 << 20, "{} bytes", live_bytes() - before);
}
