//! `GET /v1/models`: lists the one model that is served, and its engine.

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::app::App;

#[derive(Serialize)]
pub(crate) struct Models {
    object: &'static str,
    data: [Model; 1],
}

#[derive(Serialize)]
struct Model {
    id: String,
    object: &'static str,
    owned_by: &'static str,
    description: &'static str,
    max_model_len: usize,
}

pub(crate) async fn models(State(app): State<App>) -> Json<Models> {
    let engine = &app.engine;
    let model = Model {
        id: engine.model().to_owned(),
        object: "model",
        owned_by: engine.provider(),
        description: engine.description(),
        max_model_len: engine.context_length(),
    };
    Json(Models { object: "list", data: [model] })
}
