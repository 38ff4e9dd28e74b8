//! The command line. Every flag can also be set by an environment variable.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::ValueEnum;
use llmobs::catalog::Level;
use llmobs_gpu::BackendChoice;

use crate::engine::SimulatedFailure;

/// An OpenAI-compatible chat server with a small real model, observed by llmobs.
///
/// The first run downloads SmolLM2-135M-Instruct (93 MB) into the user's cache folder; later runs start at once.
/// Metrics are on /metrics, logs are JSON lines on standard output, operations in flight are on /debug/llmobs; none of
/// them contains a prompt. With `OTEL_EXPORTER_OTLP_ENDPOINT` set, traces, metrics and logs are sent to that collector
/// too.
#[derive(Debug, Clone, Parser)]
#[command(name = "axum-chat", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Address to listen on. By default only this machine can connect.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "LLMOBS_CHAT_LISTEN")]
    pub(crate) listen: SocketAddr,

    /// Answer one prompt on the terminal, show its timings, and exit.
    #[arg(long, value_name = "PROMPT", env = "LLMOBS_CHAT_ONCE", hide_env_values = true)]
    pub(crate) once: Option<String>,

    /// The engine that generates the tokens.
    #[arg(long, value_enum, default_value_t = EngineKind::Llama, env = "LLMOBS_CHAT_ENGINE")]
    pub(crate) engine: EngineKind,

    /// A GGUF file of the llama architecture. Default: SmolLM2-135M-Instruct, which is downloaded.
    #[arg(long, value_name = "PATH", env = "LLMOBS_CHAT_MODEL")]
    pub(crate) model: Option<PathBuf>,

    /// Maximum number of sequences that run at a time.
    #[arg(long, value_name = "N", default_value = "4", env = "LLMOBS_CHAT_MAX_RUNNING")]
    pub(crate) max_running: NonZeroUsize,

    /// Maximum number of requests that wait in the queue; further requests are answered with 429. Those with the
    /// `service_tier` `flex` wait behind all others, and are answered with 429 once half of the queue is in use.
    #[arg(long, value_name = "N", default_value = "32", env = "LLMOBS_CHAT_QUEUE")]
    pub(crate) queue: NonZeroUsize,

    /// Maximum number of open connections; further connections wait until one ends.
    #[arg(long, value_name = "N", default_value = "16384", env = "LLMOBS_CHAT_MAX_CONNECTIONS")]
    pub(crate) max_connections: NonZeroUsize,

    /// Time limit for the head of a request, from the moment at which its connection is ready for it. A connection
    /// without a complete head by then is closed, also one that is idle between two requests.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    #[arg(env = "LLMOBS_CHAT_HEAD_TIMEOUT")]
    pub(crate) head_timeout: Duration,

    /// Time limit for the body of a request, of at most 2 MiB, from the arrival of its head. A later body is answered
    /// with 408.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    #[arg(env = "LLMOBS_CHAT_BODY_TIMEOUT")]
    pub(crate) body_timeout: Duration,

    /// Time limit of an answer, from the arrival of its request.
    #[arg(long, value_name = "DURATION", default_value = "120s", value_parser = parse_duration)]
    #[arg(env = "LLMOBS_CHAT_DEADLINE")]
    pub(crate) deadline: Duration,

    /// Time limit for running answers at shutdown. A second signal aborts them at once.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_duration)]
    #[arg(env = "LLMOBS_CHAT_DRAIN")]
    pub(crate) drain: Duration,

    /// Maximum number of tokens of an answer if the request sets none.
    #[arg(long, value_name = "N", default_value = "256", env = "LLMOBS_CHAT_MAX_TOKENS")]
    pub(crate) max_tokens: NonZeroUsize,

    /// Number of blocks of the KV cache. Without a free block, a sequence waits or is preempted, and a prompt that can
    /// never fit is answered with 400. Default: enough for the full context of `--max-running` sequences.
    #[arg(long, value_name = "N", env = "LLMOBS_CHAT_KV_BLOCKS")]
    pub(crate) kv_blocks: Option<NonZeroUsize>,

    /// Tokens of a block of the KV cache.
    #[arg(long, value_name = "N", default_value = "16", env = "LLMOBS_CHAT_BLOCK_SIZE")]
    pub(crate) block_size: NonZeroUsize,

    /// Maximum number of prompt tokens of a step. All running sequences wait for a step, so a larger number delays their
    /// tokens longer.
    #[arg(long, value_name = "N", default_value = "32", env = "LLMOBS_CHAT_PREFILL_CHUNK")]
    pub(crate) prefill_chunk: NonZeroUsize,

    /// Share the blocks of equal prompt beginnings. Only with the synthetic engine: candle stores the KV cache of each
    /// sequence in its own tensors, which other sequences cannot share.
    #[arg(long, env = "LLMOBS_CHAT_PREFIX_CACHE")]
    pub(crate) prefix_cache: bool,

    /// Time of the synthetic engine for a step with up to 32 prompt tokens, and in proportion for more. This is the time
    /// to the first token of a short prompt.
    #[arg(long, value_name = "DURATION", default_value = "40ms", value_parser = parse_duration)]
    #[arg(env = "LLMOBS_CHAT_SYNTHETIC_PREFILL")]
    pub(crate) synthetic_prefill: Duration,

    /// Time of the synthetic engine for the next token of all running sequences.
    #[arg(long, value_name = "DURATION", default_value = "20ms", value_parser = parse_duration)]
    #[arg(env = "LLMOBS_CHAT_SYNTHETIC_TOKEN")]
    pub(crate) synthetic_token: Duration,

    /// Bytes of text in every token of the synthetic engine.
    #[arg(long, value_name = "N", default_value = "6", env = "LLMOBS_CHAT_SYNTHETIC_BYTES")]
    pub(crate) synthetic_bytes: NonZeroUsize,

    /// Failure of the synthetic engine at the N-th token of each request: `panic@N` panics, with 0 at its start, and
    /// `out_of_memory@N` returns an error.
    #[arg(long, value_name = "FAILURE", env = "LLMOBS_CHAT_FAIL")]
    pub(crate) fail: Option<SimulatedFailure>,

    /// Source of GPU readings: `auto`, `off`, or `nvml:PATH` with the file of NVIDIA's library. The model here runs on
    /// the CPU, so `auto` would assign the energy of other GPU workloads to its requests.
    #[arg(long, value_name = "GPU", default_value = "off", env = "LLMOBS_CHAT_GPU")]
    pub(crate) gpu: BackendChoice,

    /// Which HTTP requests have a span in traces. Requests of /healthz have none.
    #[arg(long, value_enum, default_value_t = HttpSpans::All, env = "LLMOBS_CHAT_HTTP_SPANS")]
    pub(crate) http_spans: HttpSpans,

    /// Level of detail of the metrics: `core`, `standard` or `full`.
    #[arg(long, value_name = "LEVEL", default_value = "standard", env = "LLMOBS_CHAT_LEVEL")]
    pub(crate) level: Level,

    /// Filter of the log lines, as `level` or `target=level,...`.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "LLMOBS_CHAT_LOG")]
    pub(crate) log: String,
}

/// The engine that generates the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    /// A real model, run by candle.
    Llama,
    /// No model: tokens at configured times, for load tests.
    Synthetic,
}

/// The HTTP requests that have a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum HttpSpans {
    /// All requests, by the HTTP conventions.
    All,
    /// No request: a trace begins with the span of the model call.
    None,
    /// All requests. The span describes the model call too, for trace viewers that list only the first span.
    Model,
}

const AFTER_HELP: &str = "\
The model runs on one thread, whose speed varies least beside other work. RAYON_NUM_THREADS sets another number.

By default, prompts and answers are not exported. OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT exports them
redacted: SPAN_ONLY on spans, EVENT_ONLY in events, together with the texts of errors, SPAN_AND_EVENT on both.
With a key in LLMOBS_PSEUDONYM_KEY, of 64 hexadecimal digits, spans have a pseudonym of a request's `user`.";

/// Parses a duration such as `250us`, `40ms`, `2s`, `1.5s` or `3m`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(format!("{text:?} needs a unit: us, ms, s or m")),
    };
    let number: f64 = number.trim().parse().map_err(|_| format!("{number:?} is not a number"))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_flag_is_also_a_variable() {
        for argument in Cli::command().get_arguments().filter(|argument| argument.get_long().is_some()) {
            let flag = argument.get_long().unwrap_or_default();
            let expected = format!("LLMOBS_CHAT_{}", flag.replace('-', "_").to_uppercase());
            if !matches!(flag, "help" | "version") {
                assert_eq!(argument.get_env().and_then(|name| name.to_str()), Some(expected.as_str()), "--{flag}");
            }
        }
    }

    #[test]
    fn durations_with_a_unit_are_parsed() {
        assert_eq!(parse_duration("40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(parse_duration("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(parse_duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
        assert!(parse_duration("40").is_err_and(|error| error.contains("unit")));
        assert!(parse_duration("fast").is_err());
        assert!(parse_duration("-1s").is_err());
    }
}
