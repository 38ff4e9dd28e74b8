//! A flood of names of tenants leaves their number at its limit and the memory constant.

use std::time::Duration;

use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs::testing::Readings;

use llmobs_tests::allocator::live_bytes;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::random::Random;

use crate::page::assert_sums;
use crate::page::operations_by_tenant;

const FLOOD_SIZE: u64 = 1_000_000;
const WARM_UP: u64 = 10_000;
const LIMIT: usize = 200;

/// Calls a model for `count` tenants, nearly all different, some with control characters.
fn flood(observer: &Observer, random: &mut Random, count: u64) {
    for index in 0..count {
        let number = random.next_u64();
        let name = if index % 50 == 0 { format!("tenant\n{number}") } else { format!("tenant-{number}") };
        observer.chat("m").tenant(&*name).start().complete();
    }
}

#[test]
fn a_million_tenants_add_series_up_to_the_limit_and_no_memory() {
    let observer = Observer::builder().model("m").tenants(["free", "pro"]).build().unwrap();
    let mut random = Random::new(1);
    flood(&observer, &mut random, WARM_UP);
    let (before, names) = (live_bytes(), operations_by_tenant(&observer));
    assert_eq!(names.len(), LIMIT + 4, "two declared ones, `_OTHER` and `_NONE`");
    flood(&observer, &mut random, FLOOD_SIZE - WARM_UP);
    let grown = live_bytes() - before - i64::try_from(names.len() * 100).unwrap();
    assert!(grown < 16 << 10, "{grown} more bytes are allocated after the flood");
    for tenant in ["free", "pro"] {
        observer.chat("m").tenant(tenant).start().complete();
    }
    let after = operations_by_tenant(&observer);
    assert_eq!([after["free"], after["pro"]], [1, 1], "the declared ones have their series");
    assert!(names.keys().eq(after.keys()), "the admitted ones keep their places");
    assert_eq!(after.values().sum::<u64>(), FLOOD_SIZE + 2);
    let folded = Readings::new(&observer).count("llmobs.self.folded_labels", &[("llmobs.label", "llmobs.tenant.name")]);
    assert_eq!(folded, FLOOD_SIZE - LIMIT as u64);
    assert_eq!(after["_OTHER"], folded);
    assert_sums(&observer);
}

/// Each name of a day is retired on the next one, and others take its place.
#[test]
fn tenants_that_come_and_go_take_no_memory() {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().model("m").tenants(["pro"]).clock(clock).build().unwrap();
    let mut random = Random::new(2);
    let mut day = || {
        flood(&observer, &mut random, 1_000);
        let names = operations_by_tenant(&observer).len();
        manual_clock.advance(Duration::from_secs(24 * 3_600));
        assert_eq!((names, operations_by_tenant(&observer).len()), (LIMIT + 3, 3));
    };
    (0..5).for_each(|_| day());
    let before = live_bytes();
    (0..50).for_each(|_| day());
    let grown = live_bytes() - before;
    assert!(grown < 16 << 10, "{grown} more bytes are allocated after fifty days");
    assert_sums(&observer);
}

#[test]
fn open_telemetry_gets_no_more_tenants_than_the_page() {
    let otel = OtelBackend::new();
    let observer = Observer::builder().model("m").tenants(["pro"]).meter_provider(&otel.provider).build().unwrap();
    flood(&observer, &mut Random::new(3), 3_000);
    let families = otel.families();
    assert_eq!(families["llmobs_tenant_operations_total"].series.len(), (LIMIT + 3) * 4);
    assert_eq!(families["llmobs_tenant_tokens_total"].series.len(), (LIMIT + 3) * 2);
}
