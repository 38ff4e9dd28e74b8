//! axum 0.7 with an engine in a spawned task, which sends text over a channel that the body of the answer reads. A guard
//! owns the sender, so that a task that panics, is aborted or returns early fails the operation: without it, the channel
//! only looks closed.

use std::convert::Infallible;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::panic::resume_unwind;

use axum::Json;
use axum::Router;
use axum::extract::MatchedPath;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::get;
use axum::routing::post;
use axum_0_7 as axum;
use futures_util::StreamExt;
use futures_util::stream;
use http::StatusCode;
use llmobs::BuildError;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Role;
use llmobs::operation::ProducerGuard;
use llmobs::tower::ServerLayer;
use llmobs_hosts_tests::upstream::MODEL;
use llmobs_hosts_tests::upstream::TOKEN_TIME;
use llmobs_tests::metrics_page::Page;
use llmobs_tests::waiting::eventually;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use crate::subscriber::subscribe;

#[derive(Deserialize)]
struct Request {
    prompt: String,
}

async fn generate(Json(request): Json<Request>) -> Result<Response, StatusCode> {
    let operation = Observer::current().chat(MODEL).start(); // llmobs
    if request.prompt == "when the queue is full" {
        operation.end_with_error(StatusCode::TOO_MANY_REQUESTS); // llmobs
        return Err(StatusCode::TOO_MANY_REQUESTS);
    }
    let (sender, mut receiver) = mpsc::channel(8);
    let answer = operation.producer(sender); // llmobs
    let is_aborted = request.prompt == "abort";
    let task = tokio::spawn(run_engine(request.prompt, answer));
    if is_aborted {
        task.abort();
    }
    let tokens = stream::poll_fn(move |context| receiver.poll_recv(context));
    let tokens = operation.observe_with(tokens, |_| Chunk::tokens(1)); // llmobs
    Ok(Sse::new(tokens.map(|token: String| Ok::<_, Infallible>(Event::default().data(token)))).into_response())
}

async fn run_engine(prompt: String, answer: ProducerGuard<mpsc::Sender<String>>) {
    let count = if prompt == "without an end" { 2_000 } else { 4 };
    for index in 0..count {
        match &*prompt {
            "panic at the first token" => panic!("the engine fails"),
            "unwind at the first token" => resume_unwind(Box::new("as a panic, without its message")),
            "panic later" if index == 2 => panic!("the engine fails"),
            "an error later" if index == 2 => {
                answer.marker().set_error(ErrorType::Inference); // llmobs
                return;
            }
            "an early return" if index == 2 => return,
            _ => tokio::time::sleep(TOKEN_TIME).await,
        }
        if answer.send("red".to_owned()).await.is_err() {
            return;
        }
    }
    answer.finish(); // llmobs
}

async fn metrics(State(observer): State<Observer>) -> String {
    llmobs::prometheus::page(&observer, None).body // llmobs
}

fn routes() -> Result<Router, BuildError> {
    let observer = Observer::builder().role(Role::Server).provider("tiny-engine").model(MODEL); // llmobs
    let observer = observer.build()?; // llmobs
    let layer = ServerLayer::new(observer.clone()); // llmobs
    let layer = layer.route(|request| Some(request.extensions.get::<MatchedPath>()?.as_str().to_owned())); // llmobs
    let routes = Router::new()
        .route("/generate", post(generate))
        .layer(layer) // llmobs
        .route("/metrics", get(metrics).with_state(observer)); // llmobs
    Ok(routes)
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

async fn send(host: SocketAddr, prompt: &str) -> reqwest::Response {
    let body = serde_json::json!({ "prompt": prompt });
    reqwest::Client::new().post(format!("http://{host}/generate")).json(&body).send().await.unwrap()
}

async fn page_after(host: SocketAddr, calls: u64) -> Page {
    eventually("the calls have ended", async || {
        let page = Page::parse(&reqwest::get(format!("http://{host}/metrics")).await.unwrap().text().await.unwrap());
        (page.count("llmobs_operation_ended_total", &[]) == calls).then_some(page)
    })
    .await
}

#[tokio::test]
async fn each_end_of_the_task_is_the_end_of_the_operation() {
    let telemetry = subscribe();
    let host = serve(routes().unwrap()).await;

    assert_eq!(send(host, "complete").await.text().await.unwrap().matches("data: red").count(), 4);
    assert_eq!(send(host, "when the queue is full").await.status(), 429);
    let nothing = send(host, "panic at the first token").await;
    assert_eq!((nothing.status().as_u16(), nothing.text().await.unwrap().as_str()), (200, ""));
    assert_eq!(send(host, "abort").await.text().await.unwrap(), "");
    for prompt in ["panic later", "an error later", "an early return"] {
        assert_eq!(send(host, prompt).await.text().await.unwrap().matches("data: red").count(), 2);
    }
    send(host, "without an end").await.chunk().await.unwrap();

    let page = page_after(host, 8).await;
    let outcomes = ["completed", "rejected/rate_limited", "failed/internal", "failed/inference", "cancelled"];
    assert_eq!(outcomes.map(|outcome| page.ended_count(outcome)), [1, 1, 4, 1, 1]);
    let first_tokens = page.count("llmobs_time_to_first_token_seconds_count", &[]);
    assert_eq!(first_tokens, 5, "all but the refused call, the aborted one and the early panic");
    let log = telemetry.log.text();
    let records = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    assert_eq!(records.filter(|record| record["error.type"] == "internal").count(), 4, "{log}");
    let spans = telemetry.spans.named("chat tiny");
    let failed = spans.iter().filter(|span| span.error.as_deref() == Some("this process failed"));
    assert_eq!((spans.len(), failed.count()), (8, 4));
    assert_eq!(telemetry.spans.named("POST /generate").len(), 8);
}

/// On several threads the body may read the end of the channel while the task is still unwinding.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_panic_looks_like_a_completed_answer_on_several_threads() {
    let host = serve(routes().unwrap()).await;
    for _ in 0..200 {
        assert_eq!(send(host, "unwind at the first token").await.text().await.unwrap(), "");
    }
    let page = page_after(host, 200).await;
    assert_eq!((page.ended_count("failed/internal"), page.ended_count("completed")), (200, 0));
}
