//! Shows: a gateway in front of an OpenAI-compatible server, which observes the traffic that passes through.
//!
//! Run: `cargo run --release -p llmobs-examples --example gateway -- --upstream http://127.0.0.1:8080`
//!
//! You will see: requests to `http://127.0.0.1:8081/v1/...` answered by the upstream, a log line for each request with its
//! cost, and the metrics at `http://127.0.0.1:8081/metrics`, which `llmobs/docs/guide/gateway.md` explains. Prompts and answers
//! are exported only if `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` enables that, and then redacted.

mod body;
mod forward;
mod headers;
mod upstream;

use std::error::Error;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
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
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::cost::PriceBook;
use llmobs::gateway::GatewayLayer;
use llmobs::otlp::Pipeline;
use llmobs::prometheus::Endpoint;
use llmobs::semconv::value::OperationName;
use llmobs::tower::ServerLayer;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tracing_subscriber::EnvFilter;

use self::upstream::Upstream;

/// Time limit of the last export at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// A gateway for requests to the OpenAI API, observed by llmobs.
#[derive(Debug, Parser)]
#[command(name = "gateway")]
struct Cli {
    /// Base URL of the upstream: `http://host:port`, with a path if its `/v1` is below one. For `https` build with
    /// `--features tls`.
    #[arg(long, value_name = "URL")]
    upstream: Uri,

    /// Base URL of a second upstream, for the calls that the first one does not answer: it failed before its answer began,
    /// or its calls failed, so that it gets none for a time. It must accept the same models and credentials.
    #[arg(long, value_name = "URL")]
    fallback: Option<Uri>,

    /// Address to listen on. By default only this machine can connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8081")]
    listen: SocketAddr,

    /// Provider of the models, as named by the OpenTelemetry GenAI conventions.
    #[arg(long, value_name = "NAME", default_value = "openai")]
    provider: String,

    /// Provider of the models of the second upstream.
    #[arg(long, value_name = "NAME", default_value = "fallback")]
    fallback_provider: String,

    /// Time after which an upstream that failed gets a call again.
    #[arg(long, value_name = "SECONDS", default_value = "15", value_parser = parse_seconds)]
    cool_down: Duration,

    /// A model to declare as a label value. May be repeated.
    #[arg(long = "model", value_name = "NAME")]
    models: Vec<String>,

    /// Maximum number of undeclared models with a separate label value; further models are counted as `_OTHER`.
    /// Default: as many as fit.
    #[arg(long, value_name = "N")]
    other_models: Option<usize>,

    /// Level of detail of the metrics: `core`, `standard` or `full`.
    #[arg(long, value_name = "LEVEL", default_value = "standard")]
    level: Level,

    /// Objective of the time to the first token. Without it, operations are not judged.
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    first_token: Option<Duration>,

    /// File of own prices and budgets in TOML, which wins over the bundled prices. A budget with `action = "deny"` answers
    /// requests with 429 once it is exhausted.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,

    /// Time limit for the connection to the upstream.
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse_seconds)]
    connect_timeout: Duration,

    /// Time limit until the upstream's answer begins. An answer that is not streamed begins when it is complete.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = parse_seconds)]
    answer_timeout: Duration,

    /// Longest pause within an answer.
    #[arg(long, value_name = "SECONDS", default_value = "120", value_parser = parse_seconds)]
    pause_timeout: Duration,

    /// Time limit for running answers at shutdown.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = parse_seconds)]
    drain: Duration,
}

/// The state that all requests share. Cheap to clone.
#[derive(Debug, Clone)]
struct Gateway {
    observer: Observer,
    client: Client<Connector, Body>,
    /// The first one that is available gets a call.
    upstreams: Arc<[Upstream]>,
    answer_timeout: Duration,
    pause_timeout: Duration,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let is_known = |scheme: &Scheme| *scheme == Scheme::HTTP || (cfg!(feature = "tls") && *scheme == Scheme::HTTPS);
    if ![Some(&cli.upstream), cli.fallback.as_ref()].into_iter().flatten().all(|url| url.scheme().is_some_and(is_known))
    {
        return Err("an upstream requires http://host:port, or https:// if built with `--features tls`".into());
    }
    if cli.fallback.is_some() && cli.fallback_provider == cli.provider {
        return Err(
            "--fallback-provider must differ from --provider: the health of a model is known by its provider".into()
        );
    }
    // Set the pipeline up before the observer: instruments created before their provider record nothing.
    let pipeline = init_telemetry()?;

    let mut observer = Observer::builder()
        .role(Role::Gateway)
        .level(cli.level)
        .provider(Provider::other(cli.provider.clone()))
        .models(cli.models.clone())
        .operations([OperationName::Chat, OperationName::TextCompletion, OperationName::Embeddings]);
    if let Some(models) = cli.other_models {
        observer = observer.max_undeclared_models(models);
    }
    if let Some(limit) = cli.first_token {
        observer = observer.objective(Objective::new("interactive").time_to_first_token(limit));
    }
    let mut prices = PriceBook::bundled();
    if let Some(file) = &cli.prices {
        prices = prices.overlay_file(file)?;
    }
    let observer = observer.prices(prices).build()?;
    let gateway = Gateway {
        observer: observer.clone(),
        client: Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector(&cli)?),
        upstreams: [(Some(&cli.upstream), &cli.provider), (cli.fallback.as_ref(), &cli.fallback_provider)]
            .into_iter()
            .filter_map(|(url, provider)| Some(Upstream::new(url?, provider, cli.cool_down)))
            .collect(),
        answer_timeout: cli.answer_timeout,
        pause_timeout: cli.pause_timeout,
    };
    serve(router(gateway), &observer, &cli).await?;
    if let Some(Err(unfinished)) = pipeline.map(|pipeline| pipeline.shutdown(SHUTDOWN_TIMEOUT)) {
        tracing::warn!(%unfinished, "some telemetry was not exported");
    }
    Ok(())
}

/// Sets up telemetry. With `OTEL_EXPORTER_OTLP_ENDPOINT`, traces, metrics and logs are sent to that collector; logs are
/// always JSON lines on standard output.
fn init_telemetry() -> Result<Option<Pipeline>, Box<dyn Error>> {
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
        .route("/v1/chat/completions", post(forward::forward))
        .route("/v1/completions", post(forward::forward))
        .route("/v1/embeddings", post(forward::forward))
        .route("/v1/models", get(forward::forward))
        .route("/v1/models/{model}", get(forward::forward))
        .layer(DefaultBodyLimit::max(forward::MAX_REQUEST_BYTES))
        .layer(GatewayLayer::new(observer.clone()).deny_over_budget())
        .layer(ServerLayer::new(observer.clone()))
        .route_service("/metrics", Endpoint::new(observer))
        .with_state(gateway)
}

#[cfg(not(feature = "tls"))]
type Connector = HttpConnector;
#[cfg(feature = "tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector>;

/// Returns the connector for connections to the upstream.
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

/// Serves until a signal arrives, then waits for running answers up to the drain limit.
async fn serve(router: Router, observer: &Observer, cli: &Cli) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(cli.listen).await?;
    tracing::info!(address = %listener.local_addr()?, upstream = %cli.upstream, "listening");
    // Without `TCP_NODELAY`, the kernel holds small chunks back until the client has acknowledged the previous one.
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let (stop, stopped) = oneshot::channel();
    let server = axum::serve(listener, router).with_graceful_shutdown(async {
        let _ = stopped.await;
    });
    let mut server = std::pin::pin!(server.into_future());
    tokio::select! {
        // Polled first, so that the signal handler is installed before the first answer.
        biased;
        () = shutdown_signal() => tracing::info!("shutting down"),
        ended = &mut server => return Ok(ended?),
    }
    let _ = stop.send(());
    if tokio::time::timeout(cli.drain, &mut server).await.is_err() {
        tracing::warn!("the drain limit has passed; running answers are aborted");
    }
    // Operations dropped from here on were not cancelled by their client.
    observer.begin_shutdown();
    Ok(())
}

/// Returns when the process receives SIGTERM or Ctrl-C.
async fn shutdown_signal() {
    #[cfg(unix)]
    if let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        tokio::select! {
            _ = terminate.recv() => return,
            _ = tokio::signal::ctrl_c() => return,
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
