//! The load on the services: every kind of end of an operation, and waves of requests.

#![expect(clippy::disallowed_methods, reason = "a load is made in real time")]

use std::io::Read;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use super::http;

const JSON: &str = "application/json";
const CHAT: &str = "/v1/chat/completions";

/// The way in which a client reads the answer.
#[derive(Debug, Clone, Copy)]
enum Client {
    /// Reads it to the end.
    Reads,
    /// Closes the connection after this time, before or within the answer.
    Leaves(Duration),
    /// Reads nothing for this time, then the rest.
    Pauses(Duration),
}

/// Sends the load to three services for this time and waits until all clients are done. `on_second` is called with the
/// seconds since the start.
pub(crate) fn run(addresses: &[String], duration: Duration, on_second: impl Fn(u64)) {
    let start = Instant::now();
    let mut round: u64 = 0;
    let mut clients = Vec::new();
    while start.elapsed() < duration {
        on_second(start.elapsed().as_secs());
        for (client, address, path, body) in requests(addresses, round) {
            clients.push(thread::spawn(move || run_client(client, &address, path, &body)));
        }
        round += 1;
        thread::sleep(Duration::from_millis(350));
    }
    for client in clients {
        // A client that failed has counted as what its service saw: a request that ended early.
        let _ = client.join();
    }
}

/// Returns the requests of a round. In every second wave of ten rounds, there are three times as many.
fn requests(addresses: &[String], round: u64) -> Vec<(Client, String, &'static str, String)> {
    let [healthy, failing, short_lived] = addresses else { return Vec::new() };
    let chat = |tokens: u64, words: u64, stream: bool| {
        let prompt = format!("question {} {}", round % 5, "word ".repeat(usize::try_from(words).unwrap_or(1)));
        format!(
            r#"{{"model":"synthetic","max_tokens":{tokens},"stream":{stream},"messages":[{{"role":"user","content":"{prompt}"}}]}}"#
        )
    };
    let mut requests = Vec::new();
    let mut send = |client, address: &String, path, body| requests.push((client, address.clone(), path, body));
    let waves = if round % 20 < 10 { 1 } else { 3 };
    for index in 0..waves {
        send(Client::Reads, healthy, CHAT, chat(20 + 15 * index + round % 7, 40 + 10 * (round % 9), true));
    }
    send(Client::Reads, short_lived, CHAT, chat(10 + round % 5, 5, false));
    if round.is_multiple_of(3) {
        send(Client::Reads, failing, CHAT, chat(3 + 8 * (round % 2), 5, round.is_multiple_of(6)));
        send(
            Client::Reads,
            short_lived,
            "/v1/completions",
            r#"{"model":"synthetic","max_tokens":8,"prompt":"one two"}"#.to_owned(),
        );
    }
    if round % 4 == 1 {
        send(Client::Leaves(Duration::from_millis(350)), healthy, CHAT, chat(100, 60, true));
        send(Client::Leaves(Duration::from_millis(4)), short_lived, CHAT, chat(100, 2_000, true));
    }
    if round % 5 == 2 {
        // Not valid, a model that is not served, and a prompt that never fits.
        send(Client::Reads, healthy, CHAT, "{}".to_owned());
        send(Client::Reads, healthy, CHAT, chat(5, 5, false).replace("\"synthetic\"", "\"unknown\""));
        send(Client::Reads, healthy, CHAT, chat(5, 5_000, false));
    }
    if round % 30 == 7 {
        send(Client::Pauses(Duration::from_secs(6)), healthy, CHAT, chat(260, 10, true));
    }
    if round % 40 == 25 {
        for _ in 0..14 {
            send(Client::Reads, healthy, CHAT, chat(30, 100, false));
        }
    }
    requests
}

fn run_client(client: Client, address: &str, path: &str, body: &str) {
    let Ok(mut stream) = http::send(address, "POST", path, JSON, body) else { return };
    match client {
        Client::Reads => {}
        Client::Leaves(time) => return thread::sleep(time),
        Client::Pauses(time) => thread::sleep(time),
    }
    // An answer that breaks off is one of the ends that the load is for.
    let _ = stream.read_to_end(&mut Vec::new());
}
