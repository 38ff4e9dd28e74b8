//! Types for the observation of an operation (one model call) through the stream of items that carries its answer.
//!
//! [`Operation::observe`] takes a stream whose items implement [`StreamItem`]; [`Operation::observe_with`] takes any
//! stream and a closure. Both return an [`ObservedStream`], which passes the items on unchanged and records the
//! [`Chunk`] of each: its tokens, finish reason and error. An [`ItemReader`] returns the chunk of an item:
//! [`SelfDescribing`] calls the item's method, [`Described`] the closure.
//!
//! The application declares two further things: whether the [`Producer`], which makes the items, runs while the stream
//! is not polled ([`ObservedStream::producer`]), and for all operations of an observer which [`FirstToken`] ends the
//! time to first token ([`ObserverBuilder::first_token`]).
//!
//! [`ObserverBuilder::first_token`]: crate::ObserverBuilder::first_token
//! [`Operation::observe`]: crate::Operation::observe
//! [`Operation::observe_with`]: crate::Operation::observe_with

pub use crate::observer::Chunk;
pub use crate::observer::Described;
pub use crate::observer::ItemReader;
pub use crate::observer::ObservedStream;
pub use crate::observer::SelfDescribing;
pub use crate::observer::StreamItem;
pub use crate::timing::FirstToken;
pub use crate::timing::Producer;
