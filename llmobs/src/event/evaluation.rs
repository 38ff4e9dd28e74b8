//! `gen_ai.evaluation.result`: the evaluation of an answer.

use crate::cardinality::truncate;
use crate::span::TARGET;

/// An evaluation of an answer, by a person or by another model.
///
/// ```
/// use llmobs::operation::Evaluation;
///
/// let thumb = Evaluation::new("feedback").label("up");
/// let relevance = Evaluation::new("relevance").score(0.8);
/// assert_ne!(thumb, relevance);
/// assert_eq!(Evaluation::from(1.0), Evaluation::new("feedback").score(1.0));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Evaluation<'a> {
    pub(crate) name: &'a str,
    pub(crate) score: Option<f64>,
    pub(crate) label: Option<&'a str>,
}

impl<'a> Evaluation<'a> {
    /// Creates an evaluation with the name of its metric, such as `relevance`. Set a [`score`](Self::score), a
    /// [`label`](Self::label) or both.
    pub const fn new(name: &'a str) -> Self {
        Self { name, score: None, label: None }
    }

    /// Sets the score, on the scale of the metric. Defaults to no score; a score that is not finite means no score.
    pub const fn score(mut self, score: f64) -> Self {
        self.score = if score.is_finite() { Some(score) } else { None };
        self
    }

    /// Sets the score label, such as `up` or `pass`. Defaults to no label.
    pub const fn label(mut self, label: &'a str) -> Self {
        self.label = Some(label);
        self
    }

    /// Emits the event without a parent span, in the trace of the current OpenTelemetry context.
    pub(crate) fn emit(&self, response_id: Option<&str>) {
        tracing::event!(
            name: "gen_ai.evaluation.result",
            target: TARGET,
            parent: None,
            tracing::Level::INFO,
            gen_ai.evaluation.name = truncate(self.name),
            gen_ai.evaluation.score.value = self.score,
            gen_ai.evaluation.score.label = self.label.map(truncate),
            gen_ai.response.id = response_id.map(truncate),
            "gen_ai.evaluation.result"
        );
    }
}

/// Creates an evaluation of the metric `feedback` with this score.
impl From<f64> for Evaluation<'_> {
    fn from(score: f64) -> Self {
        Self::new("feedback").score(score)
    }
}
