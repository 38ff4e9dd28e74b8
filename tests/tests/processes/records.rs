//! The records of a process that is killed: the reader of the channel has a prefix of them, and a journal of starts and
//! ends, as in the guide `records`, shows which operations were in flight.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::env;
use std::fs;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use llmobs::Observer;
use llmobs::Usage;
use llmobs_tests::temp_dir::TempDir;
use serde_json::Value;

/// The environment variable that names the folder in which the child writes.
const FOLDER: &str = "LLMOBS_TEST_RECORD_FOLDER";
const THREADS: usize = 4;
/// The child ends by itself after this number of operations in each thread, in case its parent does not kill it.
const MAX_OPERATIONS: usize = 500_000;

#[test]
fn a_killed_process_leaves_a_prefix_of_its_records_and_a_journal_of_what_was_in_flight() {
    if let Ok(folder) = env::var(FOLDER) {
        return run_until_killed(Path::new(&folder));
    }
    let folder = TempDir::new("killed-records");
    let mut child = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "records::a_killed_process_leaves_a_prefix_of_its_records_and_a_journal_of_what_was_in_flight",
        ])
        .env(FOLDER, folder.path())
        .spawn()
        .unwrap();
    let (journal, records) = (folder.path().join("journal"), folder.path().join("records"));
    // The child writes for as long as it lives, so the kill finds it in the middle of operations and of records.
    while [&journal, &records].iter().any(|path| fs::metadata(path).map_or(0, |file| file.len()) < 200_000) {
        assert!(child.try_wait().unwrap().is_none(), "the child ended by itself");
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());

    let sequences = sequences(&whole_lines(&records));
    assert!(sequences.iter().copied().eq(1..=u64::try_from(sequences.len()).unwrap()), "each once and in order");

    let (mut started, mut ended) = (BTreeSet::new(), BTreeMap::new());
    for line in whole_lines(&journal) {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            ["start", id] => assert!(started.insert(id.to_owned()), "{id} started twice"),
            ["end", id, sequence] => {
                let sequence: u64 = sequence.parse().unwrap();
                assert!(started.contains(id) && ended.insert(sequence, id.to_owned()).is_none(), "{id} ended twice");
            }
            _ => panic!("{line}"),
        }
    }
    let in_flight = started.len() - ended.len();
    assert!(in_flight <= THREADS, "{in_flight} operations without an end, in {THREADS} threads");
    let last = *ended.keys().next_back().unwrap();
    let missing = usize::try_from(last).unwrap() - ended.len();
    assert!(missing <= in_flight, "{missing} ends up to {last} are missing, and {in_flight} operations have no end");
}

/// Writes a journal of starts and ends, and the records of the channel, while operations run in several threads.
fn run_until_killed(folder: &Path) {
    let journal = Arc::new(Mutex::new(File::create(folder.join("journal")).unwrap()));
    let for_starts = Arc::clone(&journal);
    let (builder, mut records) = Observer::builder()
        .model("m")
        .on_start(move |started| {
            for_starts.lock().unwrap().write_all(format!("start {}\n", started.id()).as_bytes()).unwrap();
        })
        .on_end(move |record| {
            let line = format!("end {} {}\n", record.id(), record.sequence());
            journal.lock().unwrap().write_all(line.as_bytes()).unwrap();
        })
        .on_end_channel(THREADS * MAX_OPERATIONS);
    let observer = builder.build().unwrap();
    let mut file = File::create(folder.join("records")).unwrap();
    thread::spawn(move || {
        for record in records.iter() {
            file.write_all(format!("{}\n", record.to_json()).as_bytes()).unwrap();
        }
    });
    let run = || {
        for index in 0..MAX_OPERATIONS {
            let operation = observer.chat("m").start();
            operation.marker().usage(Usage::new().input(index).output(2_u64));
            operation.complete();
        }
    };
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(run);
        }
    });
}

/// Returns the lines of a file without the last one if the kill cut it.
fn whole_lines(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let whole = &text[..text.rfind('\n').unwrap() + 1];
    whole.lines().map(str::to_owned).collect()
}

fn sequences(lines: &[String]) -> Vec<u64> {
    let sequence = |line: &String| serde_json::from_str::<Value>(line).unwrap()["llmobs.record.sequence"].as_u64();
    lines.iter().map(|line| sequence(line).unwrap()).collect()
}
