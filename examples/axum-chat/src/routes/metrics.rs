//! `GET /metrics`: everything that was observed, as the scraper wants to read it.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::ACCEPT;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::app::App;

pub(crate) async fn metrics(State(app): State<App>, headers: HeaderMap) -> impl IntoResponse {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
    let page = llmobs::prometheus::page(&app.observer, accept);
    ([(CONTENT_TYPE, page.content_type)], page.body)
}
