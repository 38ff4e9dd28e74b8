//! Reads the body of a request, within a time limit.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::Request;

use crate::app::App;
use crate::error::ApiError;

/// The body of a request, or the error for which it could not be read.
pub(crate) struct RequestBody(pub(crate) Result<Bytes, ApiError>);

impl FromRequest<App> for RequestBody {
    type Rejection = Infallible;

    async fn from_request(request: Request, app: &App) -> Result<Self, Infallible> {
        // The limit is for the whole body: a client could keep within a limit for each pause without ever ending.
        let body = tokio::time::timeout(app.limits.body_timeout, Bytes::from_request(request, app)).await;
        Ok(Self(match body {
            Ok(body) => body.map_err(ApiError::from),
            Err(_) => Err(ApiError::slow_body()),
        }))
    }
}
