//! A receiver of OTLP over HTTP that answers, refuses, or is slow, as the load says.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

use super::listener;
use super::listener::Request;

/// The receiver. Its threads end with the process.
#[derive(Debug)]
pub(crate) struct Sink {
    pub(crate) address: String,
    is_refusing: Arc<AtomicBool>,
    requests: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Sink {
    pub(crate) fn start() -> Result<Self, String> {
        let is_refusing = Arc::new(AtomicBool::new(false));
        let requests = Arc::new(Mutex::new(BTreeMap::new()));
        let shared = (Arc::clone(&is_refusing), Arc::clone(&requests));
        let address = listener::serve(move |request: &Request| {
            if shared.0.load(Ordering::Relaxed) {
                // A slow refusal: exports take long, and the queue fills.
                thread::sleep(Duration::from_millis(400));
                return "400 Bad Request";
            }
            if let Ok(mut requests) = shared.1.lock() {
                *requests.entry(request.path.clone()).or_default() += 1;
            }
            "200 OK"
        })?;
        Ok(Self { address, is_refusing, requests })
    }

    /// Sets whether requests are refused from now on.
    pub(crate) fn refuse(&self, is_refusing: bool) {
        self.is_refusing.store(is_refusing, Ordering::Relaxed);
    }

    /// Returns the number of accepted requests by path, such as `/v1/traces`.
    pub(crate) fn requests(&self) -> BTreeMap<String, usize> {
        self.requests.lock().map(|requests| requests.clone()).unwrap_or_default()
    }
}
