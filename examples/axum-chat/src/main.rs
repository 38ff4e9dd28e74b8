//! An OpenAI-compatible server around a small real model, watched by llmobs.
//!
//! A request's way: [`answer`] reads it in the dialect of its route ([`api`], [`routes`]), [`app`] puts it into the
//! [`queue`], the [`scheduler`]'s thread decodes it with the [`engine`] and sends [`event`]s, and those go to the
//! client at once or in parts ([`sse`]). The [`journal`] writes one line about it.

mod answer;
mod api;
mod app;
mod cli;
mod engine;
mod error;
mod event;
mod fetch;
mod journal;
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

use clap::Parser;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::app::App;
use crate::cli::Cli;
use crate::cli::EngineKind;
use crate::engine::Engine;
use crate::engine::Llama;
use crate::engine::Synthetic;

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
    log_as(cli)?;
    let (app, thread) = App::start(engine, cli)?;
    let runtime = tokio::runtime::Runtime::new()?;
    match &cli.once {
        Some(prompt) => runtime.block_on(once::answer(&app, prompt))?,
        None => runtime.block_on(server::serve(app, thread, cli))?,
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

/// JSON lines. They go to standard output, unless the answer does.
fn log_as(cli: &Cli) -> Result<(), Box<dyn Error + Send + Sync>> {
    let (filter, writer) = match cli.once {
        Some(_) => ("error", BoxMakeWriter::new(io::stderr)),
        None => (cli.log.as_str(), BoxMakeWriter::new(io::stdout)),
    };
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_target(false)
        .with_env_filter(EnvFilter::try_new(filter)?)
        .with_writer(writer)
        .try_init()
}
