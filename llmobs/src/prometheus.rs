//! The Prometheus metrics page. Types of the pre-1.0 crate `prometheus-client` appear in public signatures only here.

#[cfg(feature = "prometheus")]
mod classic;
#[cfg(all(feature = "prometheus", feature = "tower"))]
mod endpoint;
#[cfg(feature = "prometheus")]
mod page;
#[cfg(all(feature = "prometheus", feature = "tower"))]
mod page_body;

pub use prometheus_client;

#[cfg(feature = "prometheus")]
pub use self::classic::render_classic;
#[cfg(all(feature = "prometheus", feature = "tower"))]
pub use self::endpoint::Endpoint;
#[cfg(feature = "prometheus")]
pub use self::page::Page;
#[cfg(feature = "prometheus")]
pub use self::page::encode;
#[cfg(feature = "prometheus")]
pub use self::page::page;
#[cfg(all(feature = "prometheus", feature = "tower"))]
pub use self::page_body::PageBody;
pub use crate::sink::prometheus::RegistryMut;
