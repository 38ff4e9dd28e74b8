//! `POST /v1/completions`: continues a text.

use serde::Deserialize;
use serde::Serialize;

use crate::api::Answer;
use crate::api::Dialect;
use crate::api::Head;
use crate::api::Parameters;
use crate::api::Part;
use crate::api::Usage;
use crate::api::Whole;
use crate::engine::Prompt;
use crate::error::ApiError;
use llmobs::semconv::value::OperationName;

#[derive(Deserialize)]
pub(crate) struct CompletionRequest {
    #[serde(flatten)]
    parameters: Parameters,
    prompt: String,
}

impl Dialect for CompletionRequest {
    const OPERATION: OperationName = OperationName::TextCompletion;
    const ID: &'static str = "cmpl-";

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prompt(self) -> Result<Prompt, ApiError> {
        if self.prompt.is_empty() {
            return Err(ApiError::field("prompt", "the prompt is empty"));
        }
        Ok(Prompt::Text(self.prompt))
    }

    fn whole<'a>(head: &'a Head, whole: &'a Whole) -> impl Serialize + 'a {
        let choice = Choice { index: 0, text: &whole.text, finish_reason: Some(whole.reason.as_str()) };
        Answer { head, object: "text_completion", choices: vec![choice], usage: Some(whole.counts.into()) }
    }

    fn part<'a>(head: &'a Head, part: &Part<'a>) -> Option<impl Serialize + 'a> {
        let (choices, usage) = match *part {
            Part::Opening => return None,
            Part::Text(text) => (vec![Choice { index: 0, text, finish_reason: None }], None),
            Part::Closing(reason) => (vec![Choice { index: 0, text: "", finish_reason: Some(reason.as_str()) }], None),
            Part::Usage(counts) => (vec![], Some(Usage::from(counts))),
        };
        Some(Answer { head, object: "text_completion", choices, usage })
    }
}

#[derive(Serialize)]
struct Choice<'a> {
    index: usize,
    text: &'a str,
    finish_reason: Option<&'a str>,
}
