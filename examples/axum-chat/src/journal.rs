//! One log line for each request: how it went and how long each part took. Never what was said.

use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Moment;
use llmobs::Observer;
use llmobs::OperationName;

use crate::app::App;
use crate::error::ApiError;
use crate::event::Event;

/// What is known of a request so far. The line is written when it is dropped, that is, when the request is over.
#[derive(Debug)]
pub(crate) struct Journal {
    observer: Observer,
    model: String,
    operation: OperationName,
    arrived: Moment,
    queue: Option<Duration>,
    first: Option<Moment>,
    last: Option<Moment>,
    prompt: Option<usize>,
    completion: usize,
    outcome: Outcome,
}

#[derive(Debug)]
enum Outcome {
    /// It may be over at any time: the client may leave.
    Open,
    Completed(FinishReason),
    Failed(ErrorType),
    Rejected(ErrorType),
}

impl Journal {
    pub(crate) fn open(app: &App, operation: OperationName, arrived: Moment) -> Self {
        Self {
            observer: app.observer.clone(),
            model: app.engine.model().to_owned(),
            operation,
            arrived,
            queue: None,
            first: None,
            last: None,
            prompt: None,
            completion: 0,
            outcome: Outcome::Open,
        }
    }

    /// Notes that the request was not admitted.
    pub(crate) fn refuse(mut self, error: &ApiError) {
        self.outcome = Outcome::Rejected(error.error_type);
    }

    /// Notes what becomes of the sequence. The line is written when the stream is dropped.
    pub(crate) fn follow<S: Stream<Item = Event>>(mut self, events: S) -> impl Stream<Item = Event> + use<S> {
        events.inspect(move |event| self.saw(event))
    }

    fn saw(&mut self, event: &Event) {
        match event {
            Event::Scheduled { waited, prompt } => {
                self.queue = Some(*waited);
                self.prompt = Some(*prompt);
            }
            Event::Token { at, .. } => {
                self.first.get_or_insert(*at);
                self.last = Some(*at);
                self.completion += 1;
            }
            Event::Finished { reason, .. } => self.outcome = Outcome::Completed(reason.clone()),
            Event::Failed { error } => self.outcome = Outcome::Failed(*error),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        let (outcome, finish_reason, error) = match &self.outcome {
            Outcome::Open => ("cancelled", None, None),
            Outcome::Completed(reason) => ("completed", Some(reason.as_str()), None),
            Outcome::Failed(error) => ("failed", None, Some(error.as_str())),
            Outcome::Rejected(error) => ("rejected", None, Some(error.as_str())),
        };
        tracing::info!(
            operation = self.operation.as_str(),
            model = self.model,
            outcome,
            finish_reason,
            error,
            prompt_tokens = self.prompt,
            completion_tokens = self.completion,
            queue_ms = self.queue.map(ms),
            ttft_ms = self.first.map(|first| ms(first.since(self.arrived))),
            decode_ms = self.first.zip(self.last).map(|(first, last)| ms(last.since(first))),
            duration_ms = ms(self.observer.now().since(self.arrived)),
            "request"
        );
    }
}

/// Milliseconds, to the microsecond.
fn ms(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
