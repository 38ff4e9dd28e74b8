//! The handle of a registered metric.

use std::marker::PhantomData;
use std::sync::Arc;

use super::attribute_value::AttributeValue;
use super::bound_series::BoundSeries;
use super::kind::PerOperation;
use super::kind::ProcessScoped;
use super::registration::Registration;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::measurement::Label;
use crate::measurement::TraceLink;

/// A handle that records a registered metric of kind `K` with `N` attributes. The metric is registered until all clones
/// and all series of them are dropped.
///
/// ```compile_fail
/// # use llmobs::{Observer, metric::{Counter, Metric}};
/// static LOOKUPS: Metric<Counter, 2> = Metric::new("shop.lookups", "{lookup}", &["shop.a", "shop.b"], "Lookups");
///
/// let lookups = Observer::disabled().register(&LOOKUPS).unwrap();
/// // The metric has two attributes.
/// lookups.bind(["one".into()]).add(1);
/// ```
///
/// ```compile_fail
/// # use llmobs::{Observer, metric::{Counter, Metric}};
/// static LOOKUPS: Metric<Counter, 0> = Metric::new("shop.lookups", "{lookup}", &[], "Lookups");
///
/// let lookups = Observer::disabled().register(&LOOKUPS).unwrap();
/// // Only a histogram records values.
/// lookups.bind([]).record(1.0);
/// ```
///
/// ```compile_fail
/// # use llmobs::{Observer, metric::{Metric, ObservableGauge}};
/// static LEVEL: Metric<ObservableGauge, 0> = Metric::new("shop.level", "1", &[], "Level");
///
/// // An observable metric needs a source.
/// let level = Observer::disabled().register(&LEVEL);
/// ```
#[derive(Debug)]
pub struct Handle<K, const N: usize> {
    /// `None` for a disabled observer.
    registration: Option<Arc<Registration>>,
    kind: PhantomData<K>,
}

impl<K, const N: usize> Handle<K, N> {
    pub(crate) fn new(registration: Option<Registration>) -> Self {
        Self { registration: registration.map(Arc::new), kind: PhantomData }
    }
}

impl<K: ProcessScoped, const N: usize> Handle<K, N> {
    /// Returns the series with these attributes, in the order of the metric. The series appears in the backends when a
    /// value is recorded. Keep the series for values that are recorded often.
    pub fn bind(&self, attributes: [AttributeValue; N]) -> BoundSeries<K> {
        BoundSeries::new(self.registration.clone(), &[], &[], attributes, None)
    }
}

impl<K: ProcessScoped, const N: usize> Handle<PerOperation<K>, N> {
    /// Returns the series with the labels of an operation and these attributes.
    pub(crate) fn bind_to_labels(
        &self,
        labels: &[Label],
        attributes: [AttributeValue; N],
        link: Option<TraceLink>,
    ) -> BoundSeries<K> {
        BoundSeries::new(self.registration.clone(), labels, &SERIES_ATTRIBUTES, attributes, link)
    }
}

impl<K, const N: usize> Clone for Handle<K, N> {
    fn clone(&self) -> Self {
        Self { registration: self.registration.clone(), kind: PhantomData }
    }
}
