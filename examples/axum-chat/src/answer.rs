//! The life of a request that asks for tokens, the same on every route.

use axum::Json;
use axum::body::Bytes;
use axum::extract::FromRequestParts;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::request::Parts;
use axum::response::IntoResponse;
use axum::response::Response;
use futures_util::Stream;
use futures_util::StreamExt;
use std::convert::Infallible;

use crate::api::Dialect;
use crate::api::Head;
use crate::api::Whole;
use crate::app::App;
use crate::app::Settings;
use crate::engine::Prompt;
use crate::error::ApiError;
use crate::event::Event;
use crate::journal::Journal;
use crate::sse;
use crate::words::Moment;

/// When the head of a request had arrived. Its body was not read yet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrived(Moment);

impl FromRequestParts<App> for Arrived {
    type Rejection = Infallible;

    async fn from_request_parts(_parts: &mut Parts, _app: &App) -> Result<Self, Infallible> {
        Ok(Self(Moment::now()))
    }
}

/// Answers one request in the dialect of its route.
pub(crate) async fn answer<D: Dialect>(
    State(app): State<App>,
    Arrived(arrived): Arrived,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let mut journal = Journal::open(&app, D::OPERATION, arrived);
    let request = match read::<D>(&app, body) {
        Ok(request) => request,
        Err(error) => return journal.refuse(error),
    };
    let events = match app.admit(&request.prompt, request.settings, arrived) {
        Ok(events) => events,
        Err(error) => return journal.refuse(error),
    };
    let events = events.inspect(move |event| journal.saw(event));
    let head = Head::new(D::ID, app.engine.model());
    match request.stream {
        Some(stream) => sse::response::<D>(head, events, stream),
        None => whole::<D>(&head, events, arrived).await,
    }
}

/// A request that is sound.
struct Request {
    prompt: Prompt,
    settings: Settings,
    stream: Option<sse::Options>,
}

fn read<D: Dialect>(app: &App, body: Result<Bytes, BytesRejection>) -> Result<Request, ApiError> {
    let request: D = serde_json::from_slice(&body?)?;
    let settings = request.parameters().settings(app.engine.model())?;
    let stream = request.parameters().stream();
    Ok(Request { settings, stream, prompt: request.prompt()? })
}

/// The answer at once, when it is complete.
async fn whole<D: Dialect>(head: &Head, events: impl Stream<Item = Event>, arrived: Moment) -> Response {
    let mut events = std::pin::pin!(events);
    let mut text = String::new();
    while let Some(event) = events.next().await {
        match event {
            Event::Scheduled { .. } => {}
            Event::Token { text: more, .. } => text.push_str(&more),
            Event::Finished { reason, counts } => {
                let duration = Moment::now().since(arrived);
                return Json(D::whole(head, &Whole { text, reason, counts, duration })).into_response();
            }
            Event::Failed { error } => return ApiError::failed(error).into_response(),
        }
    }
    ApiError::failed(crate::words::ErrorType::Internal).into_response()
}
