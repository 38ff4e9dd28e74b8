//! The command line. Every flag is also an environment variable.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::ValueEnum;
use llmobs_gpu::BackendChoice;

/// An OpenAI-compatible chat server around a small real model, watched by llmobs.
///
/// The first run fetches SmolLM2-135M-Instruct (93 MB) into the user's cache folder; later runs start at once.
/// Metrics are on /metrics, logs are JSON lines on standard output, what is in flight is on /debug/llmobs, and none of
/// them holds a prompt. With `OTEL_EXPORTER_OTLP_ENDPOINT` set, traces, metrics and logs go to that collector too.
#[derive(Debug, Clone, Parser)]
#[command(name = "axum-chat", version, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    /// Where to listen. Only this machine can connect unless another address is given.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080", env = "LLMOBS_CHAT_LISTEN")]
    pub(crate) listen: SocketAddr,

    /// Answer one prompt on the terminal, show its timings, and leave.
    #[arg(long, value_name = "PROMPT", env = "LLMOBS_CHAT_ONCE", hide_env_values = true)]
    pub(crate) once: Option<String>,

    /// What generates the tokens.
    #[arg(long, value_enum, default_value_t = EngineKind::Llama, env = "LLMOBS_CHAT_ENGINE")]
    pub(crate) engine: EngineKind,

    /// A GGUF file of the llama architecture. Without it, SmolLM2-135M-Instruct is fetched.
    #[arg(long, value_name = "PATH", env = "LLMOBS_CHAT_MODEL")]
    pub(crate) model: Option<PathBuf>,

    /// How many sequences run at a time.
    #[arg(long, value_name = "N", default_value = "4", env = "LLMOBS_CHAT_MAX_RUNNING")]
    pub(crate) max_running: NonZeroUsize,

    /// How many requests may wait for a place; the next one gets a 429.
    #[arg(long, value_name = "N", default_value = "32", env = "LLMOBS_CHAT_QUEUE")]
    pub(crate) queue: NonZeroUsize,

    /// How long an answer may take, from the arrival of its request.
    #[arg(long, value_name = "DURATION", default_value = "120s", value_parser = duration, env = "LLMOBS_CHAT_DEADLINE")]
    pub(crate) deadline: Duration,

    /// How long a shutdown waits for the answers that are under way.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration, env = "LLMOBS_CHAT_DRAIN")]
    pub(crate) drain: Duration,

    /// Tokens of an answer when the request does not say.
    #[arg(long, value_name = "N", default_value = "256", env = "LLMOBS_CHAT_MAX_TOKENS")]
    pub(crate) max_tokens: NonZeroUsize,

    /// Time that the synthetic engine takes before the first token.
    #[arg(long, value_name = "DURATION", default_value = "40ms", value_parser = duration)]
    #[arg(env = "LLMOBS_CHAT_SYNTHETIC_PREFILL")]
    pub(crate) synthetic_prefill: Duration,

    /// Time that the synthetic engine takes for every further token.
    #[arg(long, value_name = "DURATION", default_value = "20ms", value_parser = duration)]
    #[arg(env = "LLMOBS_CHAT_SYNTHETIC_TOKEN")]
    pub(crate) synthetic_token: Duration,

    /// Bytes of text in every token of the synthetic engine.
    #[arg(long, value_name = "N", default_value = "6", env = "LLMOBS_CHAT_SYNTHETIC_BYTES")]
    pub(crate) synthetic_bytes: NonZeroUsize,

    /// Where GPUs are looked for: `auto`, `off`, or `nvml:PATH` with the file of NVIDIA's library. The model here runs on
    /// the CPU, so `auto` would ascribe to its requests what others do on the GPU.
    #[arg(long, value_name = "GPU", default_value = "off", env = "LLMOBS_CHAT_GPU")]
    pub(crate) gpu: BackendChoice,

    /// Which log lines are written, as `level` or `target=level,...`.
    #[arg(long, value_name = "FILTER", default_value = "info", env = "LLMOBS_CHAT_LOG")]
    pub(crate) log: String,
}

/// What generates the tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineKind {
    /// A real model, on candle.
    Llama,
    /// No model: tokens at settable times, for load tests.
    Synthetic,
}

const AFTER_HELP: &str = "\
The model runs on one thread, which is steadiest beside other work. RAYON_NUM_THREADS sets another number.

Prompts and answers stay in the process. OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT lets them out, redacted:
SPAN_ONLY on spans, EVENT_ONLY in events, together with the texts of errors, SPAN_AND_EVENT on both.
With a key in LLMOBS_PSEUDONYM_KEY, of 64 hexadecimal digits, spans have a pseudonym of a request's `user`.";

/// A duration as people write it: `250us`, `40ms`, `2s`, `1.5s`, `3m`.
fn duration(text: &str) -> Result<Duration, String> {
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
    fn durations_read_as_people_write_them() {
        assert_eq!(duration("40ms"), Ok(Duration::from_millis(40)));
        assert_eq!(duration("250us"), Ok(Duration::from_micros(250)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert!(duration("40").is_err_and(|error| error.contains("unit")));
        assert!(duration("fast").is_err());
        assert!(duration("-1s").is_err());
    }
}
