//! Extractors for handlers behind the layer.

use std::convert::Infallible;

use ::axum::extract::FromRequestParts;
use http::request::Parts;

use crate::clock::Moment;
use crate::observer::Observer;
use crate::observer::request_arrival;

/// An extractor of the layer's observer, or of [`Observer::current`] without a layer.
///
/// ```
/// use axum::Router;
/// use axum::routing::post;
/// use llmobs::Observer;
/// use llmobs::tower::ServerLayer;
/// use llmobs::tower::axum::CurrentObserver;
///
/// async fn chat(CurrentObserver(observer): CurrentObserver) -> &'static str {
///     let operation = observer.chat("m").start(); // it began when the request arrived
///     operation.complete();
///     "hello"
/// }
///
/// let observer = Observer::builder().model("m").build()?;
/// let app: Router = Router::new().route("/chat", post(chat)).layer(ServerLayer::new(observer));
/// # let _ = app;
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[derive(Debug, Clone)]
#[expect(clippy::exhaustive_structs, reason = "handlers destructure an extractor with a pattern")]
pub struct CurrentObserver(pub Observer);

impl<S: Sync> FromRequestParts<S> for CurrentObserver {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(Observer::current()))
    }
}

/// An extractor of the moment at which the request arrived, on the clock of the layer's observer: the head had been
/// received, the body had not been read. Without the layer, the moment of the extraction.
///
/// The first operation started in the handler begins at this moment by default; later ones begin when they are started.
/// Use the extractor for deadlines, and for spawned tasks, which do not inherit the moment.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "handlers destructure an extractor with a pattern")]
pub struct RequestArrival(pub Moment);

impl<S: Sync> FromRequestParts<S> for RequestArrival {
    type Rejection = Infallible;

    async fn from_request_parts(_: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self(request_arrival().unwrap_or_else(|| Observer::current().now())))
    }
}
