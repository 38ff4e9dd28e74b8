//! What a sampler tells in Rust: of its devices, and of each operation's energy.

use std::time::Duration;

use crate::backend::DeviceInfo;
use crate::backend::Reading;
use crate::energy::EnergyMethod;
use crate::energy::EnergySource;

/// What the sampler is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SamplerState {
    /// Every device answers.
    Ok,
    /// A device is lost, or a question that was answered before is not.
    Degraded,
    /// The library does not open.
    #[default]
    NoDriver,
    /// There is no device to sample.
    NoDevice,
    /// A call has not come back.
    Hung,
}

impl SamplerState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Ok, Self::Degraded, Self::NoDriver, Self::NoDevice, Self::Hung];

    /// Its name, also the value of `llmobs.collector.state`.
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

/// What a device is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DeviceState {
    /// Healthy.
    #[default]
    Ok,
    /// Held down by heat, or with a warning.
    Degraded,
    /// Lost, or not to be used before a reset.
    Failed,
    /// Likely to fail: its memory has no spare rows left.
    PredictedFailure,
}

impl DeviceState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Ok, Self::Degraded, Self::Failed, Self::PredictedFailure];

    /// Its name, also the value of `hw.state`.
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

/// A device as it was when somebody looked.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct DeviceReport {
    /// Who it is.
    pub info: DeviceInfo,
    /// What it said last.
    pub reading: Reading,
    /// What it is good for.
    pub state: DeviceState,
    /// Where its energy comes from; `None` while there is none.
    pub source: Option<EnergySource>,
    /// The time from one change of its energy counter to the next: a mean of what was seen while the counter was read
    /// most often. No less than the time between two readings, so it says little before an operation ran.
    pub counter_period: Option<Duration>,
    /// Joules measured since the sampler started.
    pub measured: f64,
    /// Joules of operations.
    pub request: f64,
    /// Joules of idleness.
    pub idle: f64,
    /// Joules that are nobody's.
    pub unattributed: f64,
    /// When its memory will be full if it goes on to fill as it does now; `None` while it does not.
    pub memory_full_in: Option<Duration>,
}

/// What an operation used.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct OperationEnergy {
    /// `gen_ai.operation.name`.
    pub operation: String,
    /// `gen_ai.request.model`, bounded as in the labels.
    pub model: String,
    /// The trace that it belongs to, in hexadecimal digits.
    pub trace_id: Option<String>,
    /// Its span, in hexadecimal digits.
    pub span_id: Option<String>,
    /// Its energy.
    pub joules: f64,
    /// Seconds of GPUs, shared as the energy is.
    pub gpu_seconds: f64,
    /// What that costs, where prices were given.
    pub cost_usd: Option<f64>,
    /// Its output tokens.
    pub output_tokens: u64,
    /// Seconds of its run in which heat or the hardware held a GPU's clocks down.
    pub throttled_seconds: f64,
    /// How energy was shared.
    pub method: EnergyMethod,
    /// Where the figure comes from.
    pub source: EnergySource,
    /// Whether all of it was measured. If not, some intervals are missing: the figure is too low.
    pub complete: bool,
    /// Whether others used a device of it while it ran: its part is then our part of the work, and what could not be
    /// told is nobody's. Known where processes are asked for.
    pub shared: bool,
}

impl OperationEnergy {
    /// Joules of an output token; `None` without one.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "exact below 2^53 tokens")]
    pub fn joules_per_token(&self) -> Option<f64> {
        (self.output_tokens > 0).then(|| self.joules / self.output_tokens as f64)
    }

    /// Writes `llm_request_energy`, a log event of its own: energy is known only after the operation's end.
    pub(crate) fn write(&self) {
        tracing::event!(
            name: "llm_request_energy",
            target: "llmobs",
            parent: None,
            tracing::Level::INFO,
            trace_id = self.trace_id.as_deref(),
            span_id = self.span_id.as_deref(),
            gen_ai.operation.name = self.operation.as_str(),
            gen_ai.request.model = self.model.as_str(),
            energy_j = self.joules,
            energy_method = self.method.as_str(),
            energy_source = self.source.as_str(),
            energy_complete = self.complete,
            energy_shared = self.shared,
            energy_per_token_j = self.joules_per_token(),
            gpu_s = self.gpu_seconds,
            gpu_cost_usd = self.cost_usd,
            gpu_throttled_s = self.throttled_seconds,
            output_tokens = i64::try_from(self.output_tokens).unwrap_or(i64::MAX),
            "llm_request_energy"
        );
    }
}
