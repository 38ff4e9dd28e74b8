//! The flight recorder.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;
use std::time::Instant;

use llmobs::ErrorType;
use llmobs::Objective;
use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs_tests::temp_dir::TempDir;

#[test]
fn it_holds_the_last_operations_only() {
    let observer = Observer::builder().model("m").flight_recorder(3).build().unwrap();
    for tokens in 1..=5 {
        observer.chat("m").max_tokens(tokens).start().complete();
    }
    let lines = observer.recent_operations();
    let recorded: Vec<u64> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["gen_ai.request.max_tokens"].as_u64().unwrap()
        })
        .collect();
    assert_eq!(recorded, [3, 4, 5]);
    let off = Observer::builder().model("m").flight_recorder(0).build().unwrap();
    off.chat("m").start().complete();
    assert_eq!(off.recent_operations(), "");
}

#[test]
fn it_is_written_once_each_time_an_objective_burns() {
    let folder = ReportFolder::new("burns");
    let objective = Objective::new("works");
    let builder = Observer::builder().model("m").objective(objective).flight_recorder_folder(folder.path());
    let observer = builder.build().unwrap();
    for _ in 0..64 {
        observer.chat("m").start().complete();
    }
    assert_eq!(folder.files("objective").len(), 0, "no objective burns");
    for _ in 0..40 {
        observer.chat("m").start().fail(ErrorType::Inference);
    }
    let files = folder.wait_for("objective");
    assert_eq!(files.len(), 1, "one file, although it still burns");
    let text = fs::read_to_string(&files[0]).unwrap();
    assert!(text.lines().count() > 64);
    assert!(text.contains(r#""error.type":"inference""#));
}

#[test]
fn it_is_written_at_a_panic() {
    let folder = ReportFolder::new("panics");
    let observer = Observer::builder().model("m").flight_recorder_folder(folder.path()).build().unwrap();
    observer.chat("m").max_tokens(4_711).start().complete();
    let panicked = thread::spawn(|| panic!("on purpose")).join();
    assert!(panicked.is_err());
    let files = folder.wait_for("panic");
    assert!(fs::read_to_string(&files[0]).unwrap().contains(r#""gen_ai.request.max_tokens":4711"#));
    drop(observer);
}

#[test]
fn many_panics_write_one_file_in_five_minutes_and_sixteen_files_at_most() {
    let folder = ReportFolder::new("many-panics");
    let (clock, manual_clock) = Clock::manual();
    let builder = Observer::builder().model("m").clock(clock).flight_recorder_folder(folder.path());
    let observer = builder.build().unwrap();
    observer.chat("m").start().complete();
    fs::write(folder.path().join("llmobs-7-notes.txt"), "not ours").unwrap();
    for fire in 1..=20 {
        for _ in 0..10 {
            assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
        }
        let expected = fire.min(16);
        folder.wait_until(|| folder.files("panic").len() == expected);
        manual_clock.advance(Duration::from_secs(299));
        assert!(thread::spawn(|| panic!("on purpose")).join().is_err());
        manual_clock.advance(Duration::from_secs(1));
    }
    // Sixteen files of the recorder, and the unrelated one.
    folder.wait_until(|| fs::read_dir(folder.path()).unwrap().count() == 17);
    assert!(folder.path().join("llmobs-7-notes.txt").exists(), "a file that is not the recorder's is not removed");
    drop(observer);
}

/// The folder of a flight recorder.
struct ReportFolder(TempDir);

impl ReportFolder {
    fn new(name: &str) -> Self {
        Self(TempDir::new(&format!("flight-{name}")))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn files(&self, reason: &str) -> Vec<PathBuf> {
        let all = fs::read_dir(self.path()).unwrap().map(|entry| entry.unwrap().path());
        all.filter(|path| path.to_string_lossy().ends_with(&format!("-{reason}.jsonl"))).collect()
    }

    /// Waits until another thread has written a file of this reason.
    fn wait_for(&self, reason: &str) -> Vec<PathBuf> {
        self.wait_until(|| !self.files(reason).is_empty());
        self.files(reason)
    }

    #[expect(clippy::disallowed_methods, reason = "another thread writes at an unknown time")]
    fn wait_until(&self, condition: impl Fn() -> bool) {
        let began = Instant::now();
        while !condition() {
            assert!(
                began.elapsed() < Duration::from_secs(10),
                "{:?}",
                fs::read_dir(self.path()).unwrap().collect::<Vec<_>>()
            );
            thread::yield_now();
        }
    }
}
