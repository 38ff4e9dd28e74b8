//! The notes of an operation: values of the request and the answer that few operations have. Other state of an
//! operation is without locks; locks are used only here.

use crate::sync::AtomicU64;
use crate::sync::Mutex;
use crate::sync::Ordering;
use std::sync::Arc;
use std::sync::OnceLock;

use opentelemetry::trace::SpanContext;

#[cfg(feature = "cost")]
use super::cost_account::CostAccount;
use super::preemptions::Preemptions;
use super::route::Route;
use crate::event::RequestDetails;
use crate::observer::content::ContentSlot;
use crate::semconv::value::FinishReason;
use crate::span::ServedRequest;
use crate::usage::SupersededTokens;
use crate::usage::Usage;
use crate::usage::UsageDetails;

/// The maximum number of choices whose usage is kept, and of further choices whose finish reasons are kept.
const MAX_CHOICES: usize = 128;

/// The notes of an operation, allocated when the first is set, from any thread.
#[derive(Debug, Default)]
pub(crate) struct ResponseNotes(OnceLock<Box<Notes>>);

/// The values of the notes. Each that is in a `OnceLock` is set at most once; later values are ignored.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// The conversation that the operation belongs to, up to 128 bytes.
    pub(crate) conversation_id: OnceLock<Arc<str>>,
    /// The name of the tenant as the application gave it, up to 128 bytes, if records include it.
    pub(crate) tenant_name: OnceLock<Arc<str>>,
    /// The response to the current attempt.
    response: Mutex<Response>,
    /// The provider and the model to which the request is sent now, if they are not those of the start.
    pub(crate) route: Route,
    /// The type of the exception that the application reported.
    pub(crate) exception_type: OnceLock<&'static str>,
    /// The parameters of the request, if details events are emitted.
    pub(crate) request_details: OnceLock<RequestDetails>,
    /// The server's request, if its span describes this operation, the first one of the request.
    pub(crate) served_request: OnceLock<Arc<ServedRequest>>,
    /// The modalities and the service tier of the reported usage.
    usage_details: Mutex<UsageDetails>,
    /// The usage that was reported for single choices, at most 128, with the indices of the choices.
    choice_usages: Mutex<Vec<(u32, Usage)>>,
    /// Finish reasons of the choices after the first that ended, at most 128, with the indices of the choices.
    other_finish_reasons: Mutex<Vec<(u16, FinishReason)>>,
    /// Number of output tokens that the stream had carried when the current attempt started.
    carried_before_attempt: AtomicU64,
    /// Number of input and output tokens of the attempts that others superseded.
    superseded_tokens: [AtomicU64; 2],
    /// The span of the previous attempt.
    last_attempt_span: Mutex<Option<SpanContext>>,
    /// The times for which the engine had taken the operation out of its batch.
    preemptions: OnceLock<Box<Preemptions>>,
    /// The account of the costs, if the observer has prices.
    #[cfg(feature = "cost")]
    pub(crate) cost: OnceLock<Box<CostAccount>>,
    /// The input and output, if content is captured.
    pub(crate) content: ContentSlot,
}

/// The names that the provider gave its response, each up to 128 bytes; `None` if it is not known.
#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    /// The identifier of the response.
    pub(crate) id: Option<Arc<str>>,
    /// The name of the model that answered.
    pub(crate) model: Option<Arc<str>>,
}

impl ResponseNotes {
    /// Returns the notes, and allocates them on the first call.
    #[inline]
    pub(crate) fn get_or_init(&self) -> &Notes {
        self.0.get_or_init(Box::default)
    }

    /// Returns the notes; `None` if none was set.
    #[inline]
    pub(crate) fn get(&self) -> Option<&Notes> {
        self.0.get().map(Box::as_ref)
    }
}

impl Notes {
    /// Sets a name of the response, unless it is set already.
    pub(crate) fn set_response(&self, field: impl FnOnce(&mut Response) -> &mut Option<Arc<str>>, text: &str) {
        field(&mut self.response.lock()).get_or_insert_with(|| text.into());
    }

    /// Returns the names of the response to the current attempt.
    pub(crate) fn response(&self) -> Response {
        self.response.lock().clone()
    }

    /// Forgets the names of the response, because a new attempt starts.
    pub(crate) fn restart_response(&self) {
        *self.response.lock() = Response::default();
    }

    /// Merges the details of a report of usage into those of earlier reports.
    pub(crate) fn merge_usage_details(&self, details: UsageDetails) {
        let mut merged = self.usage_details.lock();
        *merged = details.or(*merged);
    }

    /// Returns the details of the usage reported so far.
    pub(crate) fn usage_details(&self) -> UsageDetails {
        *self.usage_details.lock()
    }

    /// Merges a report of the usage of one choice. Returns the sums of the output and reasoning tokens over the choices,
    /// each with the largest number of its reports; a sum is `None` if no choice reported the number.
    pub(crate) fn merge_choice_usage(&self, choice: u32, usage: &Usage) -> Usage {
        let mut usages = self.choice_usages.lock();
        if let Some((_, known)) = usages.iter_mut().find(|(known, _)| *known == choice) {
            known.output = known.output.max(usage.output);
            known.reasoning = known.reasoning.max(usage.reasoning);
        } else if usages.len() < MAX_CHOICES {
            usages.push((choice, *usage));
        }
        let sum = |number: fn(&Usage) -> Option<u64>| {
            usages.iter().filter_map(|(_, usage)| number(usage)).reduce(u64::saturating_add)
        };
        Usage { output: sum(|usage| usage.output), reasoning: sum(|usage| usage.reasoning), ..Usage::new() }
    }

    /// Returns the number of output tokens that the stream had carried when the current attempt started.
    pub(crate) fn carried_before_attempt(&self) -> u64 {
        self.carried_before_attempt.load(Ordering::Relaxed)
    }

    /// Forgets the usage that was reported for the previous attempt: the numbers of the choices, the modalities and the
    /// service tier. `carried` is the number of output tokens that the stream has carried so far.
    pub(crate) fn restart_usage(&self, carried: u64) {
        self.carried_before_attempt.store(carried, Ordering::Relaxed);
        self.choice_usages.lock().clear();
        *self.usage_details.lock() = UsageDetails::new();
    }

    /// Adds tokens of an attempt that another superseded.
    pub(crate) fn add_superseded(&self, SupersededTokens { input, output }: SupersededTokens) {
        self.superseded_tokens[0].fetch_add(input, Ordering::Relaxed);
        self.superseded_tokens[1].fetch_add(output, Ordering::Relaxed);
    }

    /// Returns the tokens of the attempts that others superseded so far.
    pub(crate) fn superseded(&self) -> SupersededTokens {
        let [input, output] = [0, 1].map(|index: usize| self.superseded_tokens[index].load(Ordering::Relaxed));
        SupersededTokens { input, output }
    }

    /// Adds the finish reason of a choice after the first that ended. Only the first reason of a choice is kept, and at
    /// most 128 choices.
    #[inline]
    pub(crate) fn add_finish_reason(&self, choice: u16, reason: FinishReason) {
        let mut others = self.other_finish_reasons.lock();
        if others.len() < MAX_CHOICES && others.iter().all(|(known, _)| *known != choice) {
            others.push((choice, reason));
        }
    }

    /// Returns the finish reasons of the choices after the first that ended, with the indices of the choices.
    #[inline]
    pub(crate) fn other_finish_reasons(&self) -> Vec<(u16, FinishReason)> {
        self.other_finish_reasons.lock().clone()
    }

    /// Returns the times for which the engine had taken the operation out of its batch; `None` if it never did.
    pub(crate) fn preemptions(&self) -> Option<&Preemptions> {
        self.preemptions.get().map(Box::as_ref)
    }

    /// Returns the times out of the batch, and allocates them on the first call.
    pub(crate) fn preemptions_or_init(&self) -> &Preemptions {
        self.preemptions.get_or_init(Box::default)
    }

    /// Stores the span of an attempt, a try of the operation. Returns that of the previous attempt; `None` at the first
    /// call.
    #[inline]
    pub(crate) fn replace_attempt_span(&self, span: SpanContext) -> Option<SpanContext> {
        self.last_attempt_span.lock().replace(span)
    }
}
