//! The price of GPUs of one's own.

use super::usd::Usd;

/// The price of the GPUs that serve a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GpuPrice {
    /// The price of an hour of all GPUs of the model, in nano-dollars.
    nanos_per_hour: u64,
}

impl GpuPrice {
    /// Creates the price of an hour of all GPUs.
    pub(super) const fn per_hour(price: Usd) -> Self {
        Self { nanos_per_hour: price.nanos() }
    }

    /// Returns the price of an hour of all GPUs, in nano-dollars.
    pub(crate) const fn nanos_per_hour(self) -> u64 {
        self.nanos_per_hour
    }
}
