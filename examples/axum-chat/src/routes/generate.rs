//! `POST /v1/generate`: the simplest route. Request `{prompt, model, max_tokens}`,
//! answer `{model, output, latency_ms}`. An attribute starts its operation; the other routes use the builder.

use axum::extract::State;
use axum::response::Response;
use llmobs::llm_span;
use llmobs::semconv::value::OperationName;
use llmobs::tower::axum::RequestArrival;
use serde::Deserialize;
use serde::Serialize;
use tracing::Span;

use crate::answer::complete_response;
use crate::answer::parse_request;
use crate::answer::requested_model;
use crate::api::AnswerChunk;
use crate::api::ApiRequest;
use crate::api::CompletedAnswer;
use crate::api::Parameters;
use crate::api::ResponseHead;
use crate::app::App;
use crate::body::RequestBody;
use crate::engine::Message;
use crate::engine::Prompt;
use crate::error::ApiError;

/// Answers one request. Until the operation is taken, `?` ends the operation with the type of the error.
#[llm_span(chat, observer = app.observer, model = requested_model(&body), error_type = ApiError::failure, handle = call)]
pub(crate) async fn generate(
    State(app): State<App>,
    RequestArrival(arrived): RequestArrival,
    RequestBody(body): RequestBody,
) -> Result<Response, ApiError> {
    let request = parse_request::<GenerateRequest>(&app, body)?;
    call.marker().input(|| &request.prompt);
    app.set_user_pseudonym(&Span::current(), request.user.as_deref());
    let events = app.enqueue(request.prompt, request.options, arrived, call.marker()).await?;
    let head = ResponseHead::new(GenerateRequest::ID_PREFIX, app.engine.model());
    call.marker().response_id(&head.id);
    let events = call.take().observe(events);
    Ok(complete_response::<GenerateRequest>(&app, &head, events, arrived).await)
}

#[derive(Deserialize)]
pub(crate) struct GenerateRequest {
    #[serde(flatten)]
    parameters: Parameters,
    prompt: String,
}

impl ApiRequest for GenerateRequest {
    /// The prompt is a user message, so the request is a chat of one message.
    const OPERATION: OperationName = OperationName::Chat;
    const ID_PREFIX: &'static str = "gen-";

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prompt(self) -> Result<Prompt, ApiError> {
        if self.prompt.is_empty() {
            return Err(ApiError::invalid_field("prompt", "the prompt is empty"));
        }
        if self.parameters.stream_options().is_some() {
            return Err(ApiError::invalid_field("stream", "this route does not stream; /v1/chat/completions does"));
        }
        Ok(Prompt::Chat(vec![Message { role: "user", content: self.prompt }]))
    }

    fn complete_response<'a>(head: &'a ResponseHead, answer: &'a CompletedAnswer) -> impl Serialize + 'a {
        GenerateResponse {
            model: head.model.clone(),
            output: answer.text.clone(),
            latency_ms: answer.duration.as_secs_f64() * 1e3,
        }
    }

    fn chunk_response<'a>(_head: &'a ResponseHead, _chunk: &AnswerChunk<'a>) -> Option<impl Serialize + 'a> {
        None::<()>
    }
}

#[derive(Serialize)]
struct GenerateResponse {
    model: String,
    output: String,
    /// Time from the arrival of the request to the last token, in milliseconds.
    latency_ms: f64,
}
