//! Bucket bounds of the histograms.
//!
//! The conventions' advised lists end where an incident begins (10 s for the first token), so the default goes on.

/// Which family of measurement a histogram holds; it decides the bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum BucketShape {
    /// Time to the first token or chunk of a server, in seconds.
    FirstToken,
    /// Whole operations and client-side waits, in seconds.
    Duration,
    /// Time per token, in seconds.
    PerToken,
    /// Time from chunk to chunk, in seconds.
    PerChunk,
    /// Queue, prefill, decode, phases and other parts of an operation, in seconds.
    Stage,
    /// Numbers of tokens.
    Tokens,
    /// Small numbers: choices.
    SmallCount,
    /// Delays of the runtime, in seconds.
    Lag,
    /// HTTP requests, in seconds.
    Http,
    /// Energy of an operation, in joules.
    Energy,
    /// Calls of a driver, in seconds.
    DriverCall,
}

/// How fine the histograms are. Thresholds of objectives are added as exact bounds to each of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Buckets {
    /// The conventions' advised lists as they are.
    Semconv,
    /// The conventions' lists with a tail to 640 s (10 s for times per token).
    #[default]
    Default,
    /// More bounds where services live, at about twice the series.
    Fine,
    /// Exponential histograms. Only a View of the OpenTelemetry SDK can ask for them, so everywhere else this is
    /// [`Buckets::Fine`], and the observer says so once.
    Exponential,
}

impl Buckets {
    /// The upper bounds for a shape, inclusive and rising.
    #[must_use]
    pub fn bounds(self, shape: BucketShape) -> Vec<f64> {
        let fine = matches!(self, Self::Fine | Self::Exponential);
        let (base, tail): (&[f64], &[f64]) = match shape {
            BucketShape::FirstToken if fine => (FIRST_TOKEN_FINE, LONG_TAIL),
            BucketShape::FirstToken => (FIRST_TOKEN, LONG_TAIL),
            // The conventions advise the same list for both.
            BucketShape::Duration | BucketShape::PerChunk if fine => (DURATION_FINE, &[320.0, 640.0]),
            BucketShape::Duration | BucketShape::PerChunk => (DURATION, &[160.0, 320.0, 640.0]),
            BucketShape::PerToken if fine => (PER_TOKEN_FINE, &[]),
            BucketShape::PerToken => (PER_TOKEN, &[5.0, 10.0]),
            BucketShape::Stage if fine => (PART_FINE, &[160.0, 320.0, 640.0]),
            BucketShape::Stage => (PART, &[160.0, 320.0, 640.0]),
            BucketShape::Tokens => (TOKENS, &[]),
            BucketShape::SmallCount => (FEW, &[]),
            BucketShape::Lag => (LAG, &[]),
            // A stream of tokens lasts longer than what the conventions had in mind.
            BucketShape::Http => (HTTP, LONG_TAIL),
            BucketShape::Energy => (ENERGY, &[]),
            BucketShape::DriverCall => (CALL, &[]),
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
const PART: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 80.0];
const PART_FINE: &[f64] = &[
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
const FEW: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0];
/// semconv v1.41, `http.server.request.duration`.
const HTTP: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];
const ENERGY: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 50_000.0,
];
/// From what a driver answers at once to what stalls a machine.
const CALL: &[f64] =
    &[0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];
const LAG: &[f64] = &[0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_rise_and_the_default_holds_every_advised_bound() {
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
            BucketShape::Energy,
            BucketShape::DriverCall,
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
