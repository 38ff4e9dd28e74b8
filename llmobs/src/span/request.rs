//! Parameters of a request that are recorded on a span.

use crate::semconv::value::OutputType;

/// The parameters of a request. Only parameters that are set are recorded.
#[derive(Debug, Clone, Default)]
pub(crate) struct RequestParams<'a> {
    pub(crate) conversation_id: Option<&'a str>,
    pub(crate) server: Option<(&'a str, u16)>,
    pub(crate) output_type: Option<OutputType>,
    /// True if the caller requested a stream; `None` if this is not known.
    pub(crate) stream: Option<bool>,
    pub(crate) max_tokens: Option<u64>,
    pub(crate) choices: Option<u64>,
    pub(crate) seed: Option<i64>,
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<f64>,
    pub(crate) frequency_penalty: Option<f64>,
    pub(crate) presence_penalty: Option<f64>,
    pub(crate) stop_sequences: &'a [&'a str],
    pub(crate) reasoning_level: Option<&'a str>,
    pub(crate) previous_response_id: Option<&'a str>,
    pub(crate) prompt_name: Option<&'a str>,
    pub(crate) prompt_version: Option<&'a str>,
    pub(crate) encoding_formats: &'a [&'a str],
    pub(crate) dimensions: Option<u64>,
}
