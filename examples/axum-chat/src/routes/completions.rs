//! `POST /v1/completions`: continues a text.

use serde::Deserialize;
use serde::Serialize;

use crate::api::AnswerChunk;
use crate::api::ApiRequest;
use crate::api::CompletedAnswer;
use crate::api::Parameters;
use crate::api::ResponseBody;
use crate::api::ResponseHead;
use crate::api::Usage;
use crate::engine::Prompt;
use crate::error::ApiError;
use llmobs::semconv::value::OperationName;

#[derive(Deserialize)]
pub(crate) struct CompletionRequest {
    #[serde(flatten)]
    parameters: Parameters,
    prompt: String,
}

impl ApiRequest for CompletionRequest {
    const OPERATION: OperationName = OperationName::TextCompletion;
    const ID_PREFIX: &'static str = "cmpl-";

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prompt(self) -> Result<Prompt, ApiError> {
        if self.prompt.is_empty() {
            return Err(ApiError::invalid_field("prompt", "the prompt is empty"));
        }
        Ok(Prompt::Text(self.prompt))
    }

    fn complete_response<'a>(head: &'a ResponseHead, answer: &'a CompletedAnswer) -> impl Serialize + 'a {
        let choice = Choice { index: 0, text: &answer.text, finish_reason: Some(answer.finish_reason.as_str()) };
        ResponseBody { head, object: "text_completion", choices: vec![choice], usage: Some(answer.counts.into()) }
    }

    fn chunk_response<'a>(head: &'a ResponseHead, chunk: &AnswerChunk<'a>) -> Option<impl Serialize + 'a> {
        let (choices, usage) = match *chunk {
            AnswerChunk::Start => return None,
            AnswerChunk::Text(text) => (vec![Choice { index: 0, text, finish_reason: None }], None),
            AnswerChunk::End(reason) => {
                (vec![Choice { index: 0, text: "", finish_reason: Some(reason.as_str()) }], None)
            }
            AnswerChunk::Usage(counts) => (vec![], Some(Usage::from(counts))),
        };
        Some(ResponseBody { head, object: "text_completion", choices, usage })
    }
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    text: &'a str,
    finish_reason: Option<&'a str>,
}
