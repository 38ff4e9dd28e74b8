//! Reading of the model and the parameters of a request.

use super::body::trim_body;
use super::json::FromJson;
use super::json::NonEmpty;
use super::json::Text;
use super::json::json_object;
use super::json::read_document;
use crate::observer::Start;

/// The model and the parameters that a request contains. It contains no prompt and no stop sequences.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct RequestSummary {
    /// The name of the model. Gemini's requests have it in their path.
    pub model: Option<String>,
    /// True if the caller requests a stream. Gemini's requests have it in their path; Ollama streams if the field is
    /// missing.
    pub stream: Option<bool>,
    /// True if the caller requests the usage in a stream of OpenAI's format (`stream_options.include_usage`).
    pub stream_usage: Option<bool>,
    /// The maximum number of output tokens.
    pub max_tokens: Option<u64>,
    /// The number of choices.
    pub choices: Option<u64>,
    /// The seed.
    pub seed: Option<i64>,
    /// The sampling temperature.
    pub temperature: Option<f64>,
    /// The cumulative probability of the tokens to sample from.
    pub top_p: Option<f64>,
    /// The number of most likely tokens to sample from.
    pub top_k: Option<f64>,
    /// The penalty on tokens by their frequency in the text so far.
    pub frequency_penalty: Option<f64>,
    /// The penalty on tokens that occur in the text so far.
    pub presence_penalty: Option<f64>,
    /// The amount of reasoning, as the provider names it.
    pub reasoning_level: Option<String>,
    /// The identifier of the response that the request continues.
    pub previous_response: Option<String>,
    /// The number of dimensions of embeddings.
    pub dimensions: Option<u64>,
    /// Set if the request has the field `input` of OpenAI's Responses and embeddings, with a text, list or object that
    /// is not empty.
    pub(crate) has_input: bool,
}

impl RequestSummary {
    /// Sets the parameters on the builder of an operation. A parameter that is `None` here is unset there, even if it
    /// was set before, except the reasoning level and the previous response. The model is not set: it is an argument of
    /// the methods that return the builder.
    ///
    /// ```
    /// use llmobs::Observer;
    /// use llmobs::sse::parse_request;
    ///
    /// let observer = Observer::builder().model("gpt-4o-mini").build()?;
    /// let request = parse_request(br#"{"model":"gpt-4o-mini","max_tokens":64,"stream":true}"#);
    /// let operation = request.apply_to(observer.chat(request.model.as_deref().unwrap_or_default())).start();
    /// operation.complete();
    /// # Ok::<(), llmobs::BuildError>(())
    /// ```
    pub fn apply_to<'a>(&'a self, start: Start<'a>) -> Start<'a> {
        let start = start.stream(self.stream).max_tokens(self.max_tokens).choices(self.choices).seed(self.seed);
        let start = start.temperature(self.temperature).top_p(self.top_p).top_k(self.top_k);
        let start = start.frequency_penalty(self.frequency_penalty).presence_penalty(self.presence_penalty);
        let start = self.reasoning_level.iter().fold(start, |start, level| start.reasoning_level(level));
        self.previous_response.iter().fold(start.dimensions(self.dimensions), |start, id| start.previous_response(id))
    }
}

json_object! {
    struct Fields<'a> {
        model: Text<'a> = b"model",
        stream: Option<bool> = b"stream",
        stream_options: StreamOptions = b"stream_options",
        max_tokens: Option<u64> = b"max_tokens",
        max_completion_tokens: Option<u64> = b"max_completion_tokens",
        max_output_tokens: Option<u64> = b"max_output_tokens",
        n: Option<u64> = b"n",
        seed: Option<i64> = b"seed",
        temperature: Option<f64> = b"temperature",
        top_p: Option<f64> = b"top_p",
        top_k: Option<f64> = b"top_k",
        frequency_penalty: Option<f64> = b"frequency_penalty",
        presence_penalty: Option<f64> = b"presence_penalty",
        reasoning_effort: Text<'a> = b"reasoning_effort",
        reasoning: Reasoning<'a> = b"reasoning",
        previous_response_id: Text<'a> = b"previous_response_id",
        input: NonEmpty = b"input",
        dimensions: Option<u64> = b"dimensions",
        output_dimensionality: Option<u64> = b"outputDimensionality",
        /// Gemini's parameters.
        generation_config: GenerationConfig = b"generationConfig",
        /// Ollama's parameters.
        options: Options = b"options",
    }

    struct StreamOptions {
        include_usage: Option<bool> = b"include_usage",
    }

    struct Reasoning<'a> {
        effort: Text<'a> = b"effort",
    }

    struct GenerationConfig {
        max_output_tokens: Option<u64> = b"maxOutputTokens",
        candidate_count: Option<u64> = b"candidateCount",
        seed: Option<i64> = b"seed",
        temperature: Option<f64> = b"temperature",
        top_p: Option<f64> = b"topP",
        top_k: Option<f64> = b"topK",
        frequency_penalty: Option<f64> = b"frequencyPenalty",
        presence_penalty: Option<f64> = b"presencePenalty",
    }

    struct Options {
        num_predict: Option<u64> = b"num_predict",
        seed: Option<i64> = b"seed",
        temperature: Option<f64> = b"temperature",
        top_p: Option<f64> = b"top_p",
        top_k: Option<f64> = b"top_k",
        frequency_penalty: Option<f64> = b"frequency_penalty",
        presence_penalty: Option<f64> = b"presence_penalty",
    }
}

/// Reads the model and the parameters of a request in the format of OpenAI, Anthropic, Gemini or Ollama. A field that
/// is missing or of another type is `None`. Of a body that is not JSON, or that was truncated, the fields before the
/// first error are read.
///
/// ```
/// use llmobs::sse::parse_request;
///
/// let request = parse_request(br#"{"generationConfig":{"maxOutputTokens":64,"temperature":0.5}}"#);
/// assert_eq!((request.max_tokens, request.temperature), (Some(64), Some(0.5)));
/// ```
#[must_use]
pub fn parse_request(body: &[u8]) -> RequestSummary {
    let mut fields = Fields::default();
    // After an error, the fields before it have been read.
    let _ = read_document(trim_body(body), |reader| fields.read(reader));
    let Fields { generation_config: gemini, options: ollama, .. } = &fields;
    let text = |text: Text<'_>| (!text.is_empty()).then(|| text.to_str().into_owned());
    RequestSummary {
        model: text(fields.model),
        stream: fields.stream,
        stream_usage: fields.stream_options.include_usage,
        max_tokens: fields
            .max_completion_tokens
            .or(fields.max_tokens)
            .or(fields.max_output_tokens)
            .or(gemini.max_output_tokens)
            .or(ollama.num_predict),
        choices: fields.n.or(gemini.candidate_count),
        seed: fields.seed.or(gemini.seed).or(ollama.seed),
        temperature: fields.temperature.or(gemini.temperature).or(ollama.temperature),
        top_p: fields.top_p.or(gemini.top_p).or(ollama.top_p),
        top_k: fields.top_k.or(gemini.top_k).or(ollama.top_k),
        frequency_penalty: fields.frequency_penalty.or(gemini.frequency_penalty).or(ollama.frequency_penalty),
        presence_penalty: fields.presence_penalty.or(gemini.presence_penalty).or(ollama.presence_penalty),
        reasoning_level: text(fields.reasoning_effort.or(fields.reasoning.effort)),
        previous_response: text(fields.previous_response_id),
        dimensions: fields.dimensions.or(fields.output_dimensionality),
        has_input: fields.input.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parameters_of_each_format_are_read() {
        let expected = RequestSummary {
            max_tokens: Some(64),
            seed: Some(-7),
            temperature: Some(0.5),
            top_p: Some(1e-1),
            frequency_penalty: Some(-1.0),
            ..RequestSummary::default()
        };
        let common = r#""seed":-7,"temperature":0.5,"frequency_penalty":-1"#;
        for (body, expected) in [
            (
                format!(
                    r#"{{"model":"gpt-\u0034","stream":true,"max_tokens":1,"max_completion_tokens":64,"n":2,"top_p":0.1,{common},
                    "stream_options":{{"include_usage":true}},"reasoning_effort":"low","messages":[]}}"#
                ),
                RequestSummary {
                    model: Some("gpt-4".to_owned()),
                    stream: Some(true),
                    stream_usage: Some(true),
                    choices: Some(2),
                    reasoning_level: Some("low".to_owned()),
                    ..expected.clone()
                },
            ),
            (
                format!(
                    r#"{{"model":"o","max_output_tokens":64,"top_p":0.1,{common},"reasoning":{{"effort":"high"}},
                    "previous_response_id":"resp_1"}}"#
                ),
                RequestSummary {
                    model: Some("o".to_owned()),
                    reasoning_level: Some("high".to_owned()),
                    previous_response: Some("resp_1".to_owned()),
                    ..expected.clone()
                },
            ),
            (
                r#"{"generationConfig":{"maxOutputTokens":64,"seed":-7,"temperature":0.5,"topP":0.1,"topK":40,
                    "frequencyPenalty":-1,"candidateCount":3}}"#
                    .to_owned(),
                RequestSummary { top_k: Some(40.0), choices: Some(3), ..expected.clone() },
            ),
            (format!(r#"{{"options":{{"num_predict":64,"top_p":0.1,{common}}}}}"#), expected),
        ] {
            assert_eq!(parse_request(body.as_bytes()), expected, "{body}");
        }
    }

    #[test]
    fn a_field_of_another_type_is_missing_and_a_truncated_body_is_read_to_its_end() {
        let body = br#"{"model":["gpt"],"stream":"yes","max_tokens":-1,"seed":1.5,"temperature":"hot","top_k":null}"#;
        assert_eq!(parse_request(body), RequestSummary::default());
        let truncated = parse_request(b"\xef\xbb\xbf {\"model\":\"m\",\"messages\":[{\"content\":\"Hel");
        assert_eq!(truncated.model.as_deref(), Some("m"));
        for body in ["", "[]", "null", "{", "\u{feff}", "model=m"] {
            assert_eq!(parse_request(body.as_bytes()), RequestSummary::default(), "{body}");
        }
    }
}
