//! The export thread: all requests are sent from it, independent of the async runtime of the application.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry_sdk::error::OTelSdkError;
use opentelemetry_sdk::error::OTelSdkResult;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::InitError;
use super::Signal;
use super::queue::Queue;

/// The thread that runs the tasks of a pipeline until this value is dropped.
#[derive(Debug)]
pub(super) struct ExportThread {
    runtime: Handle,
    /// Dropping this sender ends the thread.
    _stop: oneshot::Sender<()>,
}

impl ExportThread {
    pub(super) fn start() -> Result<Self, InitError> {
        let (stop, stopped) = oneshot::channel::<()>();
        let (started, receiver) = mpsc::channel();
        let run = move || {
            // Telemetry of the export thread describes exports; exporting it would create further exports.
            let _suppressed = Context::enter_telemetry_suppressed_scope();
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_io()
                .enable_time()
                // Only look-ups of host names block, and each endpoint has one at a time.
                .max_blocking_threads(Signal::ALL.len())
                .thread_name("llmobs-otlp-names")
                .on_thread_start(suppress_telemetry)
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    let _ = started.send(Err(error));
                    return;
                }
            };
            if started.send(Ok(runtime.handle().clone())).is_ok() {
                let _ = runtime.block_on(stopped);
            }
            // A DNS lookup may block, so shutdown does not wait for it.
            runtime.shutdown_background();
        };
        let thread = thread::Builder::new().name("llmobs-otlp".to_owned()).spawn(run);
        thread.map_err(|error| InitError::Thread(error.to_string()))?;
        match receiver.recv() {
            Ok(Ok(handle)) => Ok(Self { runtime: handle, _stop: stop }),
            Ok(Err(error)) => Err(InitError::Thread(error.to_string())),
            Err(_) => Err(InitError::Thread("the thread ended at once".to_owned())),
        }
    }

    pub(super) const fn runtime(&self) -> &Handle {
        &self.runtime
    }
}

#[expect(clippy::mem_forget, reason = "the suppression lasts until the thread ends")]
fn suppress_telemetry() {
    std::mem::forget(Context::enter_telemetry_suppressed_scope());
}

/// Returns the moment `time` from now, limited to one year so that the sum cannot overflow.
pub(super) fn after(time: Duration) -> Instant {
    Instant::now() + time.min(Duration::from_secs(365 * 24 * 3_600))
}

/// Runs a future on the export thread and blocks the calling thread until the result arrives. Returns `None` if `limit`
/// passes first, or if the export thread has ended.
pub(super) fn block_on<T: Send + 'static>(
    handle: &Handle,
    limit: Duration,
    future: impl Future<Output = T> + Send + 'static,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    handle.spawn(async move {
        let _ = sender.send(future.await);
    });
    receiver.recv_timeout(limit).ok()
}

/// Flushes a queue on behalf of an SDK processor.
#[derive(Debug, Clone)]
pub(super) struct Flusher(pub(super) Handle);

impl Flusher {
    const TIMEOUT: Duration = Duration::from_secs(5);

    pub(super) fn flush<T: Send + 'static>(&self, queue: &Queue<T>) -> OTelSdkResult {
        match block_on(&self.0, Self::TIMEOUT, queue.flush()) {
            Some(_) => Ok(()),
            None => Err(OTelSdkError::Timeout(Self::TIMEOUT)),
        }
    }
}
