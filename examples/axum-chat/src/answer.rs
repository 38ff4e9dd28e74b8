//! Handles a request that asks for tokens, in the same way for every route. Here the server calls llmobs: the operation
//! starts when a request has arrived, and its stream ends the operation with any outcome.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::Stream;
use futures_util::StreamExt;
use llmobs::ErrorType;
use llmobs::Operation;
use llmobs::clock::Moment;
use llmobs::tower::axum::RequestArrival;
use serde::Deserialize;

use crate::api::Dialect;
use crate::api::Head;
use crate::api::Whole;
use crate::app::App;
use crate::app::Settings;
use crate::engine::Prompt;
use crate::error::ApiError;
use crate::event::Event;
use crate::sse;

/// Answers one request in the dialect of its route.
pub(crate) async fn answer<D: Dialect>(
    State(app): State<App>,
    RequestArrival(arrived): RequestArrival,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let model = model_named_in(&body);
    let request = read::<D>(&app, body);

    // An invalid request is an operation too. Its model is the caller's text: a model that is not served becomes
    // `_OTHER`.
    let operation = app.operation(D::OPERATION, &model, arrived, request.as_ref().ok().map(|request| request.settings));
    let request = match request {
        Ok(request) => request,
        Err(error) => return refuse(operation, error),
    };
    // The closure runs only if content is captured. The output is captured from the stream.
    operation.marker().input(|| &request.prompt);
    app.name_user(&operation.span(), request.user.as_deref());
    let events = match app.admit(request.prompt, request.settings, arrived, operation.marker().clone()).await {
        Ok(events) => events,
        Err(error) => return refuse(operation, error),
    };

    let head = Head::new(D::ID, app.engine.model());
    operation.marker().response_id(&head.id);
    // From here on the stream ends the operation: with its last event, or when the client's disconnection drops the
    // stream.
    let events = operation.observe(events);
    match request.stream {
        Some(options) => sse::response::<D>(head, events, options),
        None => whole::<D>(&app, &head, events, arrived).await,
    }
}

fn refuse(operation: Operation, error: ApiError) -> Response {
    match error.error_type {
        ErrorType::Internal => operation.fail(error.failure()),
        _ => operation.reject(error.failure()),
    }
    error.into_response()
}

/// A valid request.
pub(crate) struct Request {
    pub(crate) prompt: Prompt,
    pub(crate) settings: Settings,
    /// The user, as named by the caller.
    pub(crate) user: Option<String>,
    stream: Option<sse::Options>,
}

pub(crate) fn read<D: Dialect>(app: &App, body: Result<Bytes, BytesRejection>) -> Result<Request, ApiError> {
    let request: D = serde_json::from_slice(&body?)?;
    let settings = request.parameters().settings(app.engine.model())?;
    let stream = request.parameters().stream();
    let user = request.parameters().user.clone();
    Ok(Request { settings, user, stream, prompt: request.prompt()? })
}

/// Returns the model that a body names, even if the body is otherwise invalid.
pub(crate) fn model_named_in(body: &Result<Bytes, BytesRejection>) -> String {
    #[derive(Deserialize)]
    struct Named {
        model: String,
    }
    let named = body.as_ref().ok().and_then(|body| serde_json::from_slice(body).ok());
    named.map(|Named { model }| model).unwrap_or_default()
}

/// Returns the whole answer when it is complete.
pub(crate) async fn whole<D: Dialect>(
    app: &App,
    head: &Head,
    events: impl Stream<Item = Event>,
    arrived: Moment,
) -> Response {
    let mut events = std::pin::pin!(events);
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event {
            Event::Scheduled { .. } => {}
            Event::Token { text: more, .. } => text.push_str(&more),
            Event::Finished { reason, counts } => {
                let duration = app.observer.now().since(arrived);
                return Json(D::whole(head, &Whole { text, reason, counts, duration })).into_response();
            }
            Event::Failed { error } => return ApiError::failed(error).into_response(),
        }
    }
    ApiError::failed(ErrorType::Internal).into_response()
}
