//! The HTTP service: routes, start and shutdown.

use std::io;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderName;
use axum::routing::get;
use axum::routing::post;
use llmobs::Observer;
use llmobs::prometheus::Endpoint;
use llmobs::tower::InFlightPage;
use llmobs::tower::ServerLayer;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use crate::answer::answer;
use crate::app::App;
use crate::cli::Cli;
use crate::cli::HttpSpans;
use crate::connections::Connections;
use crate::error;
use crate::queue::AdmissionMode;
use crate::routes::chat::ChatRequest;
use crate::routes::completions::CompletionRequest;
use crate::routes::generate::generate;
use crate::routes::health::health;
use crate::routes::models::models;
use crate::signals::Signals;

/// Largest request body that is read: 2 MiB.
const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// The path that reports whether the engine accepts requests.
const HEALTH_PATH: &str = "/healthz";

/// The response header with the trace id of the request.
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// Time for clients to receive the error of an aborted answer.
const CLIENT_READ_GRACE: Duration = Duration::from_secs(1);

fn router(app: App, http_spans: HttpSpans) -> Router {
    Router::new()
        .route("/v1/chat/completions", post(answer::<ChatRequest>))
        .route("/v1/completions", post(answer::<CompletionRequest>))
        .route("/v1/generate", post(generate))
        .route("/v1/models", get(models))
        .route(HEALTH_PATH, get(health))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(server_layer(&app.observer, http_spans))
        // Added after the layer, so that requests for these pages are not counted.
        .route_service("/metrics", Endpoint::new(app.observer.clone()))
        .route_service("/debug/llmobs", InFlightPage::new(app.observer.clone()))
        .with_state(app)
}

fn server_layer(observer: &Observer, http_spans: HttpSpans) -> ServerLayer {
    let layer = ServerLayer::new(observer.clone()).with_trace_header(TRACE_ID);
    // A load balancer asks for the health every few seconds.
    let layer = layer.span_filter(|request| request.uri.path() != HEALTH_PATH);
    match http_spans {
        HttpSpans::All => layer,
        HttpSpans::None => layer.without_spans(),
        HttpSpans::Model => layer.with_model_call(),
    }
}

/// Serves until a signal arrives, then waits for running answers until the drain limit or a second signal.
pub(crate) async fn serve(app: App, engine: JoinHandle<()>, cli: &Cli) -> io::Result<()> {
    let mut signals = Signals::new()?;
    let listener = TcpListener::bind(cli.listen).await?;
    tracing::info!(address = %listener.local_addr()?, model = app.engine.model(), "listening");
    let _runtime = llmobs::runtime::watch(&Handle::current(), "tokio", &app.observer);

    let mut connections = Connections::new(cli);
    tokio::select! {
        signal = signals.next() => tracing::info!(signal, "shutting down"),
        never = connections.accept(listener, router(app.clone(), cli.http_spans)) => match never {},
    }

    // New requests are refused; admitted requests may run until the end of the drain.
    app.queue.set_admission(AdmissionMode::Closed);
    let is_drained = tokio::select! {
        () = connections.drain() => true,
        () = tokio::time::sleep(cli.drain) => {
            tracing::warn!("the drain limit has passed; running answers are aborted");
            false
        }
        signal = signals.next() => {
            tracing::warn!(signal, "a second signal has arrived; running answers are aborted");
            false
        }
    };
    if !is_drained {
        app.queue.set_admission(AdmissionMode::Stopped);
        let _ = tokio::time::timeout(CLIENT_READ_GRACE, connections.drain()).await;
    }
    // Operations dropped from here on were not cancelled by their client.
    app.observer.begin_shutdown();
    connections.abort().await;
    join_engine(engine).await;
    tracing::info!("stopped");
    Ok(())
}

/// Waits up to 5 s for the engine thread. All its sequences have been answered or dropped by now.
async fn join_engine(engine: JoinHandle<()>) {
    let joined = tokio::task::spawn_blocking(move || engine.join());
    let _ = tokio::time::timeout(Duration::from_secs(5), joined).await;
}
