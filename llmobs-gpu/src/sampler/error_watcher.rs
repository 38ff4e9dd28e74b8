//! The thread that waits for errors reported by devices.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::backend::ErrorWatcher;
use crate::backend::XidEvent;
use crate::thread_control::ThreadControl;

/// The longest single wait, which delays a stop.
const WAIT: Duration = Duration::from_millis(200);

/// The pause after an error. The loop continues, so that later errors are reported.
const PAUSE: Duration = Duration::from_secs(1);

/// The maximum number of errors that wait to be recorded.
const MAX_PENDING_XIDS: usize = 1_024;

pub(super) fn run(mut watch: Box<dyn ErrorWatcher>, signal: &ThreadControl, heard: &Mutex<Vec<XidEvent>>) {
    loop {
        match watch.wait(WAIT) {
            Ok(Some(xid)) => {
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                if heard.len() < MAX_PENDING_XIDS {
                    heard.push(xid);
                }
                drop(heard);
                signal.wake();
            }
            Ok(None) => {}
            // `sleep` would consume the wake-up that is meant for the sampler's thread.
            Err(_) if !signal.pause(PAUSE) => return,
            Err(_) => {}
        }
        if signal.is_stopping() {
            return;
        }
    }
}
