//! The parts of `llmobs::timing` that the times of an operation need or that have atomics.

#[path = "../../../llmobs/src/timing/marks.rs"]
mod marks;
#[path = "../../../llmobs/src/timing/recent_time.rs"]
mod recent_time;

use loom::sync::Arc;
use loom::thread;

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
