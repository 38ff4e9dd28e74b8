//! Test helpers: scripted streams on manual clocks, snapshots of every metric, and assertions on the counts of
//! operations.
//!
//! ```
//! use futures_util::StreamExt;
//! use llmobs::testing::{Readings, ScriptedStream};
//! use llmobs::clock::Clock;
//! use llmobs::{Chunk, Observer, assert_books};
//! use std::time::Duration;
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let (clock, manual_clock) = Clock::manual();
//! let observer = Observer::builder().clock(clock).model("m").build()?;
//!
//! // Three tokens, 20 ms apart, from a producer that runs by itself.
//! let script = ScriptedStream::new(&manual_clock)
//!     .wait(Duration::from_millis(40))
//!     .item(1_u32)
//!     .repeat(2, Duration::from_millis(20), 1);
//! let stream = observer.chat("m").start().observe_with(script, |tokens| Chunk::tokens(*tokens));
//! assert_eq!(stream.count().await, 3);
//!
//! let readings = Readings::new(&observer);
//! let gaps = readings.histogram("llmobs.inter_token.duration", &[]);
//! assert_eq!(gaps.count, 2);
//! assert!((gaps.sum - 0.04).abs() < 1e-9);
//! assert_books!(observer);
//! # Ok::<(), llmobs::BuildError>(())
//! # }).unwrap();
//! ```

mod script;
mod snapshot;

pub use self::script::ScriptedStream;
pub use self::snapshot::Books;
pub use self::snapshot::HistogramSnapshot;
pub use self::snapshot::Readings;

/// Asserts that the operation counts of an observer are consistent: started equals ended plus in flight, the number of
/// active operations equals `in_flight`, and the in-flight registry has `in_flight` entries. `in_flight` is the
/// optional second argument and defaults to 0.
///
/// # Panics
///
/// Panics if the counts are not consistent; the message contains the counts.
#[macro_export]
macro_rules! assert_books {
    ($observer:expr) => {
        $crate::assert_books!($observer, in_flight = 0)
    };
    ($observer:expr, in_flight = $in_flight:expr) => {{
        let observer = &$observer;
        let in_flight: u64 = $in_flight;
        let books = $crate::testing::Books::new(observer);
        assert_eq!(books.started, books.ended + in_flight, "started must equal ended + in flight: {books:?}");
        assert_eq!(books.active, in_flight, "number of active operations: {books:?}");
        assert_eq!(observer.in_flight().len() as u64, in_flight, "operations in the in-flight registry: {books:?}");
    }};
}
