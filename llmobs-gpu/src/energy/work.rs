//! Weights of the work of operations in a step of an engine: estimated joules if the size of the model is known, else
//! weighted tokens. Only the ratio of the weights matters, because measured energy is divided by them.

use llmobs::companion::SequenceWork;

use crate::numbers::to_f64;
use crate::roofline::ModelSize;

/// The coefficients by which the energy of a step is divided between its operations. They are magnitudes, not
/// measurements of one GPU, and only their ratio matters: measured energy is divided, and its sum does not change.
///
/// ```
/// use llmobs_gpu::Sampler;
/// use llmobs_gpu::WorkCoefficients;
///
/// let coefficients = WorkCoefficients::new().joules_per_flop(0.5e-12);
/// let builder = Sampler::builder().work_coefficients(coefficients);
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use]
pub struct WorkCoefficients {
    joules_per_flop: f64,
    joules_per_byte: f64,
    prefill_token_weight: f64,
}

impl Default for WorkCoefficients {
    fn default() -> Self {
        Self::new()
    }
}

impl WorkCoefficients {
    /// Creates the default coefficients.
    pub const fn new() -> Self {
        Self { joules_per_flop: 0.35e-12, joules_per_byte: 35e-12, prefill_token_weight: 0.05 }
    }

    /// Sets the energy of one floating-point operation in joules. Defaults to 0.35 pJ: about half of the board power of
    /// an H100 (700 W) at its dense 16-bit peak (989 TFLOP/s).
    pub const fn joules_per_flop(mut self, joules: f64) -> Self {
        self.joules_per_flop = joules;
        self
    }

    /// Sets the energy of reading one byte of device memory in joules. Defaults to 35 pJ: about 4 pJ per bit, the
    /// magnitude of stacked memory (HBM) with its interface.
    pub const fn joules_per_byte(mut self, joules: f64) -> Self {
        self.joules_per_byte = joules;
        self
    }

    /// Sets the work of a prompt token relative to a generated token, for engines of models without a
    /// [size](crate::ModelSize). Defaults to 0.05: a prompt is computed in parallel, so its tokens share the reads of
    /// the weights.
    pub const fn prefill_token_weight(mut self, ratio: f64) -> Self {
        self.prefill_token_weight = ratio;
        self
    }

    /// Returns the joules that a step uses for any batch: one read of the weights.
    pub(crate) const fn weight_read(&self, size: &ModelSize) -> f64 {
        size.active_parameters * size.bytes_per_parameter * self.joules_per_byte
    }

    /// Returns the joules that a step uses for one sequence: two operations for each parameter and token, and the
    /// read of its KV cache.
    pub(crate) fn sequence_joules(&self, size: &ModelSize, work: SequenceWork) -> f64 {
        let tokens = to_f64(work.prefill_tokens.saturating_add(work.decode_tokens));
        let flops = 2.0 * size.active_parameters * tokens;
        let bytes = size.cache_bytes_per_token * to_f64(work.context_tokens);
        flops * self.joules_per_flop + bytes * self.joules_per_byte
    }

    /// Returns the weighted tokens of one sequence in a step.
    pub(crate) fn weighted_tokens(&self, work: SequenceWork) -> f64 {
        to_f64(work.decode_tokens) + self.prefill_token_weight * to_f64(work.prefill_tokens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_of_a_sequence_is_its_arithmetic_and_the_read_of_its_cache() {
        let size = ModelSize::new("8b", 8e9).bytes_per_parameter(2.0).cache_bytes_per_token(131_072.0);
        let coefficients = WorkCoefficients::new();
        let is_close = |joules: f64, expected: f64| (joules / expected - 1.0).abs() < 1e-9;
        assert!(is_close(coefficients.weight_read(&size), 0.56), "16 GB at 35 pJ");
        let decode = SequenceWork::new().decode_tokens(1).context_tokens(1_000);
        assert!(is_close(coefficients.sequence_joules(&size, decode), 0.0056 + 0.004_587_52));
        let prefill = SequenceWork::new().prefill_tokens(1_000);
        assert!(is_close(coefficients.sequence_joules(&size, prefill), 5.6));
        let coefficients = coefficients.joules_per_flop(0.0).joules_per_byte(1.0).prefill_token_weight(0.5);
        assert!(is_close(coefficients.sequence_joules(&size, decode), 131_072_000.0));
        assert!(is_close(coefficients.weighted_tokens(decode), 1.0));
        assert!(is_close(coefficients.weighted_tokens(prefill.decode_tokens(2)), 502.0));
    }
}
