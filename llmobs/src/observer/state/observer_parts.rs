//! The parts of an observer.

use std::sync::Arc;

use super::observer_state::ObserverState;
use crate::catalog::Role;
use crate::semconv::value::Provider;

/// The state that the clones of an observer share, and the role and provider of its operations. `inner` is `None` for a
/// disabled observer.
#[derive(Debug, Clone)]
pub(crate) struct ObserverParts {
    pub(crate) inner: Option<Arc<ObserverState>>,
    pub(crate) role: Role,
    pub(crate) provider: Provider,
}

impl ObserverParts {
    pub(crate) const fn disabled() -> Self {
        Self { inner: None, role: Role::Server, provider: Provider::Other(std::borrow::Cow::Borrowed("unknown")) }
    }
}
