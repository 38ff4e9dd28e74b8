//! Errors, with their HTTP status, their form in OpenAI's API and their error type in the metrics.

use std::error::Error;
use std::fmt;

use axum::Json;
use axum::extract::rejection::BytesRejection;
use axum::http::HeaderValue;
use axum::http::StatusCode;
use axum::http::header::CONNECTION;
use axum::http::header::RETRY_AFTER;
use axum::response::IntoResponse;
use axum::response::Response;
use serde::Serialize;

use crate::queue::PushError;
use llmobs::ErrorType;
use llmobs::Failure;

/// An error response to a caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    pub(crate) status: StatusCode,
    /// The error type in the metrics.
    pub(crate) error_type: ErrorType,
    message: String,
    param: Option<&'static str>,
    code: Option<&'static str>,
}

/// Seconds after which the queue probably has room.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("1");

const CLOSE: HeaderValue = HeaderValue::from_static("close");

impl ApiError {
    fn new(status: StatusCode, error_type: ErrorType, message: impl Into<String>) -> Self {
        Self { status, error_type, message: message.into(), param: None, code: None }
    }

    /// Returns the error of an invalid request.
    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, ErrorType::InvalidRequest, message)
    }

    /// Returns the error of one invalid field of the request.
    pub(crate) fn invalid_field(param: &'static str, message: impl Into<String>) -> Self {
        Self { param: Some(param), ..Self::invalid_request(message) }
    }

    pub(crate) fn unknown_model(served_model: &str) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: Some("model_not_found"),
            ..Self::invalid_field("model", format!("this server has no such model; it serves `{served_model}`"))
        }
    }

    pub(crate) fn prompt_too_long(context: usize) -> Self {
        Self {
            code: Some("context_length_exceeded"),
            ..Self::invalid_request(format!(
                "the prompt is too long: the prompt and its answer together may have {context} tokens"
            ))
        }
    }

    /// Returns the error of a body that did not arrive in time. The error type is a client fault and not `timeout`, so
    /// that slow clients cannot spend the error budget of the service.
    pub(crate) fn slow_body() -> Self {
        Self {
            status: StatusCode::REQUEST_TIMEOUT,
            ..Self::invalid_request("the body of the request did not arrive within the time limit")
        }
    }

    /// Returns the error that ended an admitted request.
    pub(crate) fn from_error_type(error_type: ErrorType) -> Self {
        match error_type {
            ErrorType::Timeout => Self::new(StatusCode::GATEWAY_TIMEOUT, error_type, "the deadline has passed"),
            ErrorType::Shutdown => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, error_type, "the server is shutting down")
            }
            _ => Self::new(StatusCode::INTERNAL_SERVER_ERROR, error_type, "the model could not answer"),
        }
    }

    /// Returns the failure for the observer. The message may quote the request, so it is exported only if content is
    /// captured.
    pub(crate) fn failure(&self) -> Failure {
        Failure::new(self.error_type).message(self.message.as_str())
    }

    /// Returns the body of the error, as sent within a stream that has already begun.
    pub(crate) fn error_body(&self) -> impl Serialize + '_ {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Inner<'a>,
        }
        #[derive(Serialize)]
        struct Inner<'a> {
            message: &'a str,
            r#type: &'static str,
            param: Option<&'static str>,
            code: Option<&'static str>,
        }
        let r#type = match self.error_type {
            ErrorType::InvalidRequest | ErrorType::Cancelled => "invalid_request_error",
            ErrorType::Overloaded => "overloaded_error",
            ErrorType::Timeout => "timeout_error",
            _ => "server_error",
        };
        Body { error: Inner { message: &self.message, r#type, param: self.param, code: self.code } }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for ApiError {}

impl From<PushError> for ApiError {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Full => Self::new(
                StatusCode::TOO_MANY_REQUESTS,
                ErrorType::Overloaded,
                "the queue is full; try again in a moment",
            ),
            PushError::Closed => Self::from_error_type(ErrorType::Shutdown),
        }
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        let error_type = ErrorType::from_request_body_error(&rejection);
        Self::new(rejection.status(), error_type, rejection.body_text())
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::invalid_request(format!("the body is not a valid request for this route: {error}"))
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.error_body())).into_response();
        match self.status {
            StatusCode::TOO_MANY_REQUESTS => response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS),
            // The rest of the body would follow on the connection.
            StatusCode::REQUEST_TIMEOUT => response.headers_mut().insert(CONNECTION, CLOSE),
            _ => None,
        };
        response
    }
}

/// Answers 404 for an unknown path.
pub(crate) async fn not_found() -> ApiError {
    ApiError { status: StatusCode::NOT_FOUND, ..ApiError::invalid_request("this path does not exist") }
}

/// Answers 405 for a path that requires another method.
pub(crate) async fn method_not_allowed() -> ApiError {
    ApiError {
        status: StatusCode::METHOD_NOT_ALLOWED,
        ..ApiError::invalid_request("this path requires another method")
    }
}
