//! The reports of a sampler as Rust types: its devices, and the energy of each operation.

use std::time::Duration;

use crate::backend::DeviceInfo;
use crate::backend::Reading;
use crate::energy::EnergyMethod;
use crate::energy::EnergySource;
use crate::numbers::to_f64;

/// The state of the sampler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SamplerState {
    /// Every device can be read.
    Ok,
    /// A device is lost, or a call to the driver's library fails that succeeded before.
    Degraded,
    /// The driver's library cannot be opened, or the sampler has not started yet.
    #[default]
    NoDriver,
    /// There is no device to sample.
    NoDevice,
    /// A call to the driver's library has not returned within [`SamplerBuilder::hang_timeout`].
    ///
    /// [`SamplerBuilder::hang_timeout`]: crate::SamplerBuilder::hang_timeout
    Hung,
}

impl SamplerState {
    /// All states.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Degraded, Self::NoDriver, Self::NoDevice, Self::Hung];

    /// Returns the name, which is also the value of the attribute `llmobs.collector.state`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::NoDriver => "no_driver",
            Self::NoDevice => "no_device",
            Self::Hung => "hung",
        }
    }
}

/// The health of a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeviceState {
    /// Healthy.
    #[default]
    Ok,
    /// Clocks are reduced by heat or by the hardware, the device reported a warning in the last five minutes, or the
    /// remapping of a memory row is pending.
    Degraded,
    /// Lost, or unusable until it is reset, for example after a fatal error.
    Failed,
    /// Likely to fail: a memory row could not be remapped.
    PredictedFailure,
}

impl DeviceState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Degraded, Self::Failed, Self::PredictedFailure];

    /// Returns the name, which is also the value of the attribute `hw.state`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::PredictedFailure => "predicted_failure",
        }
    }
}

/// A snapshot of a device.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceReport {
    /// Identity of the device.
    pub info: DeviceInfo,
    /// Last reading.
    pub reading: Reading,
    /// Health of the device.
    pub state: DeviceState,
    /// Source of the energy values. `None` before the first energy value, and for a MIG instance without an energy
    /// counter.
    pub energy_source: Option<EnergySource>,
    /// Mean time between two changes of the energy counter. It cannot be shorter than the time between two readings,
    /// which is long until the first operation runs. `None` until the counter has changed twice.
    pub counter_period: Option<Duration>,
    /// Joules measured since the sampler started.
    pub measured_joules: f64,
    /// The part of `measured_joules` that is attributed to operations.
    pub request_joules: f64,
    /// The part of `measured_joules` that the device would have used without work.
    pub idle_joules: f64,
    /// The rest of `measured_joules`: energy of work that belongs to no operation.
    pub unattributed_joules: f64,
    /// Time until the memory is full at the rate of growth of the last 30 seconds. `None` for a day or more, if usage
    /// does not grow, if the size of the memory is unknown, or if these seconds had fewer than 10 readings.
    pub memory_full_in: Option<Duration>,
}

/// The energy of one operation.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OperationEnergy {
    /// `gen_ai.operation.name`.
    pub operation: String,
    /// `gen_ai.request.model`: a declared model, one of the first undeclared ones, or `_OTHER`, as on metrics.
    pub model: String,
    /// Trace id as 32 hexadecimal digits. `None` if the operation has no span.
    pub trace_id: Option<String>,
    /// Span id as 16 hexadecimal digits. `None` if the operation has no span.
    pub span_id: Option<String>,
    /// Energy in joules.
    pub joules: f64,
    /// GPU time in seconds, divided between operations in the same way as energy.
    pub gpu_seconds: f64,
    /// Cost in US dollars of the GPU time and of the energy, or of the one of them that has a configured price. `None`
    /// if no price is configured.
    pub cost_usd: Option<f64>,
    /// Number of output tokens.
    pub output_tokens: u64,
    /// Seconds from the start of the operation to this report for which heat or the hardware reduced clocks, added up
    /// over the GPUs that the operation may run on.
    pub throttled_seconds: f64,
    /// Method of attribution.
    pub method: EnergyMethod,
    /// Source of the energy values: [`EnergySource::PowerIntegral`] if at least one of the GPUs has no energy counter.
    pub source: EnergySource,
    /// Set if the energy was measured in all intervals of the operation. Otherwise `joules` is too low.
    pub is_complete: bool,
    /// Set if another application used one of the devices during the operation. The operation's energy is then limited
    /// to this application's part of the work; energy without a known owner is unattributed. Always unset
    /// if the sampler does not read processes.
    pub is_shared: bool,
}

impl OperationEnergy {
    /// Returns the joules per output token, or `None` without output tokens.
    #[must_use]
    pub fn joules_per_token(&self) -> Option<f64> {
        (self.output_tokens > 0).then(|| self.joules / to_f64(self.output_tokens))
    }

    /// Emits the log event `llm_request_energy`. A separate event, since the energy is known only after the operation's
    /// end.
    pub(crate) fn emit(&self) {
        tracing::event!(
            name: "llm_request_energy",
            target: "llmobs",
            parent: None,
            tracing::Level::INFO,
            trace_id = self.trace_id.as_deref(),
            span_id = self.span_id.as_deref(),
            gen_ai.operation.name = self.operation.as_str(),
            gen_ai.request.model = self.model.as_str(),
            llmobs.operation.energy.attributed = self.joules,
            llmobs.operation.energy.method = self.method.as_str(),
            llmobs.operation.energy.source = self.source.as_str(),
            llmobs.operation.energy.complete = self.is_complete,
            llmobs.operation.energy.shared = self.is_shared,
            llmobs.operation.energy.per_token = self.joules_per_token(),
            llmobs.operation.gpu.time = self.gpu_seconds,
            llmobs.operation.gpu.cost.usd = self.cost_usd,
            llmobs.operation.gpu.throttled_time = self.throttled_seconds,
            gen_ai.usage.output_tokens = i64::try_from(self.output_tokens).unwrap_or(i64::MAX),
            "llm_request_energy"
        );
    }
}
