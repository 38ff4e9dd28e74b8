//! Steps around operations (model calls): tool calls, retrievals, database queries, agents and workflows, each with a
//! span of its own.
//!
//! The methods of [`Observer`](crate::Observer) with the names of the steps return the builders of this module; `start`
//! returns the [`Step`].

pub use crate::observer::CreateAgent;
pub use crate::observer::Database;
pub use crate::observer::ExecuteTool;
pub use crate::observer::InvokeAgent;
pub use crate::observer::InvokeWorkflow;
pub use crate::observer::Retrieval;
pub use crate::observer::Step;
