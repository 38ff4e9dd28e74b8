//! `cargo xtask stack --record`: writes the pages of `docs/ops/src/pages`, from which the tests of the alerts are made.
//!
//! Each recording is a service with a fault of its own. Its `/metrics` is read before the fault, [`DURING`] after it, and
//! [`BETWEEN`] later. [`reduced`] says which rows are kept.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

use self::recordings::Recording;
use self::recordings::Recordings;
use super::kit;
use crate::ops::names::Names;
use crate::ops::programs;
use crate::ops::programs::folder::Folder;
use crate::ops::programs::http;
use crate::ops::rules;

mod clients;
mod gateways;
mod gpus;
mod recordings;
mod reduced;
mod servers;

/// The time before the faults, in which the services that work at first have traffic.
const HEALTHY: Duration = Duration::from_secs(15);

/// The time from the fault to the first page under it. Within 15 seconds a stream that stalls has a keep-alive frame, at which
/// the tokens before it are counted.
const DURING: Duration = Duration::from_secs(20);

/// The time between both pages under the fault: the tests read the growth within a minute from them.
const BETWEEN: Duration = Duration::from_secs(60);

/// The moments of the pages: the part of the name of the file, and the words of its header.
const MOMENTS: [(&str, &str); 3] =
    [("before", "before the fault"), ("during", "20 seconds after the fault"), ("after", "a minute later")];

/// Records all pages.
pub(super) fn run() -> Result<(), String> {
    let read: BTreeSet<String> =
        rules::read(&mut Names::load()?)?.into_iter().flat_map(|file| file.reads.into_values().flatten()).collect();
    let binaries = programs::build(&[
        "-p axum-chat",
        "-p fake-nvml",
        "-p llmobs-examples --example gateway",
        "-p llmobs-examples --example client",
    ])?;
    let folder = Folder::create("stack-record")?;
    let mut recordings = Recordings::new(&binaries);
    servers::add(&mut recordings)?;
    gpus::add(&mut recordings)?;
    gateways::add(&mut recordings, &folder)?;
    clients::add(&mut recordings, &folder)?;
    println!("{} services; the recording takes {} s", recordings.list.len(), (HEALTHY + DURING + BETWEEN).as_secs());
    thread::sleep(HEALTHY);
    let before = pages(&recordings);
    recordings.cause()?;
    thread::sleep(DURING);
    let during = pages(&recordings);
    thread::sleep(BETWEEN);
    let after = pages(&recordings);

    for (index, recording) in recordings.list.iter().enumerate() {
        let pages = [&before[index], &during[index], &after[index]].map(|page| page.as_deref());
        let rows = reduced::rows(pages, &read, recording.keep);
        for ((moment, words), rows) in MOMENTS.into_iter().zip(rows) {
            let path = kit::path(&format!("src/pages/{}.{moment}.prom", recording.name));
            let text = format!("{}{rows}", header(recording, words));
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        println!("recorded {}", recording.name);
    }
    Ok(())
}

/// Returns the pages of all recordings. A service that does not answer has none.
fn pages(recordings: &Recordings) -> Vec<Option<String>> {
    let page = |recording: &Recording| http::metrics(&recording.address).ok();
    recordings.list.iter().map(page).collect()
}

fn header(recording: &Recording, moment: &str) -> String {
    format!(
        "# /metrics of {}, {moment}. Written by `cargo xtask stack --record` of llmobs {}.\n# The fault: {}.\n\
         # Kept are the rows that a rule reads, {}. `up` is what a scrape would add.\n",
        recording.program,
        env!("CARGO_PKG_VERSION"),
        recording.fault_in_words,
        recording.keep.in_words()
    )
}
