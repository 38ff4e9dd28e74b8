//! An OpenAI-compatible server with a small real model, observed by llmobs.
//!
//! The path of a request: [`connections`] accepts its connection, [`body`] reads it, [`answer`] parses it in the format
//! of its route ([`api`], [`routes`]), [`app`] adds it to the [`queue`], the thread of the [`scheduler`] generates the
//! answer with the [`engine`] and sends [`event`]s, which are sent to the client as a whole or as a stream ([`sse`]).
//! llmobs writes one log line for each request. [`server`] shuts the service down on the [`signals`] of the process.
//!
//! The path of a sequence in the [`scheduler`]: it waits in the queue ([`backlog`] counts it) until the batch has a place
//! and the [`kv_cache`] has blocks for its prompt, of which some may contain an equal beginning already ([`prefix`]). Each
//! step computes a chunk of prompts and one token of all other sequences. A sequence that loses its blocks is preempted
//! and waits again.

mod answer;
mod api;
mod app;
mod backlog;
mod body;
mod cli;
mod connections;
mod engine;
mod error;
mod event;
mod fetch;
mod kv_cache;
mod once;
mod prefix;
mod priority;
mod queue;
mod routes;
mod scheduler;
mod server;
mod signals;
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
use crate::engine::SyntheticEngine;

/// Time limit of the last export at shutdown.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Ignored: if standard error is closed, the error cannot be reported.
            let _ = writeln!(io::stderr(), "axum-chat: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<(), Box<dyn Error + Send + Sync>> {
    let engine = load_engine(cli)?;
    // Set the pipeline up before the observer: instruments created before their provider record nothing.
    let pipeline = init_telemetry(cli)?;
    let (app, thread) = App::start(engine, cli)?;
    // The sampler runs until it is dropped.
    let _sampler = Sampler::builder().backend_choice(cli.gpu.clone()).start(&app.observer)?;
    let _process = llmobs::process::watch(&app.observer)?;
    // The last collection of the pipeline reads the operations in flight from the observer, and the numbers of the engine
    // from its handle, so they live until then.
    let _observed = (app.observer.clone(), app.backlog.clone());
    let runtime = tokio::runtime::Runtime::new()?;
    match &cli.once {
        Some(prompt) => runtime.block_on(once::run_once(&app, prompt))?,
        None => runtime.block_on(server::serve(app, thread, cli))?,
    }
    if let Some(Err(unfinished)) = pipeline.map(|pipeline| pipeline.shutdown(SHUTDOWN_TIMEOUT)) {
        tracing::warn!(%unfinished, "some telemetry was not exported");
    }
    Ok(())
}

fn load_engine(cli: &Cli) -> Result<Arc<dyn Engine>, Box<dyn Error + Send + Sync>> {
    if cli.engine == EngineKind::Synthetic {
        let engine = SyntheticEngine::new(cli.synthetic_prefill, cli.synthetic_token, cli.synthetic_bytes.get());
        return Ok(Arc::new(engine.with_failure(cli.fail)));
    }
    if cli.prefix_cache {
        return Err("--prefix-cache needs --engine synthetic: candle cannot share the KV cache of a sequence".into());
    }
    threads::ensure_thread_count()?;
    let path = match &cli.model {
        Some(path) => path.clone(),
        None => fetch::model_path()?,
    };
    let llama = Llama::load(&path).map_err(|error| format!("{} cannot be loaded: {error}", path.display()))?;
    Ok(Arc::new(llama))
}

/// Sets up telemetry. Logs are JSON lines on standard output, or with `--once` (where the answer is on standard output)
/// on standard error. If the standard variables name a collector, traces, metrics and logs are sent to that collector
/// too, except with `--once`.
fn init_telemetry(cli: &Cli) -> Result<Option<Pipeline>, Box<dyn Error + Send + Sync>> {
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
        // Events with captured conversations are meant for a collector, not for the log.
        .with_env_filter(EnvFilter::try_new(filter)?.add_directive("llmobs::content=off".parse()?))
        .with_writer(writer)
        .try_init()?;
    Ok(None)
}

/// Returns whether the environment names an OTLP endpoint.
fn has_collector() -> bool {
    let names = ["", "TRACES_", "METRICS_", "LOGS_"].map(|signal| format!("OTEL_EXPORTER_OTLP_{signal}ENDPOINT"));
    names.iter().any(|name| std::env::var_os(name).is_some_and(|address| !address.is_empty()))
}
