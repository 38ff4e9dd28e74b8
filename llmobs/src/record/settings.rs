//! The settings of records, as the builder of an observer collects them.

use std::fmt;

use super::channel::Sender;
use super::fields::RecordFields;
use super::finished::Finished;
use super::started::Started;

/// The application's callback for operations that started.
pub(crate) type OnStart = Box<dyn Fn(Started) + Send + Sync>;

/// The application's callback for operations that ended.
pub(crate) type OnEnd = Box<dyn Fn(Finished) + Send + Sync>;

/// The settings of records; without a callback and a channel, no records are made.
#[derive(Default)]
pub(crate) struct RecordSettings {
    pub(crate) on_start: Option<OnStart>,
    pub(crate) on_end: Option<OnEnd>,
    pub(crate) channel: Option<Sender>,
    pub(crate) fields: RecordFields,
}

impl RecordSettings {
    /// Returns whether an application receives records or notices of starts.
    pub(crate) const fn is_used(&self) -> bool {
        self.on_start.is_some() || self.on_end.is_some() || self.channel.is_some()
    }

    /// Returns whether the channel, if there is one, could hold a record.
    pub(crate) fn has_valid_capacity(&self) -> bool {
        self.channel.as_ref().is_none_or(|channel| channel.capacity() > 0)
    }
}

impl fmt::Debug for RecordSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordSettings")
            .field("on_start", &self.on_start.is_some())
            .field("on_end", &self.on_end.is_some())
            .field("channel", &self.channel)
            .field("fields", &self.fields)
            .finish()
    }
}
