//! Records the decisions of the application's own admission control: which requests it admits at once, which it queues
//! first, and which it sheds. llmobs decides nothing.
//!
//! [`Observer::admission`](crate::Observer::admission) returns the builder of an [`Admission`], the handle that the
//! admission control holds. [The guide](crate::guide::admission) shows how one is connected, and what each decision means.
//!
//! ```
//! use llmobs::Observer;
//! use llmobs::admission::ShedReason;
//!
//! let observer = Observer::builder().model("m").build()?;
//! let admission = observer.admission("m").priorities(["interactive", "batch"]).limit("batch", 16).build()?;
//!
//! admission.admitted("interactive");
//! let queued = admission.queued("batch"); // in the queue until the guard is consumed or dropped
//! admission.shed("batch", ShedReason::QueueFull);
//! queued.admit();
//! # #[cfg(feature = "prometheus")] {
//! # let page = llmobs::prometheus::page(&observer, None).body;
//! # assert!(page.contains(r#"llmobs_admission_limit{gen_ai_request_model="m",llmobs_admission_priority="batch"} 16"#));
//! # }
//! # Ok::<(), llmobs::BuildError>(())
//! ```

mod builder;
mod decision;
mod handle;
mod priority;
mod queued;
mod registry;
mod state;

pub use self::builder::AdmissionBuilder;
pub use self::handle::Admission;
pub use self::queued::Queued;
pub(crate) use self::registry::AdmissionRegistry;
pub use crate::semconv::value::ShedReason;
