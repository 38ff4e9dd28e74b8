//! The sums over all tenants equal those of the rows without tenants, exactly, whatever happens to names and operations.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::thread;
use std::time::Duration;

use futures_util::FutureExt;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Role;
use llmobs::Usage;
use llmobs::clock::Clock;
use llmobs::semconv::value::AttemptKind;
use proptest::prelude::*;

use llmobs_tests::families::Families;
use llmobs_tests::families::Value;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::random::Random;

use crate::page::assert_sums;
use crate::page::operations_by_tenant;

const TTL: Duration = Duration::from_secs(600);
const LIMIT: usize = 3;
const DECLARED: [&str; 2] = ["free", "pro"];
const NAMES: [&str; 9] = ["free", "pro", "a", "b", "c", "d", "e", "_OTHER", "bad\n"];

/// The operations that each tenant should have counted, by the rules of the documentation.
#[derive(Default)]
struct Expected {
    counts: BTreeMap<String, u64>,
    declared: BTreeSet<String>,
    /// The end of the last operation of each admitted tenant, or its admission.
    admitted: BTreeMap<String, Duration>,
}

impl Expected {
    fn new() -> Self {
        let declared: BTreeSet<_> = DECLARED.iter().map(|name| (*name).to_owned()).collect();
        let names = DECLARED.iter().chain(&["_OTHER", "_NONE"]);
        Self { counts: names.map(|name| ((*name).to_owned(), 0)).collect(), declared, ..Self::default() }
    }

    /// Returns the name under which an operation that starts now is counted.
    fn admit(&mut self, name: Option<&str>, now: Duration) -> String {
        let Some(name) = name else { return "_NONE".to_owned() };
        if self.declared.contains(name) || self.admitted.contains_key(name) {
            return name.to_owned();
        }
        if name == "_OTHER" || name.contains('\n') || self.admitted.len() >= LIMIT {
            return "_OTHER".to_owned();
        }
        self.admitted.insert(name.to_owned(), now);
        self.counts.insert(name.to_owned(), 0);
        name.to_owned()
    }

    fn end(&mut self, name: &str, now: Duration) {
        *self.counts.get_mut(name).unwrap() += 1;
        if let Some(last) = self.admitted.get_mut(name) {
            *last = now;
        }
    }

    /// Removes a name, and moves its operations, also those in flight, to the others.
    fn remove(&mut self, name: &str, in_flight: &mut [(Operation, String)]) {
        if !self.declared.remove(name) && self.admitted.remove(name).is_none() {
            return;
        }
        let count = self.counts.remove(name).unwrap();
        *self.counts.get_mut("_OTHER").unwrap() += count;
        in_flight.iter_mut().filter(|(_, of)| of == name).for_each(|(_, of)| "_OTHER".clone_into(of));
    }

    fn retire_idle(&mut self, in_flight: &mut [(Operation, String)], now: Duration) {
        let is_idle = |(name, last): (&String, &Duration)| {
            (*last + TTL <= now && in_flight.iter().all(|(_, of)| of != name)).then(|| name.clone())
        };
        for name in self.admitted.iter().filter_map(is_idle).collect::<Vec<_>>() {
            self.remove(&name, in_flight);
        }
    }
}

/// Ends an operation in one of the ways, with tokens that are recorded at different moments.
fn end(operation: Operation, random: &mut Random) {
    let marker = operation.marker().clone();
    let usage = |random: &mut Random| {
        let usage = Usage::new().input(random.below(50)).output(random.below(50));
        usage.cache_read(random.below(9)).cache_write(random.below(9)).reasoning(random.below(9))
    };
    match random.below(8) {
        0 => operation.fail(ErrorType::Inference),
        1 => {
            marker.usage(usage(random));
            operation.cancel();
            // The producer reports more tokens after the end.
            marker.usage(Usage::new().output(100));
        }
        2 => {
            marker.usage(usage(random));
            operation.reject(ErrorType::RateLimited);
        }
        3 => {
            marker.usage(usage(random));
            drop(operation.attempt(AttemptKind::Retry).start());
            marker.usage(usage(random));
            operation.complete();
        }
        4 => {
            let tokens = futures_util::stream::iter([random.below(5) as u32, 2, 3]);
            let stream = operation.observe_with(tokens, |tokens: &u32| Chunk::tokens(*tokens));
            futures_util::StreamExt::count(stream).now_or_never();
        }
        5 => drop(operation),
        _ => {
            marker.usage(usage(random));
            operation.complete();
        }
    }
}

fn otel_sum(families: &Families, name: &str) -> f64 {
    let number = |value: &Value| if let Value::Number(number) = value { *number } else { panic!("not a counter") };
    families[name].series.values().map(number).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_sums_over_tenants_are_exact_after_any_operations_floods_retirements_and_forgetting(
        seed: u64, steps in 1..120_usize, role in 0..3_usize,
    ) {
        let (clock, manual_clock) = Clock::manual();
        let otel = OtelBackend::new();
        let role = [Role::Server, Role::Gateway, Role::Client][role];
        let builder = Observer::builder().role(role).model("m").tenants(DECLARED).clock(clock);
        let builder = builder.max_undeclared_tenants(LIMIT).idle_tenant_ttl(TTL);
        let observer = builder.meter_provider(&otel.provider).build().unwrap();
        let mut random = Random::new(seed);
        let mut expected = Expected::new();
        let (mut in_flight, mut now): (Vec<(Operation, String)>, _) = (Vec::new(), Duration::ZERO);
        for _ in 0..steps {
            match random.below(10) {
                0..=3 => {
                    let name = if random.chance(15) { None } else { Some(random.word(&NAMES)) };
                    let operation = observer.chat("m").tenant(name).start();
                    in_flight.push((operation, expected.admit(name, now)));
                }
                4..=6 if !in_flight.is_empty() => {
                    let index = random.index(in_flight.len());
                    let (operation, name) = in_flight.swap_remove(index);
                    end(operation, &mut random);
                    expected.end(&name, now);
                }
                7 => {
                    let name = random.word(&NAMES);
                    observer.forget_tenant(name);
                    // A name with control characters is cleaned as at its declaration, and no tenant has the result.
                    expected.remove(name, &mut in_flight);
                }
                8 => {
                    let time = Duration::from_secs(random.below(900));
                    manual_clock.advance(time);
                    now += time;
                }
                _ => {
                    assert_sums(&observer);
                    expected.retire_idle(&mut in_flight, now);
                    prop_assert_eq!(operations_by_tenant(&observer), expected.counts.clone());
                }
            }
        }
        assert_sums(&observer);
        expected.retire_idle(&mut in_flight, now);
        prop_assert_eq!(operations_by_tenant(&observer), expected.counts);
        let families = otel.families();
        let has_ends = families.contains_key("llmobs_operation_ended_total");
        prop_assert!(has_ends, "its series start at zero");
        for (tenants, all) in [
            ("llmobs_tenant_operations_total", "llmobs_operation_ended_total"),
            ("llmobs_tenant_tokens_total", "llmobs_token_processed_total"),
        ] {
            prop_assert_eq!(otel_sum(&families, tenants), otel_sum(&families, all), "{}", tenants);
        }
    }
}

#[test]
fn the_sums_are_exact_while_threads_end_operations_of_tenants_that_are_forgotten_and_retired() {
    let (clock, manual_clock) = Clock::manual();
    let builder = Observer::builder().model("m").tenants(["pro"]).max_undeclared_tenants(3).clock(clock);
    let observer = builder.idle_tenant_ttl(Duration::from_nanos(1)).build().unwrap();
    thread::scope(|scope| {
        for seed in 0..4 {
            let observer = &observer;
            scope.spawn(move || {
                let mut random = Random::new(seed);
                for _ in 0..3_000 {
                    let operation = observer.chat("m").tenant(random.word(&NAMES)).start();
                    end(operation, &mut random);
                }
            });
        }
        for index in 0..2_000 {
            observer.forget_tenant(NAMES[index % NAMES.len()]);
            manual_clock.advance(Duration::from_nanos(1));
            if index % 20 == 0 {
                operations_by_tenant(&observer);
            }
        }
    });
    assert_sums(&observer);
    assert_eq!(operations_by_tenant(&observer).values().sum::<u64>(), 12_000);
}
