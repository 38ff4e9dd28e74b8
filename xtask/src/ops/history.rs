//! Hours of history for a real Prometheus: the example `ops_history`, an observer of the library on a manual clock, and
//! synthetic series of systems that do not run here.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use super::boards;
use super::names::Names;
use super::programs;
use super::programs::folder::Folder;
use super::programs::prometheus::Prometheus;

pub(super) mod synthetic;

/// The argument of a build of the example.
pub(super) const PACKAGE: &str = "-p llmobs-examples --example ops_history";

/// The length of the history.
const SECONDS: u64 = 7_200;

/// The time between the end of the history and now.
const PAUSE_SECONDS: u64 = 300;

/// A history in a file of OpenMetrics.
#[derive(Debug)]
pub(super) struct History {
    pub(super) file: PathBuf,
    /// The last moment, in seconds since 1970.
    end: u64,
}

impl History {
    /// Writes a history that ended a few minutes ago into the folder.
    pub(super) fn write(binaries: &Path, folder: &Folder, names: &Names) -> Result<Self, String> {
        let end = now() - PAUSE_SECONDS;
        let file = folder.path().join("history.om");
        let mut example = Command::new(binaries.join("examples/ops_history"));
        example.arg(&file).arg((SECONDS / 60).to_string()).arg(end.to_string());
        succeed(&mut example, "ops_history")?;
        let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let wanted = synthetic::wanted(&boards::all(), names)?;
        println!("{} series names have no source here and are synthetic", wanted.len());
        let synthetic = synthetic::samples(&wanted, names, end - SECONDS, end);
        let whole = text.trim_end_matches("# EOF\n").to_owned() + &synthetic + "# EOF\n";
        fs::write(&file, whole).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(Self { file, end })
    }

    /// Adds the history to the data of a Prometheus that starts in the folder later.
    pub(super) fn import(&self, folder: &Folder) -> Result<(), String> {
        let mut import = Command::new("promtool");
        import.args(["tsdb", "create-blocks-from", "openmetrics", "-q"]).arg(&self.file);
        succeed(import.arg(folder.path().join("data")), "promtool")
    }

    /// Adds the results of recording rules over the history to the data. A rule reads the results of others only after the
    /// next start of Prometheus, so there are several rounds, each with names of files.
    pub(super) fn record(&self, folder: &Folder, rounds: &[&[&str]]) -> Result<(), String> {
        rounds.iter().try_for_each(|files| {
            let arguments = ["--storage.tsdb.retention.time=90d"];
            let prometheus = Prometheus::start(folder, &programs::free_address()?, "", &arguments)?;
            prometheus.record(files, folder.path(), self.period())
        })
    }

    /// Returns the first and the last moment, in seconds since 1970.
    pub(super) const fn period(&self) -> (u64, u64) {
        (self.end - SECONDS, self.end)
    }

    /// Returns the period in which rates over minutes have values.
    pub(super) const fn shown(&self) -> (u64, u64) {
        (self.end - SECONDS + 900, self.end - 15)
    }
}

/// Returns the seconds since 1970.
#[expect(clippy::disallowed_methods, reason = "the history of a running Prometheus ends in the present")]
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

/// Runs a command. `what` is for the error.
fn succeed(command: &mut Command, what: &str) -> Result<(), String> {
    let status = command.status().map_err(|error| format!("{what}: {error}"))?;
    status.success().then_some(()).ok_or_else(|| format!("{what} failed"))
}
