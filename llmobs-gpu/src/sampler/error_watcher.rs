//! The thread that waits for what devices report by themselves.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use crate::backend::ErrorWatcher;
use crate::backend::XidEvent;
use crate::thread_control::ThreadControl;

/// One wait: a stop must not take longer.
const WAIT: Duration = Duration::from_millis(200);

/// After an error. The wait goes on: whoever stops at the first error hears nothing of the second.
const PAUSE: Duration = Duration::from_secs(1);

/// The most that wait to be told.
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
            // Not `sleep`, which would take the wake-up that is meant for the other thread.
            Err(_) if !signal.pause(PAUSE) => return,
            Err(_) => {}
        }
        if signal.is_stopping() {
            return;
        }
    }
}
