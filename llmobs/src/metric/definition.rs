//! The typed definition of a metric.

use std::marker::PhantomData;

use super::kind::Distribution;
use super::kind::Kind;
use super::kind::PerOperation;
use super::kind::ProcessScoped;
use crate::catalog::BucketShape;
use crate::catalog::Group;
use crate::catalog::Instrument;
use crate::catalog::Level;
use crate::catalog::Role;
use crate::catalog::Row;
use crate::catalog::SERIES_ATTRIBUTES;
use crate::catalog::names::check_attributes;
use crate::catalog::names::check_bounds;
use crate::catalog::names::check_description;
use crate::catalog::names::check_name;
use crate::catalog::names::check_unit;
use crate::catalog::names::is_same_text;

/// The definition of a metric of another crate: its row in the catalog, its kind `K`, and the number `N` of attributes
/// that its owner passes. Define it as a `static`, so that an invalid definition does not compile:
///
/// ```compile_fail
/// use llmobs::metric::{Counter, Metric};
///
/// // A name must not contain capital letters.
/// static LOOKUPS: Metric<Counter, 0> = Metric::new("shop.Lookups", "{lookup}", &[], "Number of lookups");
/// ```
///
/// ```compile_fail
/// use llmobs::metric::{Counter, Metric};
///
/// // A name must not contain an empty segment.
/// static LOOKUPS: Metric<Counter, 0> = Metric::new("shop..lookups", "{lookup}", &[], "Number of lookups");
/// ```
///
/// ```compile_fail
/// use llmobs::metric::{Counter, Metric};
///
/// // An attribute must not occur twice.
/// static LOOKUPS: Metric<Counter, 2> =
///     Metric::new("shop.lookups", "{lookup}", &["shop.name", "shop.name"], "Number of lookups");
/// ```
///
/// ```compile_fail
/// use llmobs::metric::{Counter, Metric};
///
/// // The type states two attributes.
/// static LOOKUPS: Metric<Counter, 2> = Metric::new("shop.lookups", "{lookup}", &["shop.name"], "Number of lookups");
/// ```
#[derive(Debug)]
pub struct Metric<K, const N: usize> {
    row: Row,
    kind: PhantomData<K>,
}

impl<K: Kind, const N: usize> Metric<K, N> {
    /// Returns a metric with its OpenTelemetry name, its unit in UCUM notation, the names of its attributes in the
    /// order in which they are recorded, and its description. An application sees the name in every backend, so begin
    /// the name with that of your crate or organisation. For the kind [`PerOperation`], this function panics: use
    /// [`per_operation`](Metric::per_operation).
    ///
    /// # Panics
    ///
    /// Panics if the name of the metric or of an attribute contains other characters than lower case letters, digits,
    /// `_` and `.`, does not begin with a letter, has an empty segment or more than 255 bytes; if an attribute is `le`
    /// or `quantile` or occurs twice, also with `_` for `.`; if the unit has more than 63 bytes or other characters
    /// than visible ASCII; if the description is empty or contains a control character. In a `static`, the panic is an
    /// error of the compiler.
    #[must_use]
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        attributes: &'static [&'static str; N],
        description: &'static str,
    ) -> Self {
        assert!(!K::IS_PER_OPERATION, "the kind `PerOperation` needs `Metric::per_operation`");
        Self::checked(name, unit, attributes, description)
    }

    const fn checked(
        name: &'static str,
        unit: &'static str,
        attributes: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        check_name(name);
        check_unit(unit);
        check_attributes(attributes);
        check_description(description);
        let row = Row {
            name,
            instrument: K::INSTRUMENT,
            unit,
            description,
            attributes,
            level: Level::Standard,
            group: Group::OTHER,
            shape: if matches!(K::INSTRUMENT, Instrument::Histogram) { Some(BucketShape::Duration) } else { None },
            roles: &[Role::Server, Role::Gateway, Role::Client],
            profile: None,
        };
        Self { row, kind: PhantomData }
    }

    /// Sets the lowest level at which the metric is recorded. Defaults to [`Level::Standard`].
    #[must_use]
    pub const fn level(mut self, level: Level) -> Self {
        self.row.level = level;
        self
    }

    /// Sets the group of the metric. Defaults to [`Group::OTHER`].
    #[must_use]
    pub const fn group(mut self, group: Group) -> Self {
        self.row.group = group;
        self
    }

    /// Returns the description of the metric in the catalog.
    #[must_use]
    pub const fn row(&self) -> &Row {
        &self.row
    }
}

impl<K: Distribution, const N: usize> Metric<K, N> {
    /// Sets the kind of quantity of a histogram, which determines the bucket bounds. Limits of objectives are not added
    /// to them. Defaults to [`BucketShape::Duration`], in seconds.
    ///
    /// # Panics
    ///
    /// Panics if the bounds of [`BucketShape::Custom`] are empty, not finite or not in ascending order. In a `static`,
    /// the panic is an error of the compiler.
    #[must_use]
    pub const fn buckets(mut self, shape: BucketShape) -> Self {
        if let BucketShape::Custom(bounds) = shape {
            check_bounds(bounds);
        }
        self.row.shape = Some(shape);
        self
    }
}

impl<K: ProcessScoped, const N: usize> Metric<PerOperation<K>, N> {
    /// Returns a metric whose series have the labels of an operation. `attributes` begins with
    /// `gen_ai.operation.name`, `gen_ai.provider.name` and `gen_ai.request.model`; the `N` attributes that the owner
    /// passes follow.
    ///
    /// ```
    /// use llmobs::metric::{Counter, Metric, PerOperation};
    ///
    /// static RERANKED: Metric<PerOperation<Counter>, 1> = Metric::per_operation(
    ///     "shop.reranked",
    ///     "{document}",
    ///     &["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "shop.index.name"],
    ///     "Number of documents that were ranked again for one operation, by index",
    /// );
    /// # let _ = &RERANKED;
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the attributes do not begin with the three of an operation or have another number than `N` after them,
    /// and for the same reasons as [`new`](Self::new). In a `static`, the panic is an error of the compiler.
    #[must_use]
    pub const fn per_operation(
        name: &'static str,
        unit: &'static str,
        attributes: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        assert!(
            attributes.len() == SERIES_ATTRIBUTES.len() + N,
            "the attributes must be the three of an operation and `N` others"
        );
        let mut index = 0;
        while index < SERIES_ATTRIBUTES.len() {
            assert!(
                is_same_text(attributes[index], SERIES_ATTRIBUTES[index]),
                "the attributes must begin with the three of an operation"
            );
            index += 1;
        }
        Self::checked(name, unit, attributes, description)
    }
}
