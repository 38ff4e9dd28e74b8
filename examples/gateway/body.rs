//! The body of an answer, with a limit on its pauses.

use std::time::Duration;

use axum::body::Body;
use futures_util::StreamExt;
use futures_util::stream;
use hyper::body::Incoming;
use llmobs::ErrorType;
use llmobs::Marker;

/// Returns the body unchanged, but ends it with an error after a pause longer than `limit`. The operation of `marker`
/// then fails with a timeout.
pub(crate) fn with_pause_limit(body: Incoming, limit: Duration, marker: Option<Marker>) -> Body {
    let chunks = Body::new(body).into_data_stream();
    Body::from_stream(stream::unfold((chunks, marker), move |(mut chunks, marker)| async move {
        let chunk = tokio::time::timeout(limit, chunks.next()).await.unwrap_or_else(|elapsed| {
            if let Some(marker) = &marker {
                marker.set_error(ErrorType::Timeout);
            }
            Some(Err(axum::Error::new(elapsed)))
        });
        Some((chunk?, (chunks, marker)))
    }))
}
