//! Metrics of the process under the names of the OpenTelemetry conventions: CPU time, memory, uptime and open files. A
//! restart is visible as an uptime that begins again.
//!
//! The values are read from `/proc` at each collection, on Linux only. On other systems the metrics have no values.
//!
//! ```
//! use llmobs::Observer;
//!
//! let observer = Observer::builder().build()?;
//! let _process = llmobs::process::watch(&observer)?; // keep it as long as the process serves
//! # #[cfg(all(feature = "prometheus", target_os = "linux"))]
//! assert!(llmobs::prometheus::page(&observer, None).body.contains("process_memory_usage_bytes "));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod proc_files;

use std::sync::Arc;
use std::sync::Weak;

use crate::catalog::Group;
use crate::catalog::Level;
use crate::catalog::Row;
use crate::metric::Metric;
use crate::metric::ObservableCounter;
use crate::metric::ObservableGauge;
use crate::metric::ObservableUpDownCounter;
use crate::metric::RegisterError;
use crate::metric::Sample;
use crate::observer::Observer;
use crate::semconv::attribute as a;
use crate::semconv::metric as m;
use crate::sync::Mutex;

/// The group of the metrics of the process.
pub const GROUP: Group = Group::new("process");

/// Every metric of the process, in the order of the documentation.
pub static ROWS: &[&Row] = &[CPU_TIME.row(), MEMORY_USAGE.row(), UPTIME.row(), OPEN_FILES.row()];

static CPU_TIME: Metric<ObservableCounter, 1> = Metric::new(
    m::PROCESS_CPU_TIME,
    "s",
    &[a::CPU_MODE],
    "CPU time in seconds of all threads of the process since its start, by mode (user, system)",
)
.level(Level::Core)
.group(GROUP);

static MEMORY_USAGE: Metric<ObservableUpDownCounter, 0> =
    Metric::new(m::PROCESS_MEMORY_USAGE, "By", &[], "Physical memory in bytes that the process uses")
        .level(Level::Core)
        .group(GROUP);

static UPTIME: Metric<ObservableGauge, 0> =
    Metric::new(m::PROCESS_UPTIME, "s", &[], "Time in seconds since the start of the process")
        .level(Level::Core)
        .group(GROUP);

static OPEN_FILES: Metric<ObservableUpDownCounter, 0> = Metric::new(
    m::PROCESS_UNIX_FILE_DESCRIPTOR_COUNT,
    "{file_descriptor}",
    &[],
    "Number of open file descriptors of the process: files, sockets and pipes",
)
.level(Level::Core)
.group(GROUP);

/// The source whose metrics are registered now.
static WATCHED: Mutex<Weak<WatchedProcess>> = Mutex::new(Weak::new());

/// Records the metrics of the process with this observer, until the returned value is dropped. One observer of a process
/// records them: a meter provider that several share would add the values up. A disabled observer records nothing.
///
/// # Errors
///
/// Returns an error while the value of an earlier call exists, and if the name of a metric is in use.
pub fn watch(observer: &Observer) -> Result<ProcessWatch, RegisterError> {
    let mut watched = WATCHED.lock();
    if watched.strong_count() > 0 {
        let name = CPU_TIME.row().name;
        return Err(RegisterError::NameInUse { name, in_use_by: name });
    }
    let source = Arc::new(WatchedProcess);
    observer.register_observable(&CPU_TIME, &source, |_| {
        let times = proc_files::cpu_times().map(|[user, system]| [("user", user), ("system", system)]);
        times.into_iter().flatten().map(|(mode, seconds)| Sample::new(seconds, [mode.into()])).collect()
    })?;
    observer.register_observable(&MEMORY_USAGE, &source, |_| sample(proc_files::memory()))?;
    observer.register_observable(&UPTIME, &source, |_| sample(proc_files::uptime()))?;
    observer.register_observable(&OPEN_FILES, &source, |_| sample(proc_files::open_files()))?;
    *watched = Arc::downgrade(&source);
    Ok(ProcessWatch { _source: source })
}

/// Returns the values of a metric with one series; empty if the value cannot be read.
fn sample(value: Option<f64>) -> Vec<Sample<0>> {
    value.into_iter().map(|value| Sample::new(value, [])).collect()
}

/// The metrics of the process, which an observer records until this value is dropped.
#[derive(Debug)]
#[must_use = "the metrics of the process end when this value is dropped"]
pub struct ProcessWatch {
    _source: Arc<WatchedProcess>,
}

/// The source of the metrics, which exists as long as they are registered.
#[derive(Debug)]
struct WatchedProcess;
