//! The parts of `llmobs::timing` that the times of an operation need or that have atomics.

#[path = "../../../llmobs/src/timing/event_window.rs"]
mod event_window;
#[path = "../../../llmobs/src/timing/marks.rs"]
mod marks;
#[path = "../../../llmobs/src/timing/recent_time.rs"]
mod recent_time;

use loom::sync::Arc;
use loom::thread;

use self::event_window::EventCounts;
use self::event_window::EventWindow;
pub(crate) use self::marks::Marks;
pub(crate) use self::marks::PreemptedTime;
use self::recent_time::BUCKET;
use self::recent_time::BUCKETS;
use self::recent_time::RecentTime;

#[test]
fn time_that_two_threads_add_to_one_bucket_adds_up() {
    loom::model(|| {
        let recent = Arc::new(RecentTime::new());
        let other = {
            let recent = Arc::clone(&recent);
            thread::spawn(move || recent.add(0, 30))
        };
        recent.add(30, 40);
        let seen = recent.within(0, BUCKET);
        assert!(seen == 10 || seen == 40, "{seen}");
        other.join().unwrap();
        assert_eq!(recent.within(0, BUCKET), 40);
    });
}

#[test]
fn a_later_bucket_replaces_an_earlier_one_in_any_order() {
    loom::model(|| {
        let recent = Arc::new(RecentTime::new());
        let later = BUCKETS * BUCKET;
        let other = {
            let recent = Arc::clone(&recent);
            thread::spawn(move || recent.add(later, later + 30))
        };
        recent.add(0, 40);
        let (old, new) = (recent.within(0, BUCKET), recent.within(later, later + BUCKET));
        assert!([0, 40].contains(&old) && [0, 30].contains(&new), "{old} {new}");
        other.join().unwrap();
        assert_eq!((recent.within(0, BUCKET), recent.within(later, later + BUCKET)), (0, 30));
    });
}

#[test]
fn events_that_two_threads_add_to_one_period_add_up() {
    loom::model(|| {
        let window = Arc::new(EventWindow::new(10, 1));
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || window.add(true, 3))
        };
        window.add(false, 7);
        let seen = window.counts(9, 0);
        assert!(seen.bad == 1 && seen.good <= 1, "{seen:?}");
        other.join().unwrap();
        assert_eq!(window.counts(9, 0), EventCounts { good: 1, bad: 1 });
    });
}

#[test]
fn an_event_of_a_later_period_takes_the_slot_in_any_order() {
    loom::model(|| {
        // Two slots: the periods 0 and 2 have the same one.
        let window = Arc::new(EventWindow::new(10, 1));
        window.add(true, 0);
        let other = {
            let window = Arc::clone(&window);
            thread::spawn(move || window.add(false, 20))
        };
        window.add(true, 0);
        let (old, new) = (window.counts(0, 0), window.counts(20, 0));
        assert!(old.bad == 0 && old.good <= 2 && new.good == 0 && new.bad <= 1, "{old:?} {new:?}");
        other.join().unwrap();
        assert_eq!((window.counts(0, 0).total(), window.counts(20, 0)), (0, EventCounts { good: 0, bad: 1 }));
    });
}
