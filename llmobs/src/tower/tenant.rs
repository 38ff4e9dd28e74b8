//! The source of the tenant of a request, on whose behalf its operations (model calls) run.

use std::sync::Arc;

use http::Extensions;
use http::HeaderName;
use http::request::Parts;

use crate::observer::Observer;

/// The part of a request that names its tenant.
#[derive(Clone)]
pub(crate) enum TenantSource {
    /// The application's function of the extensions, which only code of the service can set.
    Extensions(Arc<ExtensionsFn>),
    /// A header that the operator marked as trusted.
    TrustedHeader(HeaderName),
}

type ExtensionsFn = dyn Fn(&Extensions) -> Option<Arc<str>> + Send + Sync;

impl TenantSource {
    /// Returns the source with this function of the extensions.
    pub(crate) fn extensions<T>(tenant: impl Fn(&Extensions) -> Option<T> + Send + Sync + 'static) -> Self
    where
        T: Into<Arc<str>>,
    {
        Self::Extensions(Arc::new(move |extensions| tenant(extensions).map(Into::into)))
    }

    /// Returns the tenant of a request from the source that the layer has; `None` without a source, if the request names
    /// none, and if the observer records no tenants: the source is then not asked.
    pub(crate) fn request_tenant(source: Option<&Self>, observer: &Observer, request: &Parts) -> Option<Arc<str>> {
        source.filter(|_| observer.has_tenants())?.tenant_of(request)
    }

    /// Returns the tenant of a request; `None` if the request names none. A header that occurs twice names none: one of
    /// the two may be the client's.
    fn tenant_of(&self, request: &Parts) -> Option<Arc<str>> {
        match self {
            Self::Extensions(tenant) => tenant(&request.extensions),
            Self::TrustedHeader(name) => {
                let mut values = request.headers.get_all(name).iter();
                let value = values.next().filter(|_| values.next().is_none())?;
                Some(String::from_utf8_lossy(value.as_bytes()).into())
            }
        }
    }
}
