//! Shows: an axum handler that llmobs observes, as in the README. A thread that sleeps replaces the engine; the example
//! `axum-chat` runs a real model.
//!
//! Run: `cargo run -p llmobs-examples --example axum_handler`
//!
//! You will see: one request to the service over loopback, then the operation's metrics on `/metrics`.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::convert::Infallible;
use std::error::Error;
use std::thread;
use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::response::Sse;
use axum::response::sse::Event;
use axum::routing::post;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Role;
use llmobs::Usage;
use llmobs::clock::Moment;
use llmobs::prometheus::Endpoint;
use serde::Deserialize;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

const MODEL: &str = "stand-in";

#[derive(Clone)]
struct App {
    observer: Observer,
}

#[derive(Deserialize)]
struct Request {
    model: String,
    max_tokens: u64,
}

struct Token {
    text: &'static str,
    produced_at: Moment,
}

async fn chat(State(app): State<App>, Json(request): Json<Request>) -> impl IntoResponse {
    let operation = app.observer.chat(&request.model).max_tokens(request.max_tokens).start();
    let tokens = start_engine(operation.marker().clone()); // its thread marks scheduled, first token, usage
    let tokens = operation.observe_with(tokens, |token| Chunk::tokens(1).produced_at(token.produced_at));
    Sse::new(tokens.map(|token| Ok::<_, Infallible>(Event::default().data(token.text))))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let observer = Observer::builder().role(Role::Server).provider("candle").model(MODEL).build()?;
    let routes = Router::new()
        .route("/chat", post(chat))
        .route_service("/metrics", Endpoint::new(observer.clone()))
        .with_state(App { observer });

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(axum::serve(listener, routes).into_future());

    let body = format!(r#"{{"model":"{MODEL}","max_tokens":64}}"#);
    println!("{}", send(address, "POST /chat", &body).await?);
    let page = send(address, "GET /metrics", "").await?;
    for line in page.lines().filter(|line| line.starts_with("gen_ai_server_") && !line.contains("_bucket")) {
        println!("{line}");
    }
    Ok(())
}

/// Replaces an engine: sleeps where a model would compute.
fn start_engine(marker: Marker) -> impl Stream<Item = Token> + Unpin {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    marker.enqueued();
    thread::spawn(move || {
        marker.scheduled();
        marker.usage(Usage::new().input(9));
        thread::sleep(Duration::from_millis(40)); // prefill
        for text in ["An", "answer", "in", "five", "tokens"] {
            if sender.send(Token { text, produced_at: marker.now() }).is_err() {
                return; // the consumer dropped the stream
            }
            thread::sleep(Duration::from_millis(15));
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}

/// Sends one plain HTTP request and returns the body of the answer.
async fn send(address: std::net::SocketAddr, request_line: &str, body: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    let length = body.len();
    let head = format!(
        "{request_line} HTTP/1.0\r\nhost: {address}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}
