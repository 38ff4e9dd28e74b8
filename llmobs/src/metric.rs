//! Metrics of other crates: a crate defines each metric as a `static`, registers it at an observer, and records its
//! values in every backend of the observer.
//!
//! A [`Metric`] holds the [`Row`](crate::catalog::Row) of the catalog, and its type states the instrument and the
//! number of attributes. Code that records another kind of value or another number of attributes does not compile.
//!
//! ```
//! use llmobs::Observer;
//! use llmobs::metric::{Counter, Metric};
//!
//! static LOOKUPS: Metric<Counter, 2> = Metric::new(
//!     "shop.index.lookups",
//!     "{lookup}",
//!     &["shop.index.name", "shop.index.result"],
//!     "Number of lookups in an index, by name and result",
//! );
//!
//! let observer = Observer::builder().build()?;
//! let lookups = observer.register(&LOOKUPS)?;
//! lookups.bind(["products".into(), "hit".into()]).add(1);
//! # #[cfg(feature = "prometheus")]
//! assert!(llmobs::prometheus::page(&observer, None).body.contains(
//!     "shop_index_lookups_total{shop_index_name=\"products\",shop_index_result=\"hit\"} 1"
//! ));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The values of an observable metric are read from a source at each collection:
//!
//! ```
//! use std::sync::Arc;
//! use llmobs::Observer;
//! use llmobs::metric::{Metric, ObservableGauge, Sample};
//!
//! struct Thermometer;
//!
//! static TEMPERATURE: Metric<ObservableGauge, 1> =
//!     Metric::new("shop.temperature", "Cel", &["shop.sensor"], "Temperature of a rack in degrees Celsius, by sensor");
//!
//! let observer = Observer::builder().build()?;
//! let thermometer = Arc::new(Thermometer);
//! observer.register_observable(&TEMPERATURE, &thermometer, |_| vec![Sample::new(61.0, ["front".into()])])?;
//! # #[cfg(feature = "prometheus")]
//! assert!(llmobs::prometheus::page(&observer, None).body.contains("shop_temperature_celsius{shop_sensor=\"front\"} 61"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attribute_value;
mod bound_series;
mod definition;
mod error;
mod handle;
mod kind;
mod registration;
mod sample;

pub use self::attribute_value::AttributeValue;
pub use self::bound_series::BoundSeries;
pub use self::definition::Metric;
pub use self::error::RegisterError;
pub use self::handle::Handle;
pub use self::kind::Counter;
pub use self::kind::Distribution;
pub use self::kind::Gauge;
pub use self::kind::Histogram;
pub use self::kind::Kind;
pub use self::kind::Observable;
pub use self::kind::ObservableCounter;
pub use self::kind::ObservableGauge;
pub use self::kind::ObservableUpDownCounter;
pub use self::kind::PerOperation;
pub use self::kind::ProcessScoped;
pub use self::kind::Synchronous;
pub use self::kind::UpDownCounter;
pub(crate) use self::registration::INVALID_VALUE;
pub(crate) use self::registration::register;
pub(crate) use self::registration::register_observable;
pub use self::sample::Sample;
