//! Clients that send one request after another until their value is dropped.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use crate::ops::programs::http;

/// The pause of a client between two requests.
const PAUSE: Duration = Duration::from_millis(300);

/// Clients with equal requests.
#[derive(Debug, Clone, Copy)]
pub(in crate::ops::stack) struct Clients {
    pub(in crate::ops::stack) count: usize,
    pub(in crate::ops::stack) model: &'static str,
    /// The number of words of the prompt, and of tokens of the answer.
    pub(in crate::ops::stack) words: usize,
    pub(in crate::ops::stack) tokens: u64,
    /// True if no two prompts begin alike.
    pub(in crate::ops::stack) differ: bool,
    /// True for a stream, false for a whole answer.
    pub(in crate::ops::stack) stream: bool,
    /// The time from the request until the client reads the answer.
    pub(in crate::ops::stack) wait: Duration,
}

/// One client, which reads a short stream at once.
pub(in crate::ops::stack) const CLIENT: Clients =
    Clients { count: 1, model: "synthetic", words: 2, tokens: 10, differ: false, stream: true, wait: Duration::ZERO };

/// Running clients. They end after their current request, or with the process.
#[derive(Debug, Default)]
pub(in crate::ops::stack) struct Traffic {
    is_over: Arc<AtomicBool>,
}

impl Traffic {
    /// Starts clients, which request answers of a number of tokens, as a stream or at once, and pause between two requests.
    pub(super) fn add(&self, address: &str, count: usize, (tokens, stream): (u64, bool)) {
        self.send(address, Clients { count, tokens, stream, ..CLIENT });
    }

    /// Starts clients, which pause between two requests.
    pub(in crate::ops::stack) fn send(&self, address: &str, clients: Clients) {
        let requests = Arc::new(AtomicUsize::new(0));
        for _ in 0..clients.count {
            let (is_over, requests, address) = (Arc::clone(&self.is_over), Arc::clone(&requests), address.to_owned());
            thread::spawn(move || {
                while !is_over.load(Ordering::Relaxed) {
                    let body = body(&clients, requests.fetch_add(1, Ordering::Relaxed));
                    // A request that fails is a fault that the clients are for.
                    let _ = request(&address, &body, clients.wait);
                    thread::sleep(PAUSE);
                }
            });
        }
    }
}

/// Returns the body of a request. `number` is the number of the request.
fn body(clients: &Clients, number: usize) -> String {
    let Clients { model, words, tokens, differ, stream, .. } = *clients;
    let start = if differ { format!("{number} ") } else { String::new() };
    let prompt = start + &"word ".repeat(words);
    format!(
        r#"{{"model":"{model}","max_tokens":{tokens},"stream":{stream},"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
    )
}

/// Sends a request, waits, and reads the answer.
fn request(address: &str, body: &str, wait: Duration) -> std::io::Result<()> {
    let mut stream = http::send(address, "POST", "/v1/chat/completions", "application/json", body)?;
    thread::sleep(wait);
    stream.read_to_end(&mut Vec::new()).map(drop)
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
    }
}
