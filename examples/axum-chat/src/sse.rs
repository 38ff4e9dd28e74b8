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

use crate::api::AnswerChunk;
use crate::api::ApiRequest;
use crate::api::ResponseHead;
use crate::error::ApiError;
use crate::event::SequenceEvent;

/// The stream options of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SseOptions {
    /// Sends a last chunk with the token counts if true.
    pub(crate) include_usage: bool,
}

/// Returns a response that sends each event as soon as it is available.
pub(crate) fn response<D: ApiRequest>(
    head: ResponseHead,
    events: impl Stream<Item = SequenceEvent> + Send + 'static,
    options: SseOptions,
) -> Response {
    let frames = events.flat_map(move |event| stream::iter(event_frames::<D>(&head, event, options)));
    Sse::new(frames.map(Ok::<Frame, Infallible>)).keep_alive(KeepAlive::default()).into_response()
}

/// Converts one event into chunks of the route's format. Each token is one chunk, even if its text is still empty, so
/// that counting chunks counts tokens.
fn event_frames<D: ApiRequest>(head: &ResponseHead, event: SequenceEvent, options: SseOptions) -> Vec<Frame> {
    let chunk = |chunk: AnswerChunk<'_>| D::chunk_response(head, &chunk).map(|body| data_frame(&body));
    let done = || Some(Frame::default().data("[DONE]"));
    let frames = match event {
        SequenceEvent::Scheduled { .. } => [chunk(AnswerChunk::Start), None, None],
        SequenceEvent::Token { text, .. } => [chunk(AnswerChunk::Text(&text)), None, None],
        SequenceEvent::Finished { reason, counts } => {
            let usage = if options.include_usage { chunk(AnswerChunk::Usage(counts)) } else { None };
            [chunk(AnswerChunk::End(&reason)), usage, done()]
        }
        SequenceEvent::Failed { error } => {
            [Some(data_frame(&ApiError::from_error_type(error).error_body())), done(), None]
        }
    };
    frames.into_iter().flatten().collect()
}

/// Serializes a chunk. JSON escapes line breaks in strings and this serializer adds none, so the frame is one `data:`
/// line.
fn data_frame(chunk: &impl Serialize) -> Frame {
    let json = serde_json::to_string(chunk).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
    Frame::default().data(json)
}
