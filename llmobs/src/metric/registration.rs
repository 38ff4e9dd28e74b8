//! The registration of a metric at an observer.

use std::any::Any;
use std::sync::Arc;
use std::sync::Weak;

use super::definition::Metric;
use super::error::RegisterError;
use super::kind::Observable;
use super::sample::Sample;
use crate::catalog::Row;
use crate::sink::Owner;
use crate::sink::Read;
use crate::sink::RegisteredRow;
use crate::sink::Sinks;

/// The anomaly of a value that no metric of its kind can have.
pub(crate) const INVALID_VALUE: &str = "invalid_value";

/// The registration of a synchronous metric. It ends when the last handle and the last series are dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(super) sinks: Arc<Sinks>,
    pub(super) row: Arc<RegisteredRow>,
    /// The owner of the registered row.
    _owner: Arc<OwnerToken>,
}

#[derive(Debug)]
struct OwnerToken;

/// Registers a synchronous metric.
pub(crate) fn register(sinks: &Arc<Sinks>, row: &'static Row) -> Result<Registration, RegisterError> {
    let token = Arc::new(OwnerToken);
    let weak: Weak<OwnerToken> = Arc::downgrade(&token);
    let registered = register_row(sinks, row, weak, None)?;
    Ok(Registration { sinks: Arc::clone(sinks), row: registered, _owner: token })
}

/// Registers an observable metric with the source of its values.
pub(crate) fn register_observable<K: Observable, S: Send + Sync + 'static, const N: usize>(
    sinks: &Arc<Sinks>,
    metric: &'static Metric<K, N>,
    source: &Arc<S>,
    read: impl Fn(&S) -> Vec<Sample<N>> + Send + Sync + 'static,
) -> Result<(), RegisterError> {
    let (row, weak_sinks, weak_source) = (metric.row(), Arc::downgrade(sinks), Arc::downgrade(source));
    let read_source = move || {
        let samples = weak_source.upgrade().map_or_else(Vec::new, |source| read(&source));
        let count = samples.len();
        let observations: Vec<_> = samples.into_iter().filter_map(|sample| sample.into_observation(row)).collect();
        if let Some(sinks) = weak_sinks.upgrade() {
            (observations.len()..count).for_each(|_| sinks.count_anomaly(INVALID_VALUE));
        }
        observations
    };
    let owner: Weak<S> = Arc::downgrade(source);
    register_row(sinks, row, owner, Some(Arc::new(read_source))).map(drop)
}

fn register_row(
    sinks: &Arc<Sinks>,
    row: &'static Row,
    owner: Weak<dyn Any + Send + Sync>,
    read: Option<Read>,
) -> Result<Arc<RegisteredRow>, RegisterError> {
    let registered = sinks.register(row, Owner { alive: owner, read });
    registered.map_err(|in_use_by| RegisterError::NameInUse { name: row.name, in_use_by })
}
