//! Records of operations (model calls) for billing and audit: one [`Finished`] for each operation that ends, in whatever
//! way, passed to a callback ([`ObserverBuilder::on_end`]) or through a bounded channel
//! ([`ObserverBuilder::on_end_channel`]), at most once. The [guide](crate::guide::records) states what a record may
//! contain, and builds at-least-once delivery from [`ObserverBuilder::on_start`] and `on_end`.
//!
//! ```
//! use llmobs::{Observer, Usage};
//!
//! let (builder, mut records) = Observer::builder().model("m").on_end_channel(1_024);
//! let observer = builder.build()?;
//! let operation = observer.chat("m").start();
//! operation.marker().usage(Usage::new().input(12).output(34));
//! operation.complete();
//!
//! let record = records.try_recv().unwrap();
//! assert_eq!((record.sequence(), record.outcome().as_str()), (1, "completed"));
//! assert_eq!((record.input_tokens(), record.output_tokens()), (Some(12), Some(34)));
//! # Ok::<(), llmobs::BuildError>(())
//! ```
//!
//! [`ObserverBuilder::on_end`]: crate::ObserverBuilder::on_end
//! [`ObserverBuilder::on_end_channel`]: crate::ObserverBuilder::on_end_channel
//! [`ObserverBuilder::on_start`]: crate::ObserverBuilder::on_start

mod callbacks;
mod channel;
mod drop_log;
mod fields;
mod finished;
mod recorder;
mod settings;
mod started;

pub use self::channel::DroppedRecords;
pub use self::channel::Records;
pub(crate) use self::channel::channel;
pub use self::fields::Inclusion;
pub use self::fields::RecordFields;
pub use self::finished::Finished;
pub(crate) use self::recorder::Recorder;
pub(crate) use self::settings::RecordSettings;
pub use self::started::Started;
pub use crate::measurement::RecordId;
