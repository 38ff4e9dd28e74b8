//! The writing of the state file: when it is due, a full disk, and files that cannot be used.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::restart::Folder;
use super::restart::child;
use super::restart::file_of_child;
use super::restart::restart;
use super::*;
use crate::cost::budget::BudgetError;

const NOON: &str = "2026-11-30T12:00:00Z";

fn budgets(file: &Path) -> Budgets {
    Budgets::new().add(Budget::new("all", usd(1_000)).deny()).state_file(file).unwrap()
}

/// Returns what a state file says is spent.
fn saved(file: &Path) -> u64 {
    let text = fs::read_to_string(file).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    json["budgets"][0]["periods"][0]["spent_nanodollars"].as_u64().unwrap()
}

#[test]
fn the_file_is_written_once_in_an_interval_and_at_the_end() {
    let folder = Folder::new("interval");
    let (now, file) = (date(NOON), folder.file());
    let (clock, hand) = Clock::manual();
    let (book, _) = book_and_faults(budgets(&file).state_interval(Duration::from_secs(5)), clock);
    charge(&book, 1, now);
    assert_eq!(saved(&file), 1, "the first operation");
    hand.advance(Duration::from_millis(4_999));
    charge(&book, 10, now);
    assert_eq!((saved(&file), book.readings(now).len()), (1, 1));
    hand.advance(Duration::from_millis(1));
    assert_eq!(saved(&file), 1);
    assert_eq!((book.readings(now).len(), saved(&file)), (1, 11), "a collection writes what is due");
    charge(&book, 100, now);
    book.flush();
    assert_eq!(saved(&file), 111);
    charge(&book, 200, now);
    drop(book);
    assert_eq!(saved(&file), 311);
}

#[test]
fn an_account_without_a_change_is_not_written() {
    let folder = Folder::new("unchanged");
    let now = date(NOON);
    let (clock, hand) = Clock::manual();
    let (book, _) = book_and_faults(budgets(&folder.file()), clock);
    drop(book.reserve(&FACTS, Some(usd(10)), now).unwrap());
    charge(&book, 0, now);
    hand.advance(Duration::from_secs(60));
    book.readings(now);
    drop(book);
    assert!(!folder.file().exists());
}

#[test]
fn a_threshold_is_written_at_once() {
    let folder = Folder::new("threshold");
    let (clock, _hand) = Clock::manual();
    let (book, _) = book_and_faults(budgets(&folder.file()), clock);
    charge(&book, 1, date(NOON));
    charge(&book, 1_000, date(NOON));
    assert_eq!(saved(&folder.file()), 1_001);
}

/// Charges, makes writes fail, and checks that the budget goes on and that the file keeps its content until writes
/// succeed again.
fn check_failing_writes(file: &Path, fill: impl FnOnce(), free: impl FnOnce()) {
    let now = date(NOON);
    let (clock, hand) = Clock::manual();
    let (book, faults) = book_and_faults(budgets(file), clock);
    let events = Events(Log::new());
    let charge_later = |nanos| {
        hand.advance(Duration::from_secs(1));
        charge(&book, nanos, now);
    };
    tracing::subscriber::with_default(events.clone(), || {
        charge_later(100);
        assert_eq!((saved(file), events.0.take()), (100, vec![]));
        fill();
        charge_later(200);
        charge_later(300);
        assert_eq!(faults.take(), [BudgetFault::StateNotWritten; 2], "each failure is counted");
        assert_eq!(events.0.take(), [tracing::Level::WARN], "one line");
        assert_eq!(saved(file), 100, "the old content");
        assert!(!admits(&book, 401, now) && admits(&book, 400, now), "the budget goes on");
        free();
        charge_later(1);
        assert_eq!((saved(file), faults.take(), events.0.take()), (601, vec![], vec![tracing::Level::INFO]));
    });
    drop(book);
    assert_eq!(spent(&restart(file, Budget::new("all", usd(1_000))), now), 601);
}

/// Uses the device of Linux whose writes fail as those to a full disk do.
#[cfg(target_os = "linux")]
#[test]
fn a_write_that_fails_for_lack_of_space_keeps_the_old_file() {
    let folder = Folder::new("full");
    let temporary = folder.file().with_extension("json.tmp");
    // A folder in the place of the temporary file survives the removal of what a failed write left.
    check_failing_writes(
        &folder.file(),
        || fs::create_dir(&temporary).unwrap(),
        || fs::remove_dir(&temporary).unwrap(),
    );
    let now = date(NOON);
    let (book, faults) = book_and_faults(budgets(&folder.file()), Clock::system());
    std::os::unix::fs::symlink("/dev/full", &temporary).unwrap();
    charge(&book, 1, now);
    assert_eq!((faults.take(), saved(&folder.file())), (vec![BudgetFault::StateNotWritten], 601));
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "a helper that another test starts as a process"]
fn helper_fills_the_disk() {
    let file = file_of_child();
    let filler = file.with_file_name("filler");
    let fill = || {
        let mut size = 1 << 20;
        let mut bytes = Vec::new();
        while size > 0 {
            // Halved until no byte fits.
            bytes.resize(bytes.len() + size, b'x');
            if fs::write(&filler, &bytes).is_err() {
                size /= 2;
            }
        }
    };
    check_failing_writes(&file, fill, || fs::remove_file(&filler).unwrap());
    println!("the disk was full");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_keeps_the_old_file() {
    let folder = Folder::new("disk");
    let file = folder.file();
    let helper = child("cost::budget::tests::state_file::helper_fills_the_disk", &file);
    // A file system of 64 KiB in a namespace of its own, which ends with the process.
    let mount =
        format!("mount -t tmpfs -o size=64k tmpfs {} || exit 77; exec \"$@\"", file.parent().unwrap().display());
    let mut command = Command::new("unshare");
    command
        .args(["--map-root-user", "--mount", "sh", "-c", &mount, "sh"])
        .arg(helper.get_program())
        .args(helper.get_args());
    command.envs(helper.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let Ok(output) = command.output() else {
        eprintln!("skipped: this system has no `unshare`");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(77) || text.contains("unshare: ") {
        eprintln!("skipped: this system permits no mount: {text}");
        return;
    }
    assert!(output.status.success() && text.contains("the disk was full"), "{text}");
}

/// Returns the error for a state file with this content.
fn error_of(folder: &Folder, content: &[u8]) -> String {
    fs::write(folder.file(), content).unwrap();
    let error = Budgets::new().state_file(folder.file()).unwrap_err();
    assert!(matches!(error, BudgetError::InvalidStateFile { .. }), "{error}");
    assert_eq!(fs::read(folder.file()).unwrap(), content, "the file is left as it is");
    error.to_string()
}

#[test]
fn a_file_that_is_damaged_foreign_or_of_another_version_is_an_error() {
    let folder = Folder::new("invalid");
    charge(&restart(&folder.file(), Budget::new("all", usd(1_000))), 100, date(NOON));
    let valid = fs::read(folder.file()).unwrap();
    for length in 0..valid.len() {
        assert!(error_of(&folder, &valid[..length]).contains("it is damaged"), "{length}");
    }
    let text = String::from_utf8(valid.clone()).unwrap();
    let newer = error_of(&folder, text.replace("\"version\":1", "\"version\":2").as_bytes());
    assert!(newer.contains("its version is 2, and this version of llmobs reads 1"), "{newer}");
    assert!(error_of(&folder, b"{\"dashboard\": []}").contains("it is not a state file of budgets"));
    assert!(error_of(&folder, text.replace(":100", ":-100").as_bytes()).contains("it is damaged"));
    assert!(error_of(&folder, text.replace("}]}]}", "},{\"start\":0,\"spent_nanodollars\":0,\"thresholds\":[]},{\"start\":1,\"spent_nanodollars\":0,\"thresholds\":[]}]}]}").as_bytes()).contains("more than two"));
    assert!(error_of(&folder, &vec![b' '; 300 * 1024]).contains("larger"));
    let error = error_of(&folder, b"\x00\xff");
    assert!(error.contains("budgets.json") && error.contains("move it away to start at zero"), "{error}");
    fs::write(folder.file(), valid).unwrap();
    fs::write(folder.file().with_extension("json.tmp"), b"{\"form").unwrap();
    let book = restart(&folder.file(), Budget::new("all", usd(1_000)));
    assert_eq!(spent(&book, date(NOON)), 100, "what an interrupted write left is ignored");
}

#[test]
fn a_period_outside_of_the_calendar_is_read_as_its_first_or_last() {
    let folder = Folder::new("bounds");
    for start in [i64::MIN, i64::MAX] {
        let text = format!(
            "{{\"format\":\"llmobs-budgets\",\"version\":1,\"budgets\":[{{\"name\":\"all\",\"period\":\"day\",\
             \"time_zone\":\"UTC\",\"periods\":[{{\"start\":{start},\"spent_nanodollars\":7,\"thresholds\":[]}}]}}]}}"
        );
        fs::write(folder.file(), text).unwrap();
        let book = restart(&folder.file(), Budget::new("all", usd(1_000)));
        let day = if start > 0 { UNIX_EPOCH + Duration::from_secs(300_000_000_000) } else { date(NOON) };
        assert_eq!(spent(&book, day), if start > 0 { 7 } else { 0 });
        charge(&book, 1, date(NOON));
    }
}

#[test]
fn a_folder_that_does_not_exist_is_an_error() {
    let folder = Folder::new("missing");
    let error = Budgets::new().state_file(folder.file().join("none.json")).unwrap_err();
    assert!(matches!(error, BudgetError::StateFileUnavailable { .. }), "{error}");
}
