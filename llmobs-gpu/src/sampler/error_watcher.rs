//! The thread that waits for errors reported by devices.

use std::time::Duration;

use crate::backend::ErrorWatcher;
use crate::backend::XidEvent;
use crate::sync::Mutex;
use crate::thread_control::ThreadControl;

/// The longest single wait, which delays a stop.
const WAIT_TIMEOUT: Duration = Duration::from_millis(200);

/// The pause after a wait that failed. The loop continues, so that later errors of devices are reported.
const ERROR_BACKOFF: Duration = Duration::from_secs(1);

/// The maximum number of errors that wait to be recorded.
const MAX_PENDING_XIDS: usize = 1_024;

pub(super) fn run(
    mut watcher: Box<dyn ErrorWatcher>,
    thread_control: &ThreadControl,
    pending_xids: &Mutex<Vec<XidEvent>>,
) {
    loop {
        match watcher.wait(WAIT_TIMEOUT) {
            Ok(Some(xid)) => {
                let mut pending = pending_xids.lock();
                if pending.len() < MAX_PENDING_XIDS {
                    pending.push(xid);
                }
                drop(pending);
                thread_control.wake();
            }
            Ok(None) => {}
            // `sleep` would consume the wake-up that is meant for the sampler's thread.
            Err(_) if !thread_control.pause(ERROR_BACKOFF) => return,
            Err(_) => {}
        }
        if thread_control.is_stopping() {
            return;
        }
    }
}
