//! Shows: a gateway in front of an OpenAI-compatible server, observed by what passes through it.
//!
//! Run: `cargo run --release -p llmobs-examples --example gateway -- --upstream http://127.0.0.1:8080`
//!
//! You will see: requests to `http://127.0.0.1:8081/v1/...` answered by the upstream, a log line for each of them, and
//! the numbers at `http://127.0.0.1:8081/metrics`. `docs/guide/gateway.md` says what they mean. Prompts and answers go
//! nowhere unless `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` says so, and then redacted.

mod answer;
mod forward;
mod headers;

use std::error::Error;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::Uri;
use axum::http::uri::Scheme;
use axum::routing::get;
use axum::routing::post;
use axum::serve::ListenerExt;
use clap::Parser;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;
use llmobs::Level;
use llmobs::Observer;
use llmobs::OperationName;
use llmobs::Provider;
use llmobs::Role;
use llmobs::otlp::Pipeline;
use llmobs::prometheus::Endpoint;
use llmobs::tower::ServerLayer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

/// How long the last export may take.
const LAST_EXPORT: Duration = Duration::from_secs(5);

/// A gateway for OpenAI-shaped requests, watched by llmobs.
#[derive(Debug, Parser)]
#[command(name = "gateway")]
struct Cli {
    /// Where requests go: `http://host:port`, and a path if the server has its `/v1` below one. For `https` build with
    /// `--features tls`.
    #[arg(long, value_name = "URL")]
    upstream: Uri,

    /// Where to listen. Only this machine can connect unless another address is given.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,

    /// Who answers there, in the word of the conventions.
    #[arg(long, value_name = "NAME", default_value = "openai")]
    provider: String,

    /// A model that has its place among the labels from the start. May be given often.
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,

    /// How many other models get a place; the rest are `_OTHER`. Without it, as many as fit.
    #[arg(long, value_name = "N")]
    other_models: Option<usize>,

    /// How long a connection may take.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    connect_timeout: Duration,

    /// How long the upstream may take to begin its answer; a whole answer begins when it is done.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = seconds)]
    answer_timeout: Duration,

    /// How long an answer may pause.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = seconds)]
    pause_timeout: Duration,

    /// How long a shutdown waits for the answers that are under way.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    drain: Duration,
}

/// What every request shares. Cheap to clone.
#[derive(Debug, Clone)]
struct Gateway {
    observer: Observer,
    client: Client<Connector, Body>,
    upstream: String,
    answer_timeout: Duration,
    pause_timeout: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let is_known = |scheme: &Scheme| *scheme == Scheme::HTTP || (cfg!(feature = "tls") && *scheme == Scheme::HTTPS);
    if !cli.upstream.scheme().is_some_and(is_known) {
        return Err("--upstream wants http://host:port, or https:// where this is built with `--features tls`".into());
    }
    // Before the observer: instruments that are older than their provider are silent for good.
    let pipeline = tell()?;

    let mut observer = Observer::builder()
        .role(Role::Gateway)
        .level(Level::Standard)
        .provider(Provider::other(cli.provider.clone()))
        .models(cli.models.clone())
        .operations([OperationName::Chat, OperationName::TextCompletion, OperationName::Embeddings]);
    if let Some(models) = cli.other_models {
        observer = observer.max_undeclared_models(models);
    }
    let observer = observer.build()?;
    let gateway = Gateway {
        observer: observer.clone(),
        client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector(&cli)?),
        upstream: cli.upstream.to_string().trim_end_matches('/').to_owned(),
        answer_timeout: cli.answer_timeout,
        pause_timeout: cli.pause_timeout,
    };
    serve(router(gateway), &observer, &cli).await?;
    if let Some(Err(unfinished)) = pipeline.map(|pipeline| pipeline.shutdown(LAST_EXPORT)) {
        tracing::warn!(%unfinished, "the collector did not get everything");
    }
    Ok(())
}

/// Logs are JSON lines on standard output. Where the standard variable names a collector, traces, metrics and logs go
/// there too.
fn tell() -> Result<Option<Pipeline>, Box<dyn Error>> {
    if std::env::var_os("OTEL_EXPORTER_OTLP_ENDPOINT").is_some_and(|address| !address.is_empty()) {
        return Ok(Some(llmobs::otlp::init()?));
    }
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();
    Ok(None)
}

fn router(gateway: Gateway) -> Router {
    let observer = gateway.observer.clone();
    Router::new()
        .route("/v1/chat/completions", post(forward::observed))
        .route("/v1/completions", post(forward::observed))
        .route("/v1/embeddings", post(forward::observed))
        .route("/v1/models", get(forward::unobserved))
        .route("/v1/models/{model}", get(forward::unobserved))
        .layer(ServerLayer::new(observer.clone()))
        .route_service("/metrics", Endpoint::new(observer))
        .with_state(gateway)
}

#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;
#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

/// How connections to the upstream are made.
fn connector(cli: &Cli) -> std::io::Result<Connector> {
    let mut connector = HttpConnector::new();
    connector.set_connect_timeout(Some(cli.connect_timeout));
    connector.set_nodelay(true);
    #[cfg(feature = "tls")]
    let connector = {
        connector.enforce_http(false);
        let tls = hyper_rustls::HttpsConnectorBuilder::new().with_native_roots()?;
        tls.https_or_http().enable_http1().wrap_connector(connector)
    };
    Ok(connector)
}

/// Serves until a signal comes, then lets what is under way come to its end.
async fn serve(router: Router, observer: &Observer, cli: &Cli) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(cli.listen).await?;
    tracing::info!(address = %listener.local_addr()?, upstream = %cli.upstream, "listening");
    // Without this, the kernel holds small chunks back until the client has acknowledged the one before.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let mut server = std::pin::pin!(server.into_future());
    tokio::select! {
        // First, so that the signal is waited for before anybody is answered.
        biased;
        () = signal() => tracing::info!("shutting down"),
        ended = &mut server => return Ok(ended?),
    }
    let _ = stop.send(());
    if tokio::time::timeout(cli.drain, &mut server).await.is_err() {
        tracing::warn!("the drain is over: what still runs is cut off");
    }
    // What is dropped from now on was not left by its client.
    observer.begin_shutdown();
    Ok(())
}

/// Comes back when somebody asks the process to end.
async fn signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| format!("{text:?} is no number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
