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
//! // One token after 40 ms, and two more after another 20 ms each. The producer does not wait for the consumer.
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

/// Asserts that an observer's counts of operations (its books) agree with `in_flight`, the expected number of
/// operations in flight: the number of started operations equals the number of ended ones plus `in_flight`, the number
/// of active operations equals `in_flight`, and [`Observer::in_flight`](crate::Observer::in_flight) returns `in_flight`
/// entries.
///
/// The expected number, a `u64`, is given by name: `assert_books!(observer, in_flight = 2)`. Without it, no operation
/// may be in flight.
///
/// # Panics
///
/// Panics if the counts disagree with the expected number or with each other. The message contains the counts.
#[macro_export]
macro_rules! assert_books {
    ($observer:expr $(,)?) => {
        $crate::assert_books!($observer, in_flight = 0)
    };
    ($observer:expr, in_flight = $in_flight:expr $(,)?) => {{
        let observer = &$observer;
        let in_flight: u64 = $in_flight;
        let books = $crate::testing::Books::new(observer);
        assert_eq!(books.started, books.ended + in_flight, "started must equal ended + in flight: {books:?}");
        assert_eq!(books.active, in_flight, "number of active operations: {books:?}");
        assert_eq!(observer.in_flight().len() as u64, in_flight, "operations in the in-flight registry: {books:?}");
    }};
    ($($other:tt)*) => {
        compile_error!(
            "expected `assert_books!(observer)` or `assert_books!(observer, in_flight = 2)`; the numbers of outcomes are \
             fields of `llmobs::testing::Books`, as in `assert_eq!(Books::new(&observer).completed, 1)`"
        )
    };
}
