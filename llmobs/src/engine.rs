//! Measures the scheduler of an inference engine: its sequences, its steps and its KV cache.
//!
//! [`Observer::engine`](crate::Observer::engine) returns the builder of an [`Engine`], the handle that the scheduler
//! holds. The scheduler sets counts when they change and records each step; the counts are read at each collection.
//! [The guide](crate::guide::engine) shows how a scheduler is connected.
//!
//! ```
//! use llmobs::Observer;
//! use llmobs::engine::WaitReason;
//!
//! let observer = Observer::builder().model("m").build()?;
//! let engine = observer.engine("m").build();
//! engine.set_kv_cache_limit(1_000);
//!
//! engine.set_running(8);
//! engine.set_waiting(WaitReason::Capacity, 3);
//! engine.set_kv_cache_usage(420);
//! let step = engine.step();
//! // Run the model here.
//! step.sequences(8).prefill_tokens(512).decode_tokens(7).finish();
//! # Ok::<(), llmobs::BuildError>(())
//! ```

mod builder;
mod gauges;
mod handle;
mod headroom;
mod operation;
mod registry;
mod series;
mod state;
mod step;
mod step_buffers;

pub use self::builder::EngineBuilder;
pub use self::handle::Engine;
pub use self::operation::EngineOperation;
pub(crate) use self::operation::sealed::NamingEngine;
pub(crate) use self::operation::sealed::Sealed as SealedEngineOperation;
pub(crate) use self::registry::EngineRegistry;
pub use self::step::EngineStep;
pub use crate::companion::SequenceWork;
pub use crate::semconv::value::CacheTier;
pub use crate::semconv::value::WaitReason;
