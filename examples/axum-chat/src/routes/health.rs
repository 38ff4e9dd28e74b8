//! `GET /healthz`: reports whether the engine accepts requests.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::queue::AdmissionMode;

#[derive(Serialize)]
pub(crate) struct Health {
    status: &'static str,
}

pub(crate) async fn health(State(app): State<App>) -> (StatusCode, Json<Health>) {
    if app.queue.admission() == AdmissionMode::Open {
        (StatusCode::OK, Json(Health { status: "ok" }))
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, Json(Health { status: "shutting down" }))
    }
}
