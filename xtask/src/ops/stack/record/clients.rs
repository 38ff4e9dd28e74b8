//! The recordings of the example `client`.

use super::gateways::AT_CORE;
use super::recordings::Fault;
use super::recordings::Recordings;
use crate::ops::programs::folder::Folder;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;
use crate::ops::stack::faulty;
use crate::ops::stack::pages::faults::PRICES;

/// The program, in the words of the header of a page.
const CALLER: &str = "the example `client` at level core";

/// Adds the recordings.
pub(super) fn add(all: &mut Recordings, folder: &Folder) -> Result<(), String> {
    let (server, client) = start(all, &["--callers", "3"])?;
    let fault = Fault::Upstream(Some(server), Some(&faulty::HUNG));
    all.add("client-of-hung", CALLER, "the step of the second token of the server does not end", client, fault);

    let (server, client) = start(all, &["--retries", "1"])?;
    let fault = Fault::Upstream(Some(server), None);
    all.add("client-of-nothing", CALLER, "the server does not listen; each call is tried twice", client, fault);

    let (server, client) = start(all, &["--callers", "6", "--tokens", "30", "--first-token", "2"])?;
    let fault = Fault::Upstream(Some(server), Some(&faulty::QUEUE));
    let words = "six callers; the server makes one answer of three seconds at a time, and the objective allows two";
    all.add("client-of-queue", CALLER, words, client, fault);

    let prices = folder.write("client-of-money.toml", PRICES)?.display().to_string();
    let (server, client) = start(all, &["--prices", &prices])?;
    all.upstreams.push(server);
    let words = "the budget is spent within the minute, and calls are denied from then on";
    all.add("client-of-money", CALLER, words, client, Fault::Nothing);

    let (server, client) = start(all, &[])?;
    all.upstreams.push(server);
    all.add("client-down", CALLER, "the process ends", client, Fault::End);
    Ok(())
}

/// Starts a server that works and a client that calls it.
fn start(all: &Recordings, arguments: &[&str]) -> Result<(Service, Service), String> {
    let server = all.chat(&[])?;
    let client = Service::client(&all.binaries, ANY_PORT, &server.address, &[&AT_CORE, arguments].concat())?;
    Ok((server, client))
}
