//! Shows: a program in the client role that calls an OpenAI-compatible server again and again, with retries, an objective and
//! a budget, and has its own `/metrics`.
//!
//! Run: `cargo run -p llmobs-examples --example client -- --server http://127.0.0.1:8080 --model NAME`
//!
//! You will see: the metrics of the calls at `http://127.0.0.1:8082/metrics`. The answers are read and not shown.

mod call;

use std::error::Error;
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use axum::Router;
use axum::http::Uri;
use clap::Parser;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::Provider;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::cost::PriceBook;
use llmobs::prometheus::Endpoint;
use tokio::net::TcpListener;
use tracing_subscriber::EnvFilter;

use crate::call::Caller;

/// The pause of a caller between two calls.
const PAUSE: Duration = Duration::from_millis(300);

/// A program that calls a model again and again, observed by llmobs.
#[derive(Debug, Parser)]
#[command(name = "client")]
struct Cli {
    /// Base URL of the server: `http://host:port`.
    #[arg(long, value_name = "URL")]
    server: Uri,

    /// The model to call.
    #[arg(long, value_name = "NAME")]
    model: String,

    /// Address of `/metrics`. By default only this machine can connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8082")]
    listen: SocketAddr,

    /// Number of calls at a time.
    #[arg(long, value_name = "N", default_value = "1")]
    callers: usize,

    /// Maximum number of tokens of an answer.
    #[arg(long, value_name = "N", default_value = "10")]
    tokens: u64,

    /// Number of further attempts of a call that failed before its answer began.
    #[arg(long, value_name = "N", default_value = "0")]
    retries: u32,

    /// Objective of the time to the first token. Without it, calls are not judged.
    #[arg(long, value_name = "SECONDS", value_parser = parse_seconds)]
    first_token: Option<Duration>,

    /// Level of detail of the metrics: `core`, `standard` or `full`.
    #[arg(long, value_name = "LEVEL", default_value = "standard")]
    level: Level,

    /// File of own prices and budgets in TOML, which wins over the bundled prices. A budget with `action = "deny"` stops the
    /// calls once it is exhausted.
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter).init();

    let mut prices = PriceBook::bundled();
    if let Some(file) = &cli.prices {
        prices = prices.overlay_file(file)?;
    }
    let mut observer =
        Observer::builder().role(Role::Client).level(cli.level).provider(Provider::OpenAi).model(cli.model.clone());
    if let Some(limit) = cli.first_token {
        observer = observer.objective(Objective::new("interactive").time_to_first_token(limit));
    }
    let observer = observer.prices(prices).build()?;

    let caller = Caller {
        observer: observer.clone(),
        client: Client::builder(TokioExecutor::new()).build_http(),
        url: format!("{}/v1/chat/completions", cli.server.to_string().trim_end_matches('/')),
        model: cli.model,
        tokens: cli.tokens,
        retries: cli.retries,
    };
    for _ in 0..cli.callers {
        let caller = caller.clone();
        tokio::spawn(async move {
            loop {
                caller.call().await;
                tokio::time::sleep(PAUSE).await;
            }
        });
    }
    let listener = TcpListener::bind(cli.listen).await?;
    tracing::info!(address = %listener.local_addr()?, server = %cli.server, "listening");
    let router = Router::new().route_service("/metrics", Endpoint::new(observer));
    tokio::select! {
        ended = axum::serve(listener, router).into_future() => Ok(ended?),
        interrupted = tokio::signal::ctrl_c() => Ok(interrupted?),
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().map_err(|_| format!("{text:?} is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
