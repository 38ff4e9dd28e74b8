//! `gen_ai.client.inference.operation.details`: what a call asked and got, in the conventions' words. Only where it was
//! asked for, since the span says the same.

use crate::catalog::Profile;
use crate::clock::seconds;
use crate::semconv::value::ErrorType;
use crate::semconv::value::OutputType;
use crate::span::Answer;
use crate::span::Request;
use crate::span::TARGET;

/// What a request asked, kept until its end.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    server: Option<(Box<str>, u16)>,
    output_type: Option<OutputType>,
    choices: Option<i64>,
    seed: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    frequency_penalty: Option<f64>,
    presence_penalty: Option<f64>,
}

impl Asked {
    pub(crate) fn of(request: &Request<'_>) -> Self {
        let real = |value: Option<f64>| value.filter(|value| value.is_finite());
        Self {
            server: request.server.map(|(address, port)| (address.into(), port)),
            output_type: request.output_type.clone(),
            choices: request.choices.filter(|choices| *choices != 1).and_then(whole),
            seed: request.seed,
            temperature: real(request.temperature),
            top_p: real(request.top_p),
            frequency_penalty: real(request.frequency_penalty),
            presence_penalty: real(request.presence_penalty),
        }
    }
}

/// A call that ended, with what it asked.
#[derive(Debug)]
pub(crate) struct Details<'a> {
    pub(crate) operation: &'a str,
    pub(crate) provider: &'a str,
    pub(crate) model: &'a str,
    pub(crate) conversation: Option<&'a str>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) asked: &'a Asked,
    pub(crate) answer: &'a Answer<'a>,
}

impl Details<'_> {
    /// Writes the event in the trace that is current.
    pub(crate) fn write(&self) {
        let Self { asked, answer, .. } = self;
        let usage = &answer.usage;
        let cache_write = usage.cache_write.and_then(whole);
        let latest = answer.profile == Profile::Latest;
        let (created, written) = if latest { (None, cache_write) } else { (cache_write, None) };
        tracing::event!(
            name: "gen_ai.client.inference.operation.details",
            target: TARGET,
            parent: None,
            tracing::Level::DEBUG,
            gen_ai.operation.name = self.operation,
            gen_ai.provider.name = latest.then_some(self.provider),
            gen_ai.request.model = self.model,
            gen_ai.conversation.id = self.conversation,
            gen_ai.output.type = asked.output_type.as_ref().map(OutputType::as_str),
            gen_ai.request.choice.count = asked.choices,
            gen_ai.request.max_tokens = self.max_tokens.and_then(whole),
            gen_ai.request.seed = asked.seed,
            gen_ai.request.temperature = asked.temperature,
            gen_ai.request.top_p = asked.top_p,
            gen_ai.request.frequency_penalty = asked.frequency_penalty,
            gen_ai.request.presence_penalty = asked.presence_penalty,
            gen_ai.request.stream = answer.streamed.then_some(true),
            gen_ai.response.id = answer.response_id,
            gen_ai.response.model = answer.response_model,
            gen_ai.response.time_to_first_chunk = answer.first_chunk.map(seconds),
            gen_ai.usage.input_tokens = usage.input.and_then(whole),
            gen_ai.usage.output_tokens = usage.output.and_then(whole),
            gen_ai.usage.cache_read.input_tokens = usage.cache_read.and_then(whole),
            gen_ai.usage.cache_creation.input_tokens = created,
            gen_ai.usage.cache_write.input_tokens = written,
            gen_ai.usage.reasoning.output_tokens = usage.reasoning.and_then(whole),
            server.address = asked.server.as_ref().map(|(address, _)| &**address),
            server.port = asked.server.as_ref().map(|(_, port)| i64::from(*port)),
            error.type = answer.error.map(ErrorType::as_str),
            "gen_ai.client.inference.operation.details"
        );
    }
}

fn whole(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}
