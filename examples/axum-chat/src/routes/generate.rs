//! `POST /v1/generate`: the simplest route. Request `{prompt, model, max_tokens}`,
//! answer `{model, output, latency_ms}`. An attribute starts its operation; the other routes use the builder.

use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::Response;
use llmobs::llm_span;
use llmobs::semconv::value::OperationName;
use llmobs::tower::axum::RequestArrival;
use serde::Deserialize;
use serde::Serialize;
use tracing::Span;

use crate::answer::model_named_in;
use crate::answer::read;
use crate::answer::whole;
use crate::api::Dialect;
use crate::api::Head;
use crate::api::Parameters;
use crate::api::Part;
use crate::api::Whole;
use crate::app::App;
use crate::engine::Message;
use crate::engine::Prompt;
use crate::error::ApiError;

/// Answers one request. Until the operation is taken, `?` ends the operation with the type of the error.
#[llm_span(chat, observer = app.observer, model = model_named_in(&body), error_type = ApiError::failure, handle = call)]
pub(crate) async fn generate(
    State(app): State<App>,
    RequestArrival(arrived): RequestArrival,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, ApiError> {
    let request = read::<GenerateRequest>(&app, body)?;
    call.marker().input(|| &request.prompt);
    app.name_user(&Span::current(), request.user.as_deref());
    let events = app.admit(request.prompt, request.settings, arrived, call.marker()).await?;
    let head = Head::new(GenerateRequest::ID, app.engine.model());
    call.marker().response_id(&head.id);
    let events = call.take().observe(events);
    Ok(whole::<GenerateRequest>(&app, &head, events, arrived).await)
}

#[derive(Deserialize)]
pub(crate) struct GenerateRequest {
    #[serde(flatten)]
    parameters: Parameters,
    prompt: String,
}

impl Dialect for GenerateRequest {
    /// The prompt is a user message, so the request is a chat of one message.
    const OPERATION: OperationName = OperationName::Chat;
    const ID: &'static str = "gen-";

    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn prompt(self) -> Result<Prompt, ApiError> {
        if self.prompt.is_empty() {
            return Err(ApiError::field("prompt", "the prompt is empty"));
        }
        if self.parameters.stream().is_some() {
            return Err(ApiError::field("stream", "this route does not stream; /v1/chat/completions does"));
        }
        Ok(Prompt::Chat(vec![Message { role: "user", content: self.prompt }]))
    }

    fn whole<'a>(head: &'a Head, whole: &'a Whole) -> impl Serialize + 'a {
        Answer { model: head.model.clone(), output: whole.text.clone(), latency_ms: whole.duration.as_secs_f64() * 1e3 }
    }

    fn part<'a>(_head: &'a Head, _part: &Part<'a>) -> Option<impl Serialize + 'a> {
        None::<()>
    }
}

#[derive(Serialize)]
struct Answer {
    model: String,
    output: String,
    /// Time from the arrival of the request to the last token, in milliseconds.
    latency_ms: f64,
}
