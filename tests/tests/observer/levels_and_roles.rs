//! Levels, roles, profiles: one observer with several roles and levels, and several observers in one process.

use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::assert_books;
use llmobs::catalog::Level;
use llmobs::catalog::Profile;
use llmobs::clock::Clock;
use llmobs::prometheus::prometheus_client::registry::Registry;
use llmobs::testing::Readings;

use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::traffic::Traffic;

#[test]
fn a_new_level_takes_effect_at_once() {
    let (clock, _manual_clock) = Clock::manual();
    let otel = OtelBackend::new();
    let observer =
        Observer::builder().clock(clock).model("m").level(Level::Core).meter_provider(&otel.provider).build().unwrap();
    let request = || observer.chat("m").max_tokens(64).start().complete();
    let samples = || Readings::new(&observer).histogram("llmobs.request.max_tokens", &[]).count;
    request();
    assert_eq!(samples(), 0);
    observer.set_level(Level::Full);
    request();
    assert_eq!(samples(), 1);
    let differ =
        llmobs_tests::families::differences(&otel.families(), &llmobs_tests::prometheus_page::families(&observer));
    assert_eq!(differ, [""; 0]);
    // The page hides a row that is no longer recorded, instead of a constant value.
    observer.set_level(Level::Core);
    request();
    assert_eq!(samples(), 0);
    observer.set_level(Level::Full);
    request();
    assert_eq!(samples(), 2, "the row continues its values");
    assert_eq!(
        Readings::new(&observer).count("llmobs.operation.started", &[]),
        4,
        "the counts of operations do not depend on it"
    );
}

#[test]
fn a_gateway_starts_at_core_and_the_others_at_standard() {
    for (role, shown) in [(Role::Server, true), (Role::Gateway, false), (Role::Client, true)] {
        let observer = Observer::builder().role(role).model("m").build().unwrap();
        observer.chat("m").start().complete();
        assert_eq!(!Readings::new(&observer).series("llmobs.operation.state.time").is_empty(), shown, "{role:?}");
    }
}

#[test]
fn another_role_and_provider_of_one_observer_share_its_page_and_its_counts() {
    let (clock, _manual_clock) = Clock::manual();
    let builder = Observer::builder().clock(clock).model("m").provider("candle");
    let observer = builder.build().unwrap();
    let gateway = observer.as_role(Role::Gateway).with_provider(Provider::OpenAi);
    assert_eq!((observer.role(), gateway.role()), (Role::Server, Role::Gateway));
    let served = observer.chat("m").start();
    gateway.chat("m").start().complete();
    assert_eq!(observer.in_flight(), gateway.in_flight());
    assert_eq!(observer.in_flight().len(), 1);
    served.complete();
    assert_books!(gateway);
    let readings = Readings::new(&observer);
    assert_eq!(readings.count("llmobs.operation.started", &[("gen_ai.provider.name", "candle")]), 1);
    assert_eq!(readings.count("llmobs.operation.started", &[("gen_ai.provider.name", "openai")]), 1);
    assert_eq!(readings.histogram("gen_ai.server.request.duration", &[]).count, 1);
    assert_eq!(readings.histogram("gen_ai.client.operation.duration", &[]).count, 1);
}

#[test]
fn two_observers_with_two_registries_are_independent() {
    let (mut here, mut there) = (Registry::default(), Registry::default());
    let one = Observer::builder().model("m").registry(&mut here).build().unwrap();
    let other = Observer::builder().model("m").registry(&mut there).build().unwrap();
    one.chat("m").start().complete();
    let running = other.chat("m").start();
    let started = |registry: &Registry| {
        Readings::parse(&llmobs::prometheus::encode(registry, None).body).count("llmobs.operation.started", &[])
    };
    one.chat("m").start().complete();
    assert_eq!((started(&here), started(&there)), (2, 1));
    assert_eq!((one.in_flight().len(), other.in_flight().len()), (0, 1));
    drop(running);
}

#[test]
fn the_values_of_a_dropped_observer_stay_on_the_page_of_its_registry() {
    let mut registry = Registry::default();
    let observer = Observer::builder().model("m").registry(&mut registry).build().unwrap();
    observer.chat("m").start().complete();
    drop(observer);
    let page = llmobs::prometheus::encode(&registry, None).body;
    assert_eq!(Readings::parse(&page).count("llmobs.operation.started", &[]), 1);
}

#[test]
fn each_profile_records_its_own_client_metrics_and_dual_both() {
    for (profile, tagged, pinned) in
        [(Profile::V1_41, true, false), (Profile::Latest, false, true), (Profile::Dual, true, true)]
    {
        let observer = Observer::builder().role(Role::Client).profile(profile).model("m").build().unwrap();
        observer.chat("m").start().complete();
        let readings = Readings::new(&observer);
        let recorded = |name: &str| readings.histogram(name, &[]).count == 1;
        assert_eq!(recorded("gen_ai.client.operation.duration"), tagged, "{}", profile.as_str());
        assert_eq!(recorded("gen_ai.client.inference.duration"), pinned, "{}", profile.as_str());
    }
}

#[test]
fn the_build_is_described() {
    let observer = Observer::builder().profile(Profile::Dual).level(Level::Full).build().unwrap();
    let info = Readings::new(&observer).series("llmobs.build.info");
    let [labels] = info.as_slice() else { panic!("{info:?}") };
    assert_eq!(labels["llmobs_build_profile"], "dual");
    assert_eq!(labels["llmobs_build_level"], "full");
    assert!(labels["llmobs_build_features"].contains("prometheus"));
    assert!(!labels["llmobs_build_version"].is_empty());
}

#[test]
fn one_caller_cannot_hide_the_sizes_that_others_request() {
    let observer = Observer::builder().model("m").level(Level::Full).build().unwrap();
    for tokens in [u64::MAX, i64::MAX as u64, u64::from(u32::MAX) + 1, 256, 512] {
        observer.chat("m").max_tokens(tokens).choices(tokens).start().complete();
    }
    let readings = Readings::new(&observer);
    for name in ["llmobs.request.max_tokens", "llmobs.request.choices"] {
        let found = readings.histogram(name, &[]);
        assert_eq!((found.count, found.sum), (2, 768.0), "{name}");
    }
}

#[test]
fn series_usage_is_the_number_of_series_on_the_page() {
    let (clock, manual_clock) = Clock::manual();
    let observer = llmobs_tests::traffic::full_observer().clock(clock).build().unwrap();
    let mut traffic = Traffic::new(&observer, &manual_clock, 29);
    traffic.run_operations(100);
    for level in [Level::Core, Level::Standard, Level::Full] {
        observer.set_level(level);
        let page = llmobs::prometheus::page(&observer, None).body;
        let lines = page.lines().filter(|line| !line.starts_with('#')).count();
        let counted = page.lines().filter_map(|line| line.strip_prefix("llmobs_self_series_usage{"));
        let counted: usize = counted.map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(counted, lines, "{level:?}");
    }
}
