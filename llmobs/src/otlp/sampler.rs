//! Head sampling: decides at the start of a trace whether the trace is recorded.

use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::trace::Link;
use opentelemetry::trace::SpanKind;
use opentelemetry::trace::TraceContextExt;
use opentelemetry::trace::TraceId;
use opentelemetry_sdk::trace::ParentBasedSampler;
use opentelemetry_sdk::trace::SamplingDecision;
use opentelemetry_sdk::trace::SamplingResult;
use opentelemetry_sdk::trace::ShouldSample;

use super::environment::Environment;
use super::environment::Warnings;
use super::threshold::Threshold;
use super::threshold::randomness;

/// A head sampler: one of the values of `OTEL_TRACES_SAMPLER`. In the parent-based samplers, the sampling decision of a
/// parent span applies to its children. A ratio outside of 0 to 1 counts as the nearer of them, and NaN as 0.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Sampler {
    /// Records all traces.
    AlwaysOn,
    /// Records no trace.
    AlwaysOff,
    /// Records this ratio of the traces, from 0 to 1, regardless of the parent's decision.
    TraceIdRatio(f64),
    /// Follows the parent's decision and records every trace that has no parent. The default.
    ParentBasedAlwaysOn,
    /// Follows the parent's decision and records no trace that has no parent.
    ParentBasedAlwaysOff,
    /// Follows the parent's decision and records this ratio, from 0 to 1, of the traces that have no parent.
    ParentBasedTraceIdRatio(f64),
}

impl Sampler {
    pub(super) fn from_environment(environment: &Environment, warnings: &mut Warnings) -> Self {
        const NAME: &str = "OTEL_TRACES_SAMPLER";
        let mut ratio = || ratio_argument(environment, warnings);
        match environment.lowercase(NAME).as_deref() {
            None | Some("parentbased_always_on") => Self::ParentBasedAlwaysOn,
            Some("always_on") => Self::AlwaysOn,
            Some("always_off") => Self::AlwaysOff,
            Some("traceidratio") => Self::TraceIdRatio(ratio()),
            Some("parentbased_always_off") => Self::ParentBasedAlwaysOff,
            Some("parentbased_traceidratio") => Self::ParentBasedTraceIdRatio(ratio()),
            Some(other) => {
                warnings.add(NAME, format!("`{other}` is not supported, so `parentbased_always_on` is used"));
                Self::ParentBasedAlwaysOn
            }
        }
    }

    pub(super) fn build(self) -> Box<dyn ShouldSample> {
        let always_on = opentelemetry_sdk::trace::Sampler::AlwaysOn;
        let always_off = opentelemetry_sdk::trace::Sampler::AlwaysOff;
        match self {
            Self::AlwaysOn => Box::new(always_on),
            Self::AlwaysOff => Box::new(always_off),
            Self::TraceIdRatio(ratio) => Box::new(TraceIdRatioSampler(Threshold::from_ratio(ratio))),
            // The SDK's `Sampler::ParentBased` would drop the trace state, which contains the sampling threshold.
            Self::ParentBasedAlwaysOn => Box::new(ParentBasedSampler::new(always_on)),
            Self::ParentBasedAlwaysOff => Box::new(ParentBasedSampler::new(always_off)),
            Self::ParentBasedTraceIdRatio(ratio) => {
                Box::new(ParentBasedSampler::new(TraceIdRatioSampler(Threshold::from_ratio(ratio))))
            }
        }
    }
}

fn ratio_argument(environment: &Environment, warnings: &mut Warnings) -> f64 {
    const NAME: &str = "OTEL_TRACES_SAMPLER_ARG";
    let Some(value) = environment.get(NAME) else { return 1.0 };
    match value.parse() {
        Ok(ratio) if (0.0..=1.0).contains(&ratio) => ratio,
        _ => {
            warnings.add(NAME, format!("`{value}` is not a ratio from 0 to 1, so 1 is used"));
            1.0
        }
    }
}

/// A sampler that records a ratio of the traces, chosen by their random numbers, and writes the threshold into the
/// trace state.
#[derive(Debug, Clone)]
struct TraceIdRatioSampler(Threshold);

impl ShouldSample for TraceIdRatioSampler {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let state = parent.map(|parent| parent.span().span_context().trace_state().clone()).unwrap_or_default();
        let is_sampled = self.0.should_keep(randomness(trace, &state));
        SamplingResult {
            decision: if is_sampled { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
            attributes: Vec::new(),
            trace_state: if is_sampled { self.0.insert_into(&state) } else { state },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler_and_warnings(pairs: &[(&str, &str)]) -> (Sampler, Vec<String>) {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut warnings = Warnings::default();
        let sampler = Sampler::from_environment(&Environment::from_pairs(pairs), &mut warnings);
        (sampler, warnings.as_slice().to_vec())
    }

    #[test]
    fn the_variables_select_the_sampler_and_unsupported_values_get_a_warning() {
        let name = "OTEL_TRACES_SAMPLER";
        let argument = "OTEL_TRACES_SAMPLER_ARG";
        assert_eq!(sampler_and_warnings(&[]), (Sampler::ParentBasedAlwaysOn, vec![]));
        assert_eq!(
            sampler_and_warnings(&[(name, "traceidratio"), (argument, "0.25")]),
            (Sampler::TraceIdRatio(0.25), vec![])
        );
        let (sampler, warnings) = sampler_and_warnings(&[(name, "jaeger_remote")]);
        assert_eq!((sampler, warnings.len()), (Sampler::ParentBasedAlwaysOn, 1));
        let (sampler, warnings) = sampler_and_warnings(&[(name, "parentbased_traceidratio"), (argument, "7")]);
        assert_eq!((sampler, warnings.len()), (Sampler::ParentBasedTraceIdRatio(1.0), 1));
    }

    #[test]
    fn a_ratio_samples_by_the_last_bits_of_the_trace_id_and_is_written_into_the_trace_state() {
        let sampler = Sampler::ParentBasedTraceIdRatio(0.25).build();
        let decide = |trace: u128| sampler.should_sample(None, TraceId::from(trace), "", &SpanKind::Internal, &[], &[]);
        assert_eq!(decide(0xff00_0000_0000_0000).decision, SamplingDecision::Drop);
        let sampled = decide(0x00c0_0000_0000_0000);
        assert_eq!(sampled.decision, SamplingDecision::RecordAndSample);
        assert_eq!(sampled.trace_state.header(), "ot=th:c");
    }
}
