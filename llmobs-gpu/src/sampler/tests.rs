//! Tests of the sampler, advanced tick by tick: the real crate `nvml-wrapper` over a scripted library.

#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

mod attribution;
mod cadence;
mod faults;
mod readings;
mod reports;
mod steps;
mod tenancy;

use crate::sync::Mutex;
use std::sync::Arc;
use std::time::Duration;

use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs::clock::ManualClock;
use llmobs::testing::Readings;

use super::ActiveSampler;
use super::Sampler;
use super::SamplerBuilder;
use super::snapshot::SharedSnapshot;
use super::worker::Worker;
use crate::backend::NvmlBackend;
use crate::event_feed::EventFeed;
use crate::report::DeviceReport;
use crate::report::OperationEnergy;
use llmobs_tests::fake_library::EVERY;
use llmobs_tests::fake_library::Fake;

/// A sampler without a thread, with a manual clock.
struct Rig {
    observer: Observer,
    manual_clock: ManualClock,
    worker: Worker,
    event_feed: Arc<EventFeed>,
    snapshot: Arc<SharedSnapshot>,
    _active: ActiveSampler,
    recorded_energies: Arc<Mutex<Vec<OperationEnergy>>>,
}

const GPU: &str = "GPU-00000000-0000-0000-0000-000000000000";

impl Rig {
    fn new(fake: &Fake) -> Self {
        Self::with(fake, |builder| builder)
    }

    fn with(fake: &Fake, settings: impl FnOnce(SamplerBuilder) -> SamplerBuilder) -> Self {
        let (clock, manual_clock) = Clock::manual();
        let observer = Observer::builder().clock(clock).model("m").level(llmobs::catalog::Level::Full).build().unwrap();
        let energies = Arc::new(Mutex::new(Vec::new()));
        let recorded = Arc::clone(&energies);
        let mut builder = Sampler::builder().backend(NvmlBackend::at(fake.path())).watch_errors(false);
        builder.settings.cuda_visible_devices = None;
        let builder = settings(builder).on_energy(move |energy| recorded.lock().push(energy.clone()));
        let (worker, active) = builder.assemble(&observer).unwrap();
        let (event_feed, snapshot) = (Arc::clone(&active.event_feed), Arc::clone(&active.snapshot));
        Self { observer, manual_clock, worker, event_feed, snapshot, _active: active, recorded_energies: energies }
    }

    /// Ticks for this time, at the moments that the worker requests.
    fn run(&mut self, time: Duration) {
        self.run_with(time, |_| {});
    }

    /// Ticks for this time, as [`run`](Self::run) does, and calls `each` with the elapsed time before each tick.
    fn run_with(&mut self, time: Duration, mut each: impl FnMut(Duration)) {
        let start = self.manual_clock.now();
        let end = start.saturating_add(time);
        loop {
            each(self.manual_clock.now().since(start));
            let next = llmobs::clock::Moment::from_nanos(self.worker.tick());
            let step = next
                .since(self.manual_clock.now())
                .max(Duration::from_millis(1))
                .min(end.since(self.manual_clock.now()));
            if step.is_zero() {
                return;
            }
            self.manual_clock.advance(step);
        }
    }

    fn metrics(&self) -> Readings {
        Readings::new(&self.observer)
    }

    fn value(&self, row: &str, attributes: &[(&str, &str)]) -> f64 {
        self.metrics().value(row, attributes)
    }

    /// Returns whether a series of the row contains this text.
    fn has_attribute_value(&self, row: &str, text: &str) -> bool {
        let mut rows = llmobs::catalog::ROWS.iter().chain(crate::ROWS.iter().copied());
        let name = rows.find(|candidate| candidate.name == row).unwrap().prometheus_name();
        let page = llmobs::prometheus::page(&self.observer, None).body;
        page.lines().any(|line| line.starts_with(&name) && !line.starts_with('#') && line.contains(text))
    }

    fn device(&self, index: usize) -> DeviceReport {
        self.snapshot.lock().devices[index].report.clone()
    }

    fn energies(&self) -> Vec<OperationEnergy> {
        self.recorded_energies.lock().clone()
    }

    /// Checks that the attributed energy of a device equals its measured energy in joules, in the metric and in the
    /// report.
    fn assert_energy_balanced(&self, device: usize) {
        let report = self.device(device);
        let id = [("hw.id", report.info.id.as_str())];
        let attributed = self.value("llmobs.gpu.energy.attributed", &id);
        assert!((attributed - report.measured_joules).abs() < 1e-6, "{attributed} of {} J", report.measured_joules);
        let total = report.request_joules + report.idle_joules + report.unattributed_joules;
        assert!((total - report.measured_joules).abs() < 1e-6, "{report:?}");
    }
}

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs()).max(1.0)
}
