//! Types for the observation of a stream of items. The application sets how the producer runs, the chunk that describes
//! each item, and the token that counts as the first.
//!
//! [`Operation::observe`] takes a stream whose items implement [`StreamItem`]; [`Operation::observe_with`] takes any
//! stream and a function that describes an item. Both return an [`ObservedStream`].
//!
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
