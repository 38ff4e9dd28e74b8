//! Peak performance of GPUs, and estimates of the utilization that follows from a model's size.

/// Returns the peak of dense 16-bit floating-point operations per second for a data-center GPU, by its model name;
/// `None` for another GPU. Data sheets that state the peak with sparsity state twice this value. Variants are listed
/// for the H100 only (`PCIe`, `NVL`); a variant of another GPU gets the value of its SXM module.
#[cfg(any(feature = "nvml", test))]
pub(crate) fn peak_flops(name: &str) -> Option<u64> {
    let peaks = [
        ("B200", 2_250),
        ("H200", 989),
        ("GH200", 989),
        ("H100 PCIe", 756),
        ("H100 NVL", 835),
        ("H100", 989),
        ("H800", 989),
        ("A100", 312),
        ("A800", 312),
        ("L40S", 362),
        ("L4", 121),
        ("A10G", 70),
        ("A10", 125),
        ("T4", 65),
        ("V100", 125),
    ];
    // Match whole words: `A10` must not match `A1000`.
    let contains_word = |word: &str| {
        name.match_indices(word).any(|(start, word)| {
            let before = name[..start].chars().next_back();
            let after = name[start + word.len()..].chars().next();
            let is_boundary = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric());
            is_boundary(before) && is_boundary(after)
        })
    };
    peaks.iter().find(|(model, _)| contains_word(model)).map(|(_, tera)| tera * 1_000_000_000_000)
}

/// The size of a model, as published by its makers.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModelSize {
    pub(crate) model: String,
    pub(crate) engine_id: String,
    pub(crate) active_parameters: f64,
    pub(crate) bytes_per_parameter: f64,
    pub(crate) cache_bytes_per_token: f64,
}

impl ModelSize {
    /// Creates the size of a model. `model` is its name as in the label `gen_ai.request.model`: the operations with
    /// this name are its work. `active_parameters` is the number of parameters used for one token: all parameters, or
    /// those of the active experts.
    #[must_use]
    pub fn new(model: impl Into<String>, active_parameters: f64) -> Self {
        Self {
            model: model.into(),
            engine_id: "0".to_owned(),
            active_parameters,
            bytes_per_parameter: 2.0,
            cache_bytes_per_token: 0.0,
        }
    }

    /// Sets the label `llmobs.engine.id` of the model's estimates. It selects no operations: the work is that of all
    /// operations of the model, in any engine. Defaults to `0`.
    #[must_use]
    pub fn engine_id(mut self, id: impl Into<String>) -> Self {
        self.engine_id = id.into();
        self
    }

    /// Sets the bytes in which one parameter is stored. Defaults to 2.
    #[must_use]
    pub const fn bytes_per_parameter(mut self, bytes: f64) -> Self {
        self.bytes_per_parameter = bytes;
        self
    }

    /// Sets the bytes of the KV cache per token. Defaults to 0, which leaves the reads of the cache out of the
    /// estimate.
    #[must_use]
    pub const fn cache_bytes_per_token(mut self, bytes: f64) -> Self {
        self.cache_bytes_per_token = bytes;
        self
    }
}

/// The work of a model in a time window.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct ModelWork {
    /// Length of the window in seconds.
    pub(crate) seconds: f64,
    /// Number of prompt tokens and output tokens processed.
    pub(crate) tokens: f64,
    /// Lower bound of the number of times that the weights were read.
    pub(crate) weight_reads: f64,
    /// Number of context tokens of an operation, summed over its generated tokens and over all operations.
    pub(crate) context_tokens: f64,
}

/// Returns the model FLOPs utilization (MFU), a ratio: two operations per parameter and token. `peak` is in operations
/// per second. Returns `None` if the time or the peak is not positive, or the ratio is not finite.
pub(crate) fn flops_utilization(size: &ModelSize, work: &ModelWork, peak: f64) -> Option<f64> {
    ratio(2.0 * size.active_parameters * work.tokens, work.seconds, peak)
}

/// Returns the model bandwidth utilization (MBU), a ratio: the weights once per step, and the KV cache. `peak` is in
/// bytes per second. Returns `None` if the time or the peak is not positive, or the ratio is not finite.
pub(crate) fn bandwidth_utilization(size: &ModelSize, work: &ModelWork, peak: f64) -> Option<f64> {
    let weights = size.active_parameters * size.bytes_per_parameter * work.weight_reads;
    ratio(weights + size.cache_bytes_per_token * work.context_tokens, work.seconds, peak)
}

fn ratio(work: f64, seconds: f64, peak: f64) -> Option<f64> {
    let ratio = work / seconds / peak;
    (seconds > 0.0 && peak > 0.0 && ratio.is_finite()).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_matched_by_whole_words() {
        assert_eq!(peak_flops("NVIDIA H100 80GB HBM3"), Some(989_000_000_000_000));
        assert_eq!(peak_flops("NVIDIA H100 PCIe"), Some(756_000_000_000_000));
        assert_eq!(peak_flops("NVIDIA A100-SXM4-40GB"), Some(312_000_000_000_000));
        assert_eq!(peak_flops("NVIDIA RTX A1000"), None, "an unknown device has no peak rate");
        assert_eq!(peak_flops("NVIDIA GeForce RTX 4090"), None);
    }

    #[test]
    fn utilization_is_the_ratio_of_the_work_to_the_peak() {
        let size = ModelSize::new("8b", 8e9).bytes_per_parameter(2.0).cache_bytes_per_token(131_072.0);
        let work = ModelWork { seconds: 1.0, tokens: 2_000.0, weight_reads: 100.0, context_tokens: 1e6 };
        let flops = flops_utilization(&size, &work, 989e12).unwrap();
        assert!((flops - 2.0 * 8e9 * 2_000.0 / 989e12).abs() < 1e-12);
        let bytes = bandwidth_utilization(&size, &work, 3.352e12).unwrap();
        assert!((bytes - (16e9 * 100.0 + 131_072.0 * 1e6) / 3.352e12).abs() < 1e-12);
        assert_eq!(flops_utilization(&size, &ModelWork::default(), 989e12), None, "without time there is no ratio");
    }
}
