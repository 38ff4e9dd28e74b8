//! Shows: an observed stream of tokens without a web framework. An engine on a separate thread marks the states of the
//! operation and sends tokens; the handler passes the stream on unchanged.
//!
//! Run: `cargo run -p llmobs-examples --example chat_stream`
//!
//! You will see: the answer, then the lines of the Prometheus page with the time to first token (about 60 ms) and the
//! gaps between the later tokens (12 gaps of about 15 ms).

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::thread;
use std::time::Duration;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Usage;
use tokio::sync::mpsc;

const ANSWER: &str = "A stream is observed by wrapping it ; every item passes untouched .";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), llmobs::BuildError> {
    let observer = Observer::builder().model("stand-in").build()?;

    let operation = observer.chat("stand-in").max_tokens(64).start();
    let tokens = start_engine(operation.marker().clone());
    let mut answer = operation.observe(tokens); // a `String` counts as one token

    while let Some(token) = answer.next().await {
        print!("{token}");
    }
    println!("\n");

    let page = llmobs::prometheus::page(&observer, None).body;
    for family in ["llmobs_time_to_first_token_seconds", "llmobs_inter_token_duration_seconds"] {
        let lines = page.lines().filter(|line| line.contains(family) && !line.contains("_bucket"));
        lines.for_each(|line| println!("{line}"));
    }
    Ok(())
}

/// Replaces an engine: sleeps where a model would compute.
fn start_engine(marker: Marker) -> impl Stream<Item = String> + Unpin {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    marker.enqueued();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(20)); // other operations run first
        marker.scheduled();
        marker.usage(Usage::new().input(9));
        thread::sleep(Duration::from_millis(40)); // prefill
        for word in ANSWER.split_inclusive(' ') {
            if sender.send(word.to_owned()).is_err() {
                return; // the consumer dropped the stream
            }
            thread::sleep(Duration::from_millis(15));
        }
    });
    stream::poll_fn(move |context| receiver.poll_recv(context))
}
