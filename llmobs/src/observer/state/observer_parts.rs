//! The parts of an observer, the object that starts operations (model calls): its shared state, and the role and
//! provider of this clone.

use std::sync::Arc;

use super::observer_state::ObserverState;
use crate::catalog::Role;
use crate::semconv::value::Provider;

/// The state that the clones of an observer share, and the role and provider of its operations. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct ObserverParts {
    /// The shared state; `None` for a disabled observer, which records nothing.
    pub(crate) inner: Option<Arc<ObserverState>>,
    /// The role of the process in new operations: server, gateway or client.
    pub(crate) role: Role,
    /// The provider of new operations that do not set one.
    pub(crate) provider: Provider,
}

impl ObserverParts {
    /// Returns the parts of a disabled observer, in the server role with the provider `unknown`.
    pub(crate) const fn disabled() -> Self {
        Self { inner: None, role: Role::Server, provider: Provider::Other(std::borrow::Cow::Borrowed("unknown")) }
    }
}
