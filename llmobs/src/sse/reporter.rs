//! Reporting of the content and facts of one frame as events, and of the generated texts if content is captured.

#[cfg(feature = "content")]
use super::content_delta::ContentDelta;
use super::event::DeltaKind;
use super::event::Event;
use super::json::Text;
use super::json::Value;
use super::partial_arguments::PartialArguments;
use super::partial_arguments::ValueFragment;
use super::response_state::MAX_PARTIAL_CALLS;
use super::response_state::ResponseState;
use super::sinks::DecoderSinks;
use super::tool_calls::CallFragment;
use crate::cardinality::truncate;
use crate::semconv::value::ErrorType;
use crate::semconv::value::FinishReason;
use crate::semconv::value::ServiceTier;
use crate::usage::Usage;

/// Reports one frame. The content of a choice is reported in the order of the frame; [`end_choice`](Self::end_choice)
/// then reports one [`Event::Delta`] for each of its kinds.
pub(super) struct Reporter<'r, 's> {
    pub(super) state: &'r mut ResponseState,
    sinks: &'r mut DecoderSinks<'s>,
    kinds: DeltaKinds,
    /// The error of the frame, and whether a finish reason says that the service failed.
    error: Option<ErrorType>,
    has_failed: bool,
}

/// Finish reasons that say that the service failed, and not that the model generated something invalid.
const FAILURES: [&str; 7] =
    ["error", "abort", "aborted", "canceled", "cancelled", "insufficient_system_resource", "network_error"];

/// The kinds of content that one frame adds to one choice.
#[derive(Debug, Default, Clone, Copy)]
struct DeltaKinds {
    content: bool,
    reasoning: bool,
    tool_call: bool,
}

impl<'r, 's> Reporter<'r, 's> {
    pub(super) fn new(state: &'r mut ResponseState, sinks: &'r mut DecoderSinks<'s>) -> Self {
        Self { state, sinks, kinds: DeltaKinds::default(), error: None, has_failed: false }
    }

    /// Reports a part of the visible answer.
    pub(super) fn text(&mut self, choice: u32, text: Text<'_>) {
        if text.is_empty() {
            return;
        }
        self.kinds.content = true;
        #[cfg(feature = "content")]
        self.content(|on| on(ContentDelta::Text { choice, text: &text.to_str() }));
        #[cfg(not(feature = "content"))]
        let _ = choice;
    }

    /// Reports a part of the reasoning.
    pub(super) fn reasoning(&mut self, choice: u32, text: Text<'_>) {
        if text.is_empty() {
            return;
        }
        self.kinds.reasoning = true;
        #[cfg(feature = "content")]
        self.content(|on| on(ContentDelta::Reasoning { choice, text: &text.to_str() }));
        #[cfg(not(feature = "content"))]
        let _ = choice;
    }

    /// Reports generated content that is not captured, for example an image, if `is_present` is set.
    pub(super) const fn media(&mut self, is_present: bool) {
        self.kinds.content |= is_present;
    }

    /// Reports generated text that is neither part of the visible answer nor captured, if `is_present` is set:
    /// encrypted reasoning, and the summary of a compaction.
    pub(super) const fn hidden(&mut self, is_present: bool) {
        self.kinds.reasoning |= is_present;
    }

    /// Reports a fragment of a tool call. A fragment without a name and arguments adds nothing but its id.
    pub(super) fn tool_call(&mut self, fragment: &CallFragment<'_>, arguments: Value<'_>) {
        if fragment.id.is_empty() && fragment.name.is_empty() && !arguments.is_some() {
            return;
        }
        let Some(index) = self.state.tool_calls.find_or_insert(fragment) else { return };
        if fragment.name.is_empty() && !arguments.is_some() {
            return;
        }
        self.kinds.tool_call = true;
        self.call_content(index, fragment, arguments);
    }

    /// Reports the beginning of a tool call whose name the protocol announces before the model generates its arguments:
    /// captures the name, but reports no event.
    pub(super) fn announce_tool_call(&mut self, fragment: &CallFragment<'_>) {
        if let Some(index) = self.state.tool_calls.find_or_insert(fragment) {
            self.call_content(index, fragment, Value::default());
        }
    }

    /// Reports a complete tool call. Adds nothing but the name if fragments of its arguments were reported before.
    pub(super) fn complete_tool_call(&mut self, fragment: &CallFragment<'_>, arguments: Value<'_>) {
        let Some(index) = self.state.tool_calls.find_or_insert(fragment) else { return };
        if self.state.tool_calls.has_arguments(index) {
            return self.call_content(index, fragment, Value::default());
        }
        self.kinds.tool_call = true;
        self.call_content(index, fragment, arguments);
        // The response object at the end repeats the call.
        self.state.tool_calls.set_has_arguments(index);
    }

    /// Reports a fragment of one argument of the last tool call of a choice.
    pub(super) fn partial_argument(&mut self, choice: u32, path: &str, fragment: ValueFragment<'_>) {
        self.kinds.tool_call = true;
        if !self.sinks.is_capturing() {
            return;
        }
        let calls = &mut self.state.partial_arguments;
        if calls.len() < MAX_PARTIAL_CALLS && !calls.iter().any(|(of, _)| *of == choice) {
            calls.push((choice, PartialArguments::default()));
        }
        if let Some((_, arguments)) = calls.iter_mut().find(|(of, _)| *of == choice) {
            arguments.push(path, fragment);
        }
    }

    /// Captures the arguments of the last tool call of a choice, if they arrived as fragments of single arguments.
    pub(super) fn end_partial_arguments(&mut self, choice: u32) {
        let calls = &mut self.state.partial_arguments;
        let Some(position) = calls.iter().position(|(of, _)| *of == choice) else { return };
        let (_, arguments) = calls.swap_remove(position);
        let call = CallFragment { choice, ..CallFragment::default() };
        if let Some(index) = self.state.tool_calls.find_or_insert(&call) {
            let json = arguments.to_json();
            self.call_content(index, &call, Value::Json(Text::plain(json.as_bytes())));
        }
    }

    fn call_content(&mut self, index: usize, fragment: &CallFragment<'_>, arguments: Value<'_>) {
        if arguments.is_some() {
            self.state.tool_calls.set_has_arguments(index);
        }
        #[cfg(feature = "content")]
        self.content(|on| {
            let [id, name] = [fragment.id, fragment.name].map(|text| (!text.is_empty()).then(|| text.to_str()));
            on(ContentDelta::ToolCall {
                choice: fragment.choice,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                id: id.as_deref(),
                name: name.as_deref(),
                arguments: &arguments.text().to_str(),
            });
        });
        #[cfg(not(feature = "content"))]
        let _ = fragment;
    }

    /// Calls `report` with the callback for content if content is captured.
    #[cfg(feature = "content")]
    fn content(&mut self, report: impl FnOnce(&mut dyn FnMut(ContentDelta<'_>))) {
        if let Some(on_delta) = &mut self.sinks.on_delta {
            report(on_delta);
        }
    }

    /// Reports one delta for each kind of content of a choice, in the order in which models generate them: reasoning,
    /// content, tool call.
    pub(super) fn end_choice(&mut self, choice: u32) {
        let DeltaKinds { content, reasoning, tool_call } = std::mem::take(&mut self.kinds);
        if !(content || reasoning || tool_call) {
            return;
        }
        self.state.has_content = true;
        self.state.started_choices.insert(choice);
        for (is_present, kind) in
            [(reasoning, DeltaKind::Reasoning), (content, DeltaKind::Content), (tool_call, DeltaKind::ToolCall)]
        {
            if is_present {
                self.event(Event::Delta { choice, kind });
            }
        }
    }

    /// Reports the finish reason of a choice, if the provider sent one. A reason that says that the service failed is
    /// also an error.
    pub(super) fn finish_reason(&mut self, choice: u32, reason: Text<'_>) {
        if !reason.is_empty() {
            let reason = reason.to_str();
            self.state.finished_choices.insert(choice);
            self.has_failed |= FAILURES.iter().any(|failure| reason.eq_ignore_ascii_case(failure));
            let reason = FinishReason::from_provider(truncate(&reason));
            self.event(Event::FinishReason { choice, reason });
        }
    }

    /// Reports the id and the model of the response, each once.
    pub(super) fn id_and_model(&mut self, id: Text<'_>, model: Text<'_>) {
        if !self.state.has_reported_id && !id.is_empty() {
            self.state.has_reported_id = true;
            self.event(Event::Id(&id.to_str()));
        }
        if !self.state.has_reported_model && !model.is_empty() {
            self.state.has_reported_model = true;
            self.event(Event::Model(&model.to_str()));
        }
    }

    /// Reports the usage so far, after the report of a frame was merged into it.
    ///
    /// A report with an input count of its own replaces the input counts, because a report is complete in itself; one
    /// without keeps them. Zeros do not replace counts: some servers send them before the true numbers, or after.
    /// Output counts grow, so a smaller one is ignored.
    pub(super) fn usage(&mut self, report: &Usage) {
        let mut usage = self.state.usage;
        if report.input > Some(0) {
            (usage.input, usage.cache_read, usage.cache_write) = (report.input, report.cache_read, report.cache_write);
        } else if usage.input.is_none() {
            usage.input = report.input;
            usage.cache_read = report.cache_read.or(usage.cache_read);
            usage.cache_write = report.cache_write.or(usage.cache_write);
        }
        if report.output >= usage.output {
            usage.output = report.output;
            usage.reasoning = report.reasoning.or(usage.reasoning);
        }
        usage.details = report.details.or(usage.details);
        if usage != self.state.usage {
            self.state.usage = usage;
            self.event(Event::Usage(usage));
        }
    }

    /// Adds the service tier to the usage, if the provider sent one. The first one counts: most providers repeat it.
    pub(super) fn service_tier(&mut self, tier: Text<'_>) {
        let usage = &mut self.state.usage;
        if tier.is_empty() || usage.details.service_tier.is_some() {
            return;
        }
        usage.details.service_tier = Some(ServiceTier::from_provider(&tier.to_str()));
        let usage = *usage;
        // The tier alone is not reported before the counts are known.
        if usage.input.is_some() || usage.output.is_some() {
            self.event(Event::Usage(usage));
        }
    }

    /// Sets the error of the frame, unless it has one.
    pub(super) fn error(&mut self, error: ErrorType) {
        self.error.get_or_insert(error);
    }

    /// Reports the end of the response.
    pub(super) fn done(&mut self) {
        self.end_frame();
        self.event(Event::Done);
    }

    /// Reports the error of the frame, if it has one.
    pub(super) fn end_frame(&mut self) {
        let error = self.error.take().or_else(|| self.has_failed.then_some(ErrorType::Upstream));
        self.has_failed = false;
        if let Some(error) = error {
            self.event(Event::Error(error));
        }
    }

    pub(super) fn event(&mut self, event: Event<'_>) {
        (self.sinks.on_event)(event);
    }
}
