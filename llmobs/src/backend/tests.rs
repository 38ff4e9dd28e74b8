//! Tests of the state machine of backends, and of the notices of its changes.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::BackendState;
use super::BackendState::Degraded;
use super::BackendState::Healthy;
use super::BackendState::Open;
use super::change::BackendChange;
use super::circuit::Circuit;
use super::monitor::Monitor;
use super::rules::Rules;
use super::rules::is_backend_fault;
use crate::clock::Clock;
use crate::clock::ManualClock;
use crate::semconv::value::ErrorType;
use crate::sync::Mutex;

const SECOND: u64 = 1_000_000_000;

/// An event of a backend in a test.
#[derive(Debug, Clone, Copy)]
enum Event {
    /// This many results of requests that were sent after the last opening.
    Succeed(u32),
    Fail(u32),
    /// The result of a request that was sent before the last opening.
    LateSuccess,
    LateFailure,
    /// An application asks if it may send a request, and the answer.
    Admits(bool),
    /// A collection.
    Refresh,
    Wait(u64),
}
use self::Event::Admits;
use self::Event::Fail;
use self::Event::LateFailure;
use self::Event::LateSuccess;
use self::Event::Refresh;
use self::Event::Succeed;
use self::Event::Wait;

/// Asserts the state after each event. The rules are the defaults: five results in a minute, degraded from a tenth and open
/// from a half on, 15 seconds between probes, healthy after two.
fn assert_states(name: &str, steps: &[(Event, BackendState)]) {
    let mut circuit = Circuit::new(Rules::new());
    let mut now = 100 * SECOND;
    for (index, (event, expected)) in steps.iter().enumerate() {
        let (sent, late) = (Some(circuit.openings()), circuit.openings().checked_sub(1));
        match *event {
            Succeed(count) => (0..count).for_each(|_| circuit.record(true, sent, now)),
            Fail(count) => (0..count).for_each(|_| circuit.record(false, sent, now)),
            LateSuccess => circuit.record(true, late, now),
            LateFailure => circuit.record(false, late, now),
            Admits(expected) => assert_eq!(circuit.admit(now), expected, "{name}: step {index}, {event:?}"),
            Refresh => circuit.refresh(now),
            Wait(seconds) => now += seconds * SECOND,
        }
        assert_eq!(circuit.state(), *expected, "{name}: step {index}, {event:?}");
    }
}

#[test]
fn the_states_follow_the_rules() {
    assert_states("too few results are not judged", &[(Fail(4), Healthy), (Admits(true), Healthy), (Fail(1), Open)]);
    assert_states("a success can complete the minimum", &[(Fail(4), Healthy), (Succeed(1), Open)]);
    assert_states(
        "a tenth is degraded, a half is open",
        &[
            (Succeed(19), Healthy),
            (Fail(2), Healthy),
            (Fail(1), Degraded),
            (Admits(true), Degraded),
            (Succeed(9), Healthy),
            (Fail(24), Degraded),
            (Fail(1), Open),
            (Admits(false), Open),
        ],
    );
    assert_states(
        "old failures leave the window",
        &[
            (Succeed(5), Healthy),
            (Fail(2), Degraded),
            (Wait(60), Degraded),
            (Refresh, Degraded),
            (Wait(6), Degraded),
            (Refresh, Healthy),
            (Fail(4), Healthy),
        ],
    );
    assert_states(
        "an application that asks sees it too",
        &[(Succeed(5), Healthy), (Fail(2), Degraded), (Wait(66), Degraded), (Admits(true), Healthy)],
    );
    assert_states(
        "one probe after each cool-down, and two successes close",
        &[
            (Fail(5), Open),
            (Wait(14), Open),
            (Admits(false), Open),
            (Wait(1), Open),
            (Admits(true), Open),
            (Admits(false), Open),
            (Succeed(1), Open),
            (Admits(true), Open),
            (Succeed(1), Healthy),
            (Admits(true), Healthy),
            (Fail(4), Healthy),
            (Fail(1), Open),
        ],
    );
    assert_states(
        "a failed probe starts the cool-down again, and the successes",
        &[
            (Fail(5), Open),
            (Wait(15), Open),
            (Admits(true), Open),
            (Succeed(1), Open),
            (Admits(true), Open),
            (Fail(1), Open),
            (Wait(14), Open),
            (Admits(false), Open),
            (Wait(1), Open),
            (Admits(true), Open),
            (Succeed(1), Open),
            (Succeed(1), Healthy),
        ],
    );
    assert_states(
        "a probe without a result is sent again after a cool-down",
        &[(Fail(5), Open), (Wait(15), Open), (Admits(true), Open), (Wait(15), Open), (Admits(true), Open)],
    );
    assert_states(
        "requests from before the opening are no probes",
        &[
            (Fail(5), Open),
            (LateSuccess, Open),
            (Wait(15), Open),
            (Admits(true), Open),
            (LateSuccess, Open),
            (LateSuccess, Open),
            (LateFailure, Open),
            (Succeed(2), Healthy),
            (LateFailure, Healthy),
            (Fail(4), Healthy),
        ],
    );
    assert_states(
        "a success without a probe counts after the cool-down",
        &[(Fail(5), Open), (Succeed(3), Open), (Wait(15), Open), (Succeed(1), Open), (Succeed(1), Healthy)],
    );
}

#[test]
fn only_errors_of_the_backend_are_failures() {
    for error in ErrorType::ALL {
        assert!(!(is_backend_fault(*error) && error.is_client_fault()), "{error}");
    }
    let faults: Vec<_> =
        ErrorType::ALL.iter().filter(|error| is_backend_fault(**error)).map(|error| error.as_str()).collect();
    assert_eq!(
        faults,
        ["inference", "internal", "out_of_memory", "overloaded", "rate_limited", "timeout", "upstream", "_OTHER"]
    );
}

proptest! {
    /// While a backend is open, one request is sent for each cool-down, plus one for each success.
    #[test]
    fn an_open_backend_is_probed_and_not_flooded(events in prop::collection::vec((0..4_u8, 0..20_u64), 1..200)) {
        let mut circuit = Circuit::new(Rules::new());
        let (mut now, mut last_probe, mut earned) = (0, None::<u64>, 0_u32);
        for (event, seconds) in events {
            now += seconds * SECOND;
            let before = circuit.state();
            match event {
                0 => circuit.record(true, None, now),
                1 => circuit.record(false, None, now),
                2 => circuit.refresh(now),
                _ => {
                    let admitted = circuit.admit(now);
                    if circuit.state() == Open && admitted {
                        let waited = last_probe.is_none_or(|last| now >= last + 15 * SECOND);
                        prop_assert!(waited || earned > 0, "a second probe without a success");
                        if !waited {
                            earned -= 1;
                        }
                        last_probe = Some(now);
                    }
                    prop_assert!(admitted || circuit.state() == Open);
                }
            }
            if before == Open && event == 0 {
                earned += 1;
            }
            if before != Open && circuit.state() == Open {
                (last_probe, earned) = (Some(now), 0);
            }
        }
    }
}

fn monitor(on_change: impl Fn(&BackendChange) + Send + Sync + 'static) -> (Arc<Monitor>, ManualClock) {
    let (clock, time) = Clock::manual();
    let labels = ["p", "m"].map(Arc::from);
    (Arc::new(Monitor::new(labels, Rules::new(), Some(Box::new(on_change)), clock, None)), time)
}

#[test]
fn the_changes_of_many_threads_are_received_in_their_order() {
    for _ in 0..20 {
        let received = Arc::<Mutex<Vec<BackendChange>>>::default();
        let (monitor, time) = {
            let received = Arc::clone(&received);
            monitor(move |change| received.lock().push(change.clone()))
        };
        std::thread::scope(|scope| {
            for thread in 0..4_u64 {
                let (monitor, time) = (&monitor, &time);
                scope.spawn(move || {
                    for turn in 0..200 {
                        time.advance(Duration::from_secs(3));
                        let _ = monitor.admit();
                        monitor.record((turn / 12 + thread) % 2 == 0, None);
                    }
                });
            }
        });
        let received = received.lock();
        assert!(received.len() > 2, "the states change");
        assert_eq!(received.first().map(|first| first.from), Some(Healthy));
        assert!(received.windows(2).all(|pair| pair[0].to == pair[1].from), "{received:?}");
        assert_eq!(received.last().map(|last| last.to), Some(monitor.state()));
    }
}

#[test]
fn a_change_that_the_callback_causes_follows_when_the_callback_has_returned() {
    let slot = Arc::<Mutex<Option<Arc<Monitor>>>>::default();
    let states = Arc::<Mutex<Vec<BackendState>>>::default();
    let (monitor, time) = {
        let (slot, states) = (Arc::clone(&slot), Arc::clone(&states));
        monitor(move |change| {
            if change.to == Healthy
                && let Some(monitor) = slot.lock().take()
            {
                (0..5).for_each(|_| monitor.record(false, None));
            }
            states.lock().push(change.to);
        })
    };
    *slot.lock() = Some(Arc::clone(&monitor));
    (0..5).for_each(|_| monitor.record(false, None));
    time.advance(Duration::from_secs(15));
    (0..2).for_each(|_| monitor.record(true, None));
    assert_eq!(*states.lock(), [Open, Healthy, Open]);
}

#[test]
fn a_panic_of_the_callback_loses_one_notice_only() {
    let received = Arc::<Mutex<Vec<BackendState>>>::default();
    let (monitor, time) = {
        let received = Arc::clone(&received);
        monitor(move |change| {
            received.lock().push(change.to);
            assert!(change.to != Open, "the callback panics");
        })
    };
    (0..5).for_each(|_| monitor.record(false, None));
    assert_eq!(monitor.state(), Open);
    time.advance(Duration::from_secs(15));
    (0..2).for_each(|_| monitor.record(true, None));
    assert_eq!(*received.lock(), [Open, Healthy]);
}
