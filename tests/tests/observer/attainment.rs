//! Tests the attainment of objectives over the last minutes: the reader of the application, and the rows.

use std::time::Duration;

use llmobs::ErrorType;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::objective::Attainment;
use llmobs::objective::Window;
use llmobs::semconv::value::OperationName;
use llmobs::testing::Readings;
use proptest::prelude::*;

const ATTAINMENT: &str = "llmobs.objective.attainment";
const BURN_RATE: &str = "llmobs.objective.burn_rate";

fn observer() -> (Observer, ManualClock) {
    let (clock, time) = Clock::manual();
    let builder = Observer::builder().clock(clock).model("m").role(Role::Gateway);
    let builder =
        builder.objective(Objective::new("availability").target(0.9)).objective(Objective::new("all").target(1.0));
    (builder.level(Level::Standard).build().unwrap(), time)
}

fn end(observer: &Observer, is_good: bool) {
    let operation = observer.chat("m").start();
    if is_good { operation.complete() } else { operation.fail(ErrorType::Upstream) }
}

fn read(observer: &Observer, window: Window) -> Option<Attainment> {
    observer.attainment("m", OperationName::Chat, "availability", window)
}

fn counts(attainment: Option<Attainment>) -> (u64, u64) {
    attainment.map_or((0, 0), |attainment| (attainment.good(), attainment.bad()))
}

/// Returns the values of a row by window, for one objective.
fn values(observer: &Observer, row: &str, objective: &str) -> Vec<(String, f64)> {
    let readings = Readings::new(observer);
    let series = readings.series(row).into_iter().filter(|labels| labels["llmobs_objective_name"] == objective);
    series
        .map(|labels| {
            let labels: Vec<_> = labels.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let window = labels.iter().find(|(name, _)| *name == "llmobs_window").unwrap().1;
            (window.to_owned(), readings.value(row, &labels))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// An operation counts for the window, and up to ten seconds longer.
    #[test]
    fn the_attainment_is_that_of_a_list_of_operations(
        steps in prop::collection::vec((any::<bool>(), 0..400_000_u64), 1..60),
    ) {
        let (observer, time) = observer();
        let mut ends: Vec<(bool, u64)> = Vec::new();
        for (is_good, step) in steps {
            time.advance(Duration::from_millis(step));
            end(&observer, is_good);
            ends.push((is_good, time.now().as_nanos()));
            for window in Window::ALL {
                let begin = time.now().as_nanos().saturating_sub(window.duration().as_nanos() as u64);
                let begin = begin / 10_000_000_000 * 10_000_000_000;
                let expected = |wanted| {
                    ends.iter().filter(|(good, at)| *good == wanted && *at >= begin).count() as u64
                };
                prop_assert_eq!(counts(read(&observer, *window)), (expected(true), expected(false)), "{}", window);
            }
        }
    }
}

#[test]
fn operations_leave_the_short_window_before_the_long_one_and_then_there_is_no_value() {
    let (observer, time) = observer();
    assert_eq!(read(&observer, Window::OneHour), None);
    assert!(values(&observer, ATTAINMENT, "availability").is_empty());
    (0..3).for_each(|_| end(&observer, true));
    end(&observer, false);
    assert_eq!(counts(read(&observer, Window::FiveMinutes)), (3, 1));
    time.advance(Duration::from_secs(311));
    assert_eq!((read(&observer, Window::FiveMinutes), counts(read(&observer, Window::OneHour))), (None, (3, 1)));
    assert_eq!(values(&observer, ATTAINMENT, "availability"), [("1h".to_owned(), 0.75)]);
    time.advance(Duration::from_secs(3_600));
    assert_eq!(read(&observer, Window::OneHour), None);
    assert!(
        values(&observer, ATTAINMENT, "availability").is_empty()
            && values(&observer, BURN_RATE, "availability").is_empty()
    );
}

#[test]
fn the_burn_rate_is_absent_if_the_target_is_one() {
    let (observer, _) = observer();
    (0..3).for_each(|_| end(&observer, true));
    end(&observer, false);
    let burn_rates = values(&observer, BURN_RATE, "availability");
    assert!(burn_rates.len() == 2 && burn_rates.iter().all(|(_, rate)| (rate - 2.5).abs() < 1e-9), "{burn_rates:?}");
    assert_eq!(values(&observer, ATTAINMENT, "all").len(), 2);
    assert!(values(&observer, BURN_RATE, "all").is_empty());
}

#[test]
fn providers_roles_and_labels_add_up_and_operations_do_not() {
    let (clock, _time) = Clock::manual();
    let builder = Observer::builder().clock(clock).model("m").label("tier", ["paid"]);
    let observer = builder.objective(Objective::new("availability")).build().unwrap();
    observer.chat("m").start().complete();
    observer.as_role(Role::Client).chat("m").provider("openai").start().fail(ErrorType::Timeout);
    observer.chat("m").label("tier", "paid").start().complete();
    observer.embeddings("m").start().complete();
    assert_eq!(counts(read(&observer, Window::FiveMinutes)), (2, 1));
    let embeddings = observer.attainment("m", OperationName::Embeddings, "availability", Window::FiveMinutes);
    assert_eq!(counts(embeddings), (1, 0));
    assert_eq!(values(&observer, ATTAINMENT, "availability").len(), 4, "one for each operation and window");
}

#[test]
fn operations_that_are_not_judged_do_not_count() {
    let (observer, _) = observer();
    observer.chat("m").start().reject(ErrorType::InvalidRequest);
    drop(observer.chat("m").start());
    assert_eq!(read(&observer, Window::OneHour), None);
}

#[test]
fn the_application_reads_at_every_level_and_only_what_exists() {
    let (observer, _) = observer();
    observer.set_level(Level::Core);
    end(&observer, true);
    assert_eq!(counts(read(&observer, Window::FiveMinutes)), (1, 0));
    assert!(values(&observer, ATTAINMENT, "availability").is_empty(), "the rows are of the level standard");
    for (model, objective) in [("other", "availability"), ("m", "other")] {
        assert_eq!(observer.attainment(model, OperationName::Chat, objective, Window::OneHour), None);
    }
    assert_eq!(Observer::disabled().attainment("m", OperationName::Chat, "availability", Window::OneHour), None);
}
