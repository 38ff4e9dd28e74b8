//! `--once`: prints one answer and its timings on the terminal.

use std::error::Error;
use std::io;
use std::io::Write;
use std::time::Duration;

use futures_util::StreamExt;

use crate::app::App;
use crate::app::Settings;
use crate::app::random;
use crate::engine::Message;
use crate::engine::Prompt;
use crate::engine::Sampling;
use crate::error::ApiError;
use crate::event::Counts;
use crate::event::Event;
use llmobs::FinishReason;
use llmobs::clock::Moment;
use llmobs::semconv::value::OperationName;

/// Answers the prompt token by token, then prints the timings.
pub(crate) async fn answer(app: &App, prompt: &str) -> Result<(), Box<dyn Error + Send + Sync>> {
    let arrived = app.observer.now();
    let prompt = Prompt::Chat(vec![Message { role: "user", content: prompt.to_owned() }]);
    let sampling = Sampling { temperature: 0.2, top_p: 0.9, seed: random() };
    let settings = Settings { max_tokens: None, sampling };
    let operation = app.operation(OperationName::Chat, app.engine.model(), arrived, Some(settings));
    let events = app.admit(prompt, settings, arrived, operation.marker().clone()).await?;
    let mut events = operation.observe(events);
    let mut out = io::stdout();
    let mut queue = Duration::ZERO;
    let mut tokens = Vec::new();
    while let Some(event) = events.next().await {
        match event {
            Event::Scheduled { waited, .. } => queue = waited,
            Event::Token { text, at } => {
                tokens.push(at);
                write!(out, "{text}")?;
                out.flush()?;
            }
            Event::Finished { reason, counts } => {
                let timings = Timings { arrived, queue, tokens, ended: app.observer.now() };
                write!(out, "\n\n{}", table(&timings, counts, &reason))?;
                return Ok(());
            }
            Event::Failed { error } => return Err(ApiError::failed(error).into()),
        }
    }
    Err("the engine stopped".into())
}

/// The moments and durations of one answer.
struct Timings {
    arrived: Moment,
    queue: Duration,
    tokens: Vec<Moment>,
    ended: Moment,
}

fn table(timings: &Timings, counts: Counts, reason: &FinishReason) -> String {
    let Timings { arrived, queue, tokens, ended } = timings;
    let mut gaps: Vec<Duration> = tokens.windows(2).map(|pair| pair[1].since(pair[0])).collect();
    gaps.sort_unstable();
    let first = tokens.first().map(|first| first.since(*arrived));
    let per_token = tokens.first().zip(tokens.last()).and_then(|(first, last)| {
        let after_first = u32::try_from(tokens.len()).ok()?.checked_sub(1)?;
        last.since(*first).checked_div(after_first)
    });
    [
        ("tokens", format!("{} in, {} out ({})", counts.prompt, counts.completion, reason.as_str())),
        ("queue", ms(Some(*queue))),
        ("TTFT", ms(first)),
        ("TPOT", ms(per_token)),
        ("ITL p50", ms(percentile(&gaps, 50))),
        ("ITL p99", ms(percentile(&gaps, 99))),
        ("duration", ms(Some(ended.since(*arrived)))),
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

fn ms(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "-".to_owned(), |duration| format!("{:.1} ms", duration.as_secs_f64() * 1e3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_a_gap_that_was_seen() {
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
            arrived: start,
            queue: Duration::ZERO,
            tokens: vec![start.saturating_add(Duration::from_millis(30))],
            ended: start.saturating_add(Duration::from_millis(31)),
        };
        let table = table(&timings, Counts { prompt: 3, completion: 1 }, &FinishReason::Length);
        assert!(table.contains("TTFT      30.0 ms"), "{table}");
        assert!(table.contains("TPOT      -"), "{table}");
    }
}
