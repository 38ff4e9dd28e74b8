//! An OpenAI-compatible server around a small real model, watched by llmobs.
//!
//! A request's way: [`answer`] reads it in the dialect of its route ([`api`], [`routes`]), [`app`] puts it into the
//! [`queue`], the [`scheduler`]'s thread decodes it with the [`engine`] and sends [`event`]s, and those go to the
//! client at once or in parts ([`sse`]). llmobs writes one line about it.

mod answer;
mod api;
mod app;
mod cli;
mod engine;
mod error;
mod event;
mod fetch;
mod lag;
mod once;
mod queue;
mod routes;
mod scheduler;
mod server;
mod sse;
mod threads;

use std::error::Error;
use std::io;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use llmobs::otlp::Pipeline;
use llmobs_gpu::Sampler;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::app::App;
use crate::cli::Cli;
use crate::cli::EngineKind;
use crate::engine::Engine;
use crate::engine::Llama;
use crate::engine::Synthetic;

/// How long the last export may take.
const LAST_EXPORT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Where standard error is closed, nobody is left to tell.
            let _ = writeln!(io::stderr(), "axum-chat: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error + Send + Sync>> {
    let engine = load(cli)?;
    // Before the observer: instruments that are older than their provider are silent for good.
    let pipeline = tell_as(cli)?;
    let (app, thread) = App::start(engine, cli)?;
    // It samples until it is dropped.
    let _sampler = Sampler::builder().choose(cli.gpu.clone()).start(&app.observer)?;
    let runtime = tokio::runtime::Runtime::new()?;
    match &cli.once {
        Some(prompt) => runtime.block_on(once::answer(&app, prompt))?,
        None => runtime.block_on(server::serve(app, thread, cli))?,
    }
    if let Some(Err(unfinished)) = pipeline.map(|pipeline| pipeline.shutdown(LAST_EXPORT)) {
        tracing::warn!(%unfinished, "the collector did not get everything");
    }
    Ok(())
}

fn load(cli: &Cli) -> Result<Arc<dyn Engine>, Box<dyn Error + Send + Sync>> {
    if cli.engine == EngineKind::Synthetic {
        return Ok(Arc::new(Synthetic::new(cli.synthetic_prefill, cli.synthetic_token, cli.synthetic_bytes.get())));
    }
    threads::settle()?;
    let path = match &cli.model {
        Some(path) => path.clone(),
        None => fetch::model()?,
    };
    let llama = Llama::load(&path).map_err(|error| format!("{} cannot be loaded: {error}", path.display()))?;
    Ok(Arc::new(llama))
}

/// Logs are JSON lines on standard output, or on standard error where the answer is on the other. Where the standard
/// variables name a collector, traces, metrics and logs go there too.
fn tell_as(cli: &Cli) -> Result<Option<Pipeline>, Box<dyn Error + Send + Sync>> {
    if cli.once.is_none() && has_collector() {
        return Ok(Some(llmobs::otlp::builder().filter(cli.log.as_str()).init()?));
    }
    let (filter, writer) = match cli.once {
        Some(_) => ("error", BoxMakeWriter::new(io::stderr)),
        None => (cli.log.as_str(), BoxMakeWriter::new(io::stdout)),
    };
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        // Where conversations are captured in events, they are for a collector and not for the log.
        .with_env_filter(EnvFilter::try_new(filter)?.add_directive("llmobs::content=off".parse()?))
        .with_writer(writer)
        .try_init()?;
    Ok(None)
}

/// Whether the environment says where telemetry is to be sent.
fn has_collector() -> bool {
    let names = ["", "TRACES_", "METRICS_", "LOGS_"].map(|signal| format!("OTEL_EXPORTER_OTLP_{signal}ENDPOINT"));
    names.iter().any(|name| std::env::var_os(name).is_some_and(|address| !address.is_empty()))
}
