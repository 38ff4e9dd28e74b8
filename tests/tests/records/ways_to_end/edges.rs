//! Ends by the edges of the library: decoders of providers, the server and gateway layers, and the attribute.

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::gateway::GatewayLayer;
use llmobs::llm_span;
use llmobs::sse;
use llmobs::sse::Dialect;
use llmobs::tower::ServerLayer;
use llmobs::tower::axum::CurrentObserver;
use tower::ServiceExt;
use tower_layer::Layer;

use super::Scene;
use super::Way;
use super::catch;
use super::panic_quietly;

const FRAMES: [&str; 3] = [
    "data: {\"id\":\"resp_1\",\"model\":\"m-2026\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n",
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":3,\
     \"prompt_tokens_details\":{\"cached_tokens\":2}}}\n\ndata: [DONE]\n\n",
];
const WHOLE: &[u8] = br#"{"id":"resp_1","choices":[{"index":0,"finish_reason":"stop","message":{"content":"a"}}],
    "usage":{"prompt_tokens":9,"completion_tokens":3}}"#;

pub const WAYS: &[Way] = &[
    Way {
        name: "sse, to its end",
        role: Role::Gateway,
        run: |scene| observe_frames(scene, &FRAMES),
        expected: ("completed", "stop"),
    },
    Way {
        name: "sse, broken off",
        role: Role::Gateway,
        run: |scene| observe_frames(scene, &FRAMES[..1]),
        expected: ("failed", "upstream"),
    },
    Way {
        name: "sse, an error frame",
        role: Role::Gateway,
        run: |scene| {
            observe_frames(scene, &["data: {\"error\":{\"type\":\"server_error\",\"message\":\"canary\"}}\n\n"]);
        },
        expected: ("failed", "upstream"),
    },
    Way {
        name: "whole response, 200",
        role: Role::Client,
        run: |scene| sse::end_with_response(scene.start(), Dialect::OpenAi, 200, WHOLE),
        expected: ("completed", "stop"),
    },
    Way {
        name: "whole response, 429",
        role: Role::Client,
        run: |scene| sse::end_with_response(scene.start(), Dialect::OpenAi, 429, b"slow down"),
        expected: ("rejected", "rate_limited"),
    },
    Way { name: "gateway layer", role: Role::Gateway, run: through_gateway, expected: ("completed", "stop") },
    Way {
        name: "server layer, a refusal",
        role: Role::Server,
        run: |scene| handle(scene, StatusCode::TOO_MANY_REQUESTS),
        expected: ("rejected", "rate_limited"),
    },
    Way {
        name: "server layer, an answer without the operation",
        role: Role::Server,
        run: |scene| handle(scene, StatusCode::OK),
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "server layer, the caller leaves",
        role: Role::Server,
        run: |scene| {
            let handler = |CurrentObserver(observer): CurrentObserver| async move {
                let _operation = observer.chat("m").start();
                std::future::pending::<StatusCode>().await
            };
            let service = Router::new().route("/", get(handler)).layer(ServerLayer::new(scene.observer.clone()));
            assert!(service.oneshot(Request::get("/").body(Body::empty()).unwrap()).now_or_never().is_none());
        },
        expected: ("cancelled", "cancelled"),
    },
    Way {
        name: "llm_span, Ok",
        role: Role::Server,
        run: |scene| assert!(attributed(&scene.observer, Ok(1)).is_ok()),
        expected: ("completed", ""),
    },
    Way {
        name: "llm_span, Err",
        role: Role::Server,
        run: |scene| assert!(attributed(&scene.observer, Err(ErrorType::Overloaded)).is_err()),
        expected: ("rejected", "overloaded"),
    },
    Way {
        name: "llm_span, a panic",
        role: Role::Server,
        run: |scene| catch(|| assert!(attributed(&scene.observer, Ok(7)).is_ok())),
        expected: ("failed", "internal"),
    },
];

#[llm_span(chat, observer = observer, model = "m")]
fn attributed(observer: &Observer, answer: Result<u8, ErrorType>) -> Result<u8, ErrorType> {
    if answer == Ok(7) {
        panic_quietly();
    }
    answer
}

fn observe_frames(scene: &Scene, frames: &'static [&'static str]) {
    let observed = sse::observe(scene.start(), Dialect::OpenAi, stream::iter(frames));
    assert!(observed.count().now_or_never().is_some());
}

fn handle(scene: &Scene, status: StatusCode) {
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        drop(observer.chat("m").start());
        status
    };
    let service = Router::new().route("/", get(handler)).layer(ServerLayer::new(scene.observer.clone()));
    let answer = service.oneshot(Request::get("/").body(Body::empty()).unwrap()).now_or_never().unwrap().unwrap();
    assert!(answer.into_body().collect().now_or_never().unwrap().is_ok());
}

fn through_gateway(scene: &Scene) {
    let upstream = tower::service_fn(|_request: Request<_>| async {
        Response::builder().header(CONTENT_TYPE, "application/json").body(Body::from(WHOLE))
    });
    let request = Request::post("/v1/chat/completions").body(Body::from(r#"{"model":"m","messages":[]}"#)).unwrap();
    let service = GatewayLayer::new(scene.observer.clone()).layer(upstream);
    let answer = service.oneshot(request).now_or_never().unwrap().unwrap();
    assert!(answer.into_body().collect().now_or_never().unwrap().is_ok());
}
