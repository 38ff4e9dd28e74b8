//! Every way in which an operation can end. Each function starts one operation and ends it.

mod by_value;
mod edges;
mod streams;
mod threads;

pub use self::threads::LATE_TOKENS;

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::resume_unwind;

use llmobs::Observer;
use llmobs::Operation;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::record::Inclusion;
use llmobs::record::RecordFields;
use llmobs::record::Records;

use llmobs_tests::event_recorder::EventRecorder;

/// A way in which an operation can end.
pub struct Way {
    pub name: &'static str,
    pub role: Role,
    pub run: fn(&Scene),
    /// The outcome, and the error type or the finish reason.
    pub expected: (&'static str, &'static str),
}

/// Returns all ways: 51.
pub fn all() -> impl Iterator<Item = &'static Way> {
    by_value::WAYS.iter().chain(streams::WAYS).chain(edges::WAYS).chain(threads::WAYS)
}

/// A new observer on a manual clock, whose records contain every value, and its log events.
pub struct Scene {
    pub observer: Observer,
    pub clock: ManualClock,
    pub records: std::cell::RefCell<Records>,
    pub events: EventRecorder,
    _subscriber: tracing::subscriber::DefaultGuard,
}

impl Scene {
    pub fn new(role: Role) -> Self {
        let (events, subscriber) = EventRecorder::install();
        let (clock, manual_clock) = Clock::manual();
        let every_value = RecordFields::new()
            .response_id(Inclusion::Plain)
            .conversation_id(Inclusion::Plain)
            .labels(Inclusion::Plain);
        let (builder, records) = Observer::builder()
            .role(role)
            .provider("openai")
            .models(["m", "other"])
            .level(Level::Full)
            .label("plan", ["free", "paid"])
            .clock(clock)
            .record_fields(every_value)
            .on_end_channel(16);
        Self {
            observer: builder.build().unwrap(),
            clock: manual_clock,
            records: records.into(),
            events,
            _subscriber: subscriber,
        }
    }

    /// Starts the operation.
    pub fn start(&self) -> Operation {
        self.observer.chat("m").conversation("conv_1").max_tokens(64).label("plan", "paid").start()
    }

    /// Advances the clock by milliseconds.
    pub fn advance(&self, millis: u64) {
        self.clock.advance(std::time::Duration::from_millis(millis));
    }
}

/// The payload of an expected panic.
struct Expected;

/// Panics without a message.
fn panic_quietly() -> ! {
    resume_unwind(Box::new(Expected))
}

fn catch(code: impl FnOnce()) {
    assert!(catch_unwind(AssertUnwindSafe(code)).is_err());
}
