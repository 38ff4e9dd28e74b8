//! The GPUs of each engine, for joining rows of engines with rows of GPUs.

use std::collections::BTreeMap;

use llmobs::metric::BoundSeries;
use llmobs::metric::Gauge;
use llmobs::metric::Handle;

use crate::sync::Mutex;

/// The GPUs of each engine that the sampler knows: by the size of its model, or by the steps that it reported. Its series
/// are 1, and become 0 when the sampler stops.
#[derive(Debug)]
pub(super) struct EngineGpus {
    handle: Handle<Gauge, 3>,
    series: Mutex<BTreeMap<[String; 3], BoundSeries<Gauge>>>,
}

impl EngineGpus {
    pub(super) fn new(handle: Handle<Gauge, 3>) -> Self {
        Self { handle, series: Mutex::default() }
    }

    /// Sets the series of an engine and each of its GPUs to 1.
    pub(super) fn record(&self, model: &str, engine_id: &str, gpus: impl Iterator<Item = String>) {
        let mut series = self.series.lock();
        for gpu in gpus {
            let key = [model.to_owned(), engine_id.to_owned(), gpu];
            let attributes = || key.clone().map(Into::into);
            series.entry(key.clone()).or_insert_with(|| self.handle.bind(attributes())).set(1.0);
        }
    }
}

impl Drop for EngineGpus {
    fn drop(&mut self) {
        self.series.lock().values().for_each(|series| series.set(0.0));
    }
}
