//! Handles a request that asks for tokens, in the same way for every route. Here the server calls llmobs: the operation
//! starts when a request has arrived, and its stream ends the operation with any outcome.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::ErrorType;
use llmobs::Operation;
use llmobs::clock::Moment;
use llmobs::tower::axum::RequestArrival;
use serde::Deserialize;

use crate::api::ApiRequest;
use crate::api::CompletedAnswer;
use crate::api::RequestedValues;
use crate::api::ResponseHead;
use crate::app::App;
use crate::app::GenerationOptions;
use crate::body::RequestBody;
use crate::engine::Prompt;
use crate::error::ApiError;
use crate::event::SequenceEvent;
use crate::sse;

/// Answers one request in the format of its route.
pub(crate) async fn answer<D: ApiRequest>(
    State(app): State<App>,
    RequestArrival(arrived): RequestArrival,
    RequestBody(body): RequestBody,
) -> Response {
    let model = requested_model(&body);
    let request = parse_request::<D>(&app, body);

    // An invalid request is an operation too. Its model is the caller's text: a model that is not served becomes
    // `_OTHER`.
    let operation = app.start_operation(
        D::OPERATION,
        &model,
        arrived,
        request.as_ref().ok().map(|request| (request.options, request.requested)),
    );
    let request = match request {
        Ok(request) => request,
        Err(error) => return reject(operation, error),
    };
    // The closure runs only if content is captured. The output is captured from the stream.
    operation.marker().input(|| &request.prompt);
    app.set_user_pseudonym(&operation.span(), request.user.as_deref());
    let events = match app.enqueue(request.prompt, request.options, arrived, operation.marker().clone()).await {
        Ok(events) => events,
        Err(error) => return reject(operation, error),
    };

    let head = ResponseHead::new(D::ID_PREFIX, app.engine.model());
    operation.marker().response_id(&head.id);
    operation.marker().response_model(&head.model);
    // From here on the stream ends the operation: with its last event, or when the client's disconnection drops the
    // stream.
    let events = operation.observe(events);
    match request.stream {
        Some(options) => sse::response::<D>(head, events, options),
        None => complete_response::<D>(&app, &head, events, arrived).await,
    }
}

fn reject(operation: Operation, error: ApiError) -> Response {
    match error.error_type {
        ErrorType::Internal => operation.fail(error.failure()),
        ErrorType::Cancelled => operation.cancel(),
        _ => operation.reject(error.failure()),
    }
    error.into_response()
}

/// A valid request.
pub(crate) struct GenerationRequest {
    pub(crate) prompt: Prompt,
    pub(crate) options: GenerationOptions,
    pub(crate) requested: RequestedValues,
    /// The user, as named by the caller.
    pub(crate) user: Option<String>,
    stream: Option<sse::SseOptions>,
}

pub(crate) fn parse_request<D: ApiRequest>(
    app: &App,
    body: Result<Bytes, ApiError>,
) -> Result<GenerationRequest, ApiError> {
    let request: D = serde_json::from_slice(&body?)?;
    let options = request.parameters().generation_options(app.engine.model())?;
    let stream = request.parameters().stream_options();
    let requested = request.parameters().requested_values();
    let user = request.parameters().user.clone();
    Ok(GenerationRequest { options, requested, user, stream, prompt: request.prompt()? })
}

/// Returns the model that a body names, even if the body is otherwise invalid.
pub(crate) fn requested_model(body: &Result<Bytes, ApiError>) -> String {
    #[derive(Deserialize)]
    struct ModelField {
        model: String,
    }
    let field: Option<ModelField> = body.as_ref().ok().and_then(|body| serde_json::from_slice(body).ok());
    field.map(|ModelField { model }| model).unwrap_or_default()
}

/// Returns the response when the answer is complete.
pub(crate) async fn complete_response<D: ApiRequest>(
    app: &App,
    head: &ResponseHead,
    events: impl Stream<Item = SequenceEvent>,
    arrived: Moment,
) -> Response {
    let mut events = std::pin::pin!(events);
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event {
            SequenceEvent::Scheduled { .. } => {}
            SequenceEvent::Token { text: delta, .. } => text.push_str(&delta),
            SequenceEvent::Finished { reason, counts } => {
                let duration = app.observer.now().since(arrived);
                return Json(D::complete_response(
                    head,
                    &CompletedAnswer { text, finish_reason: reason, counts, duration },
                ))
                .into_response();
            }
            SequenceEvent::Failed { error } => return ApiError::from_error_type(error).into_response(),
        }
    }
    ApiError::from_error_type(ErrorType::Internal).into_response()
}
