//! Streamed answers as server-sent events.

use std::convert::Infallible;

use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::sse::Event as Frame;
use axum::response::sse::KeepAlive;
use axum::response::sse::Sse;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use serde::Serialize;

use crate::api::Dialect;
use crate::api::Head;
use crate::api::Part;
use crate::error::ApiError;
use crate::event::Event;

/// The stream options of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Sends a last chunk with the token counts if true.
    pub(crate) include_usage: bool,
}

/// Returns a response that sends each event as soon as it is available.
pub(crate) fn response<D: Dialect>(
    head: Head,
    events: impl Stream<Item = Event> + Send + 'static,
    options: Options,
) -> Response {
    let frames = events.flat_map(move |event| stream::iter(frames::<D>(&head, event, options)));
    Sse::new(frames.map(Ok::<Frame, Infallible>)).keep_alive(KeepAlive::default()).into_response()
}

/// Converts one event into chunks of the dialect. Each token is one chunk, even if its text is still empty, so that
/// counting chunks counts tokens.
fn frames<D: Dialect>(head: &Head, event: Event, options: Options) -> Vec<Frame> {
    let part = |part: Part<'_>| D::part(head, &part).map(|chunk| data(&chunk));
    let done = || Some(Frame::default().data("[DONE]"));
    let frames = match event {
        Event::Scheduled { .. } => [part(Part::Opening), None, None],
        Event::Token { text, .. } => [part(Part::Text(&text)), None, None],
        Event::Finished { reason, counts } => {
            let usage = if options.include_usage { part(Part::Usage(counts)) } else { None };
            [part(Part::Closing(&reason)), usage, done()]
        }
        Event::Failed { error } => [Some(data(&ApiError::failed(error).body())), done(), None],
    };
    frames.into_iter().flatten().collect()
}

/// Serializes a chunk. JSON escapes line breaks in strings and this serializer adds none, so the frame is one `data:`
/// line.
fn data(chunk: &impl Serialize) -> Frame {
    let json = serde_json::to_string(chunk).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    Frame::default().data(json)
}
