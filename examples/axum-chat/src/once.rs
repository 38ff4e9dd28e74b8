//! `--once`: prints one answer and its timings on the terminal.

use std::error::Error;
use std::io;
use std::io::Write;
use std::time::Duration;

use futures_util::StreamExt;

use crate::api::RequestedValues;
use crate::app::App;
use crate::app::GenerationOptions;
use crate::app::random_u64;
use crate::engine::Message;
use crate::engine::Prompt;
use crate::engine::Sampling;
use crate::error::ApiError;
use crate::event::SequenceEvent;
use crate::event::TokenCounts;
use crate::priority::Priority;
use llmobs::FinishReason;
use llmobs::clock::Moment;
use llmobs::semconv::value::OperationName;

/// Answers the prompt token by token, then prints the timings.
pub(crate) async fn run_once(app: &App, prompt: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let arrived_at = app.observer.now();
    let prompt = Prompt::Chat(vec![Message { role: "user", content: prompt.to_owned() }]);
    let sampling = Sampling { temperature: 0.2, top_p: 0.9, seed: random_u64() };
    let options = GenerationOptions { max_tokens: None, sampling, priority: Priority::default() };
    let operation = app.start_operation(
        OperationName::Chat,
        app.engine.model(),
        arrived_at,
        Some((options, RequestedValues::default())),
    );
    let events = app.enqueue(prompt, options, arrived_at, operation.marker().clone()).await?;
    let mut events = operation.observe(events);
    let mut out = io::stdout();
    let mut queue_duration = Duration::ZERO;
    let mut token_times = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            SequenceEvent::Scheduled { queue_duration: waited, .. } => queue_duration = waited,
            SequenceEvent::Token { text, produced_at } => {
                token_times.push(produced_at);
                write!(out, "{text}")?;
                out.flush()?;
            }
            SequenceEvent::Finished { reason, counts } => {
                let timings = Timings { arrived_at, queue_duration, token_times, ended_at: app.observer.now() };
                write!(out, "\n\n{}", timings_table(&timings, counts, &reason))?;
                return Ok(());
            }
            SequenceEvent::Failed { error } => return Err(ApiError::from_error_type(error).into()),
        }
    }
    Err("the engine stopped".into())
}

/// The moments and durations of one answer.
struct Timings {
    arrived_at: Moment,
    queue_duration: Duration,
    token_times: Vec<Moment>,
    ended_at: Moment,
}

fn timings_table(timings: &Timings, counts: TokenCounts, reason: &FinishReason) -> String {
    let Timings { arrived_at, queue_duration, token_times, ended_at } = timings;
    let mut gaps: Vec<Duration> = token_times.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    gaps.sort_unstable();
    let first = token_times.first().map(|first| first.since(*arrived_at));
    let per_token = token_times.first().zip(token_times.last()).and_then(|(first, last)| {
        let after_first = u32::try_from(token_times.len()).ok()?.checked_sub(1)?;
        last.since(*first).checked_div(after_first)
    });
    [
        ("tokens", format!("{} in, {} out ({})", counts.prompt, counts.completion, reason.as_str())),
        ("queue", format_ms(Some(*queue_duration))),
        ("TTFT", format_ms(first)),
        ("TPOT", format_ms(per_token)),
        ("ITL p50", format_ms(percentile(&gaps, 50))),
        ("ITL p99", format_ms(percentile(&gaps, 99))),
        ("duration", format_ms(Some(ended_at.since(*arrived_at)))),
    ]
    .iter()
    .map(|(name, value)| format!("{name:<9} {value}\n"))
    .collect()
}

/// Returns the gap at the given percentile (nearest rank), or `None` if there are no gaps.
fn percentile(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.checked_sub(1)?).copied()
}

fn format_ms(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "-".to_owned(), |duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_measured_gaps() {
        let gaps: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&gaps, 50), Some(Duration::from_millis(100)));
        assert_eq!(percentile(&gaps, 99), Some(Duration::from_millis(198)));
        assert_eq!(percentile(&gaps[..1], 99), Some(Duration::from_millis(1)));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn one_token_has_no_time_per_output_token() {
        let start = Moment::from_nanos(1_000);
        let timings = Timings {
            arrived_at: start,
            queue_duration: Duration::ZERO,
            token_times: vec![start.saturating_add(Duration::from_millis(30))],
            ended_at: start.saturating_add(Duration::from_millis(31)),
        };
        let table = timings_table(&timings, TokenCounts { prompt: 3, completion: 1 }, &FinishReason::Length);
        assert!(table.contains("TTFT      30.0 ms"), "{table}");
        assert!(table.contains("TPOT      -"), "{table}");
    }
}
