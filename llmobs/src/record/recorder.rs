//! The recorder of an observer: it numbers the operations, and delivers the notices of their starts and the records of
//! their ends to the callbacks and the channel of the application.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::Arc;

use super::callbacks::Call;
use super::callbacks::Callbacks;
use super::callbacks::call;
use super::callbacks::count_dropped;
use super::channel::DropCause;
use super::channel::Sender;
use super::drop_log::DropLog;
use super::fields::FieldRules;
use super::finished::Finished;
use super::settings::RecordSettings;
use super::started::Started;
use crate::clock::Clock;
use crate::measurement::RecordId;
#[cfg(feature = "pseudonym")]
use crate::pseudonym::Pseudonymizer;
use crate::sink::Sinks;
use crate::sync::AtomicU64;
use crate::sync::Ordering;

/// The drop reasons of a channel.
const QUEUE_FULL: &str = "queue_full";
const RECEIVER_DROPPED: &str = "receiver_dropped";

/// Makes the ids of operations and delivers their records. Shared by the clones of an observer.
pub(crate) struct Recorder {
    /// Random, the same for all records of this observer in this run of the process.
    instance: u64,
    /// The number of the operations that have started.
    started: AtomicU64,
    /// The number of the operations that have ended, which is the sequence number of the last record.
    ended: AtomicU64,
    callbacks: Arc<Callbacks>,
    channel: Option<Sender>,
    drop_log: DropLog,
    rules: FieldRules,
    clock: Clock,
}

impl Recorder {
    /// Returns the recorder of a new observer; `None` if the application receives neither records nor notices of starts.
    /// Creates the series of the records that it can drop.
    pub(crate) fn new(
        settings: RecordSettings,
        #[cfg(feature = "pseudonym")] pseudonyms: Pseudonymizer,
        sinks: &Arc<Sinks>,
        clock: Clock,
    ) -> Option<Box<Self>> {
        if !settings.is_used() {
            return None;
        }
        let RecordSettings { on_start, on_end, channel, fields } = settings;
        if channel.is_some() {
            [QUEUE_FULL, RECEIVER_DROPPED].iter().for_each(|reason| count_dropped(sinks, reason, 0));
        }
        Some(Box::new(Self {
            instance: RecordId::random_instance(),
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            callbacks: Arc::new(Callbacks::new(on_start, on_end, Arc::clone(sinks))),
            channel,
            drop_log: DropLog::default(),
            rules: FieldRules {
                fields,
                #[cfg(feature = "pseudonym")]
                pseudonyms,
            },
            clock,
        }))
    }

    /// Returns the number of an operation that starts, from one.
    pub(crate) fn next_number(&self) -> Option<NonZeroU64> {
        NonZeroU64::new(self.started.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Returns the id of the operation with this number.
    pub(crate) const fn id(&self, number: NonZeroU64) -> RecordId {
        RecordId::new(self.instance, number)
    }

    /// Returns the choice of the values that may identify a person.
    pub(crate) const fn rules(&self) -> &FieldRules {
        &self.rules
    }

    /// Returns whether the application receives notices of starts.
    pub(crate) fn has_on_start(&self) -> bool {
        self.callbacks.has_on_start()
    }

    /// Returns whether the application receives records of ends.
    pub(crate) fn has_receiver(&self) -> bool {
        self.callbacks.has_on_end() || self.channel.is_some()
    }

    /// Delivers the notice of an operation that started. The caller must hold no lock.
    pub(crate) fn deliver_start(&self, started: Started) {
        call(Call::Start(Arc::clone(&self.callbacks), started));
    }

    /// Gives the record its sequence number and delivers it, first to the channel and then to the callback. The caller must
    /// hold no lock.
    pub(crate) fn deliver_end(&self, mut record: Finished) {
        let Some(channel) = &self.channel else {
            record.set_sequence(self.ended.fetch_add(1, Ordering::Relaxed) + 1);
            return self.call_on_end(record);
        };
        let for_callback = self.callbacks.has_on_end().then(|| record.clone());
        let (sequence, sent) = channel.send(record, &self.ended);
        if let Err((cause, record)) = sent {
            let reason = match cause {
                DropCause::QueueFull => QUEUE_FULL,
                DropCause::ReceiverDropped => RECEIVER_DROPPED,
            };
            count_dropped(self.callbacks.sinks(), reason, 1);
            self.drop_log.add(&record, &self.clock);
        }
        if let Some(mut record) = for_callback {
            record.set_sequence(sequence);
            self.call_on_end(record);
        }
    }

    fn call_on_end(&self, record: Finished) {
        call(Call::End(Arc::clone(&self.callbacks), Box::new(record)));
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("channel", &self.channel).finish_non_exhaustive()
    }
}
