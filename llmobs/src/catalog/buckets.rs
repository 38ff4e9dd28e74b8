//! Bucket bounds of the histograms.
//!
//! The bounds that the conventions advise end at values that are normal during an incident (10 s for the first token),
//! so the default bounds extend them.

/// The bucket bounds of the number of sequences in a step of an engine.
pub(super) const SEQUENCES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0];

/// The bucket bounds of the number of tokens in a step of an engine.
pub(super) const STEP_TOKENS: &[f64] =
    &[1.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1_024.0, 2_048.0, 4_096.0, 8_192.0, 16_384.0, 32_768.0];

/// The bucket bounds of the number of preemptions of an operation.
pub(super) const PREEMPTIONS: &[f64] = &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0];

/// The bucket bounds of the cost of an operation, in US dollars: from a short answer of a small model to a long one of a
/// large model.
pub(super) const COSTS: &[f64] =
    &[0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0];

/// The kind of quantity that a histogram measures. The kind determines the bucket bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum BucketShape {
    /// Time to first token, in seconds.
    FirstToken,
    /// Duration of an operation and time to first chunk of a client, in seconds.
    Duration,
    /// Time per token, in seconds: mean time per output token (TPOT), inter-token latency and the longest gap.
    PerToken,
    /// Time from one chunk to the next, in seconds.
    PerChunk,
    /// Duration of a stage of an operation (queue, prefill, decode, phase, consumer wait), of a step of an engine or of
    /// an export, in seconds.
    Stage,
    /// Number of tokens.
    Tokens,
    /// A small count, such as the number of choices.
    SmallCount,
    /// Lag of the async runtime, in seconds.
    Lag,
    /// Duration of an HTTP request, in seconds.
    Http,
    /// Another quantity, with the bounds that the owner of the metric chose: finite, in ascending order, and the same
    /// for every variant of [`Buckets`].
    Custom(&'static [f64]),
}

/// The resolution of the histograms. The limits of objectives are added as exact bounds to the histograms of this crate
/// that they limit, for every variant. For quantities without advised bounds (stages, small counts, the lag), the
/// bounds of [`Semconv`](Self::Semconv) and [`Default`](Self::Default) are those that llmobs chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Buckets {
    /// The bounds that the conventions advise, unchanged.
    Semconv,
    /// The bounds of [`Semconv`](Self::Semconv), with those of times extended to 640 s (to 10 s for times per token,
    /// and not extended for the lag of the async runtime, which ends at 5 s, and for [`BucketShape::Custom`]).
    #[default]
    Default,
    /// More bounds for times in the typical range of services, with up to 50 % more series. Some bounds that the
    /// conventions advise are left out.
    Fine,
    /// Exponential histograms over OpenTelemetry, which have no fixed bounds. They need a View of the SDK: the pipeline
    /// of llmobs adds it if it is built with this value too, or if the environment selects exponential histograms, and
    /// an application with another pipeline adds its own. Without the View, and on the Prometheus page, the bounds are
    /// those of [`Buckets::Fine`]; the observer logs this at INFO when it is built.
    Exponential,
}

impl Buckets {
    /// Returns the upper bounds for a shape in ascending order, without the limits of objectives. Each bound is
    /// inclusive; the last bucket, up to infinity, has no bound in the list.
    #[must_use]
    pub fn bounds(self, shape: BucketShape) -> Vec<f64> {
        let fine = matches!(self, Self::Fine | Self::Exponential);
        let (base, tail): (&[f64], &[f64]) = match shape {
            BucketShape::FirstToken if fine => (FIRST_TOKEN_FINE, LONG_TAIL),
            BucketShape::FirstToken => (FIRST_TOKEN, LONG_TAIL),
            // The conventions advise the same bounds for both.
            BucketShape::Duration | BucketShape::PerChunk if fine => (DURATION_FINE, &[320.0, 640.0]),
            BucketShape::Duration | BucketShape::PerChunk => (DURATION, &[160.0, 320.0, 640.0]),
            BucketShape::PerToken if fine => (PER_TOKEN_FINE, &[]),
            BucketShape::PerToken => (PER_TOKEN, &[5.0, 10.0]),
            BucketShape::Stage if fine => (STAGE_FINE, &[160.0, 320.0, 640.0]),
            BucketShape::Stage => (STAGE, &[160.0, 320.0, 640.0]),
            BucketShape::Tokens => (TOKENS, &[]),
            BucketShape::SmallCount => (SMALL_COUNT, &[]),
            BucketShape::Lag => (LAG, &[]),
            // A token stream lasts longer than the HTTP requests for which the conventions chose their bounds.
            BucketShape::Http => (HTTP, LONG_TAIL),
            BucketShape::Custom(bounds) => (bounds, &[]),
        };
        let mut bounds = base.to_vec();
        if self != Self::Semconv {
            bounds.extend_from_slice(tail);
        }
        bounds
    }
}

/// semconv v1.41, `gen_ai.server.time_to_first_token`.
const FIRST_TOKEN: &[f64] =
    &[0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const FIRST_TOKEN_FINE: &[f64] = &[
    0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 6.0,
    7.5, 10.0,
];
const LONG_TAIL: &[f64] = &[20.0, 40.0, 80.0, 160.0, 320.0, 640.0];
/// semconv v1.41, `gen_ai.client.operation.duration` and `gen_ai.server.request.duration`.
const DURATION: &[f64] = &[0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const DURATION_FINE: &[f64] = &[
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 45.0, 60.0,
    90.0, 120.0, 180.0,
];
/// semconv v1.41, `gen_ai.server.time_per_output_token`.
const PER_TOKEN: &[f64] = &[0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0, 2.5];
const PER_TOKEN_FINE: &[f64] = &[
    0.002, 0.005, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75,
    1.0, 2.5, 5.0, 10.0,
];
const STAGE: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0];
const STAGE_FINE: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 7.5, 10.0,
    20.0, 40.0, 80.0,
];
/// semconv v1.41, `gen_ai.client.token.usage`.
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1_024.0,
    4_096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
const SMALL_COUNT: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// semconv v1.41, `http.server.request.duration`.
const HTTP: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const LAG: &[f64] = &[0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_ascend_and_the_default_contains_every_advised_bound() {
        let shapes = [
            BucketShape::FirstToken,
            BucketShape::Duration,
            BucketShape::PerToken,
            BucketShape::PerChunk,
            BucketShape::Stage,
            BucketShape::Tokens,
            BucketShape::SmallCount,
            BucketShape::Lag,
            BucketShape::Http,
            BucketShape::Custom(&[0.5, 1.0]),
        ];
        for shape in shapes {
            for buckets in [Buckets::Semconv, Buckets::Default, Buckets::Fine, Buckets::Exponential] {
                let bounds = buckets.bounds(shape);
                assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]), "{buckets:?} {shape:?}");
            }
            let default = Buckets::Default.bounds(shape);
            assert!(Buckets::Semconv.bounds(shape).iter().all(|bound| default.contains(bound)));
        }
        assert_eq!(Buckets::Default.bounds(BucketShape::FirstToken).last(), Some(&640.0));
        assert_eq!(Buckets::Default.bounds(BucketShape::PerToken).last(), Some(&10.0));
    }
}
