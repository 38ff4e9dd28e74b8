//! The recordings of `axum-chat`.

use std::time::Duration;

use super::recordings::Fault;
use super::recordings::Recordings;
use super::reduced::Keep;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;
use crate::ops::programs::sink::Sink;
use crate::ops::stack::faulty;
use crate::ops::stack::pages::traffic::CLIENT;
use crate::ops::stack::pages::traffic::Clients;

/// The program, in the words of the header of a page.
pub(super) const SERVER: &str = "`axum-chat --engine synthetic`";

/// One client with prompts of more than a block of the KV cache.
const ALIKE: Clients = Clients { words: 40, ..CLIENT };

/// Adds the recordings.
pub(super) fn add(all: &mut Recordings) -> Result<(), String> {
    let healthy = all.chat(&[])?;
    all.send(&healthy, Clients { tokens: 16, ..CLIENT });
    all.add("healthy", SERVER, "none; one client", healthy, Fault::Nothing);
    all.keep(Keep::Buckets);

    let down = all.chat(&[])?;
    all.send(&down, CLIENT);
    all.add("target-down", SERVER, "the process ends", down, Fault::End);

    let sink = Sink::start()?;
    let exporting = exporting(all, &sink)?;
    all.send(&exporting, CLIENT);
    all.add("export-refused", SERVER, "the receiver of OTLP refuses all exports", exporting, Fault::Refusal(sink));

    add_engines(all)?;
    add_answers(all)
}

/// Adds servers whose engine is started with a fault, without requests before it.
fn add_engines(all: &mut Recordings) -> Result<(), String> {
    // A prompt of 155 words has 156 tokens, or ten blocks of 16.
    let small = ["--kv-blocks", "20", "--block-size", "16", "--prefill-chunk", "512", "--synthetic-token", "25s"];
    let large_answers = ["--synthetic-token", "1ms", "--synthetic-bytes", "65536"];
    let refuses = [faulty::HUNG.as_slice(), &["--queue", "1"]].concat();
    let faults: [(_, _, &[&str], _); 8] = [
        (
            "engine-hung",
            "six clients; the step of the second token does not end",
            &faulty::HUNG,
            Clients { count: 6, ..CLIENT },
        ),
        ("engine-panics", "one client; the engine panics at the fourth token", &faulty::PANICS, CLIENT),
        (
            "engine-slow",
            "eight clients; each token takes 150 ms, and the objective allows 100 ms",
            &faulty::SLOW,
            Clients { count: 8, tokens: 5, ..CLIENT },
        ),
        (
            "queue-full",
            "ten clients; one answer of three seconds at a time",
            &faulty::QUEUE,
            Clients { count: 10, tokens: 30, ..CLIENT },
        ),
        (
            "queue-refuses",
            "eight clients; the engine hangs, and its queue has one place",
            &refuses,
            Clients { count: 8, ..CLIENT },
        ),
        (
            "out-of-memory",
            "one client; the engine has no memory for the fourth token",
            &["--fail", "out_of_memory@4"],
            CLIENT,
        ),
        (
            "kv-cache-full",
            "five clients; the first two prompts fill the blocks of the KV cache",
            &small,
            Clients { count: 5, words: 155, ..CLIENT },
        ),
        (
            "reader-slow",
            "four clients, which read an answer of 13 MB after three seconds",
            &large_answers,
            Clients { count: 4, tokens: 200, wait: Duration::from_secs(3), ..CLIENT },
        ),
    ];
    for (name, words, arguments, clients) in faults {
        let service = all.chat(arguments)?;
        all.add(name, SERVER, words, service, Fault::Requests(vec![clients]));
        if name == "queue-full" {
            all.keep(Keep::Buckets);
        }
    }
    Ok(())
}

/// Adds servers that work, with other requests than those of healthy traffic.
fn add_answers(all: &mut Recordings) -> Result<(), String> {
    let cache = ["--prefix-cache"];
    let traffic: [(_, _, &[&str], _); 4] = [
        ("answers-short", "one client, which asks for 4 tokens", &[], Clients { tokens: 4, ..CLIENT }),
        ("answers-long", "one client, which asks for 48 tokens", &[], Clients { tokens: 48, ..CLIENT }),
        ("prefix-hits", "one client, whose prompts are alike", &cache, ALIKE),
        ("prefix-misses", "one client, whose prompts begin differently", &cache, Clients { differ: true, ..ALIKE }),
    ];
    for (name, words, arguments, clients) in traffic {
        let service = all.chat(arguments)?;
        all.add(name, SERVER, words, service, Fault::Requests(vec![clients]));
    }
    Ok(())
}

/// Starts a server that exports to a receiver.
fn exporting(all: &Recordings, sink: &Sink) -> Result<Service, String> {
    let endpoint = format!("http://{}", sink.address);
    let variables = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "3000"),
    ];
    Service::chat(&all.binaries, ANY_PORT, &variables, &[])
}
