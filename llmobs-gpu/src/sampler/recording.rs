//! The sampler's output: recorded rows, log events, span events of operations in flight, and the published snapshot.

use llmobs::companion::AttributeValue;

use super::gpu::SampledGpu;
use super::worker::TrackedOperation;
use super::worker::Worker;
use crate::backend::DriverCall;
use crate::energy::EnergyMethod;
use crate::energy::EnergySource;
use crate::energy::SettledEnergy;
use crate::energy::Tenancy;
use crate::energy::Totals;
use crate::report::OperationEnergy;
use crate::throttle::ThrottleReason;
use crate::throttle::ThrottleReasons;
use crate::xid;
use crate::xid::XidSeverity;

impl Worker {
    pub(super) fn record_call_duration(&self, call: DriverCall, took: u64) {
        let attributes = [("llmobs.gpu.call", AttributeValue::from(call.as_str()))];
        self.recorder.record("llmobs.gpu.sampler.call.duration", &attributes, seconds(took));
    }

    /// Creates the three series of attributed energy with the value zero.
    pub(super) fn show_attributed(&self, index: usize) {
        if !self.gpus[index].is_mig_instance {
            self.attribute(index, Totals::default(), Totals::default());
        }
    }

    /// Records the energy of a closed interval.
    pub(super) fn record_interval_energy(&mut self, index: usize, energy: u64, at: u64, tenancy: Tenancy) {
        let running = self.accounts.running(index).count();
        let now = self.accounts.totals(index);
        let gpu = &mut self.gpus[index];
        let time = at.saturating_sub(std::mem::replace(&mut gpu.closed_at, at));
        let before = std::mem::replace(&mut gpu.recorded_totals, now);
        let ours = joules(energy) * tenancy.ours();
        gpu.watts = if running == 0 || time == 0 { 0.0 } else { ours / seconds(time) / count(running) };
        self.attribute(index, before, now);
        // If models are placed on certain devices, the devices of the next operation are unknown.
        if self.settings.places.is_empty() {
            self.follower.set_watts(self.gpus.iter().map(|gpu| gpu.watts).sum());
        }
    }

    /// Records the differences of the totals in joules, so that the counters remain as close to the totals as an `f64`
    /// allows.
    fn attribute(&self, index: usize, before: Totals, now: Totals) {
        let id = self.board.lock().devices.get(index).map(|device| device.attributes.id.clone());
        let Some(id) = id else { return };
        for (kind, before, now) in [
            ("request", before.request, now.request),
            ("idle", before.idle, now.idle),
            ("unattributed", before.unattributed, now.unattributed),
        ] {
            let attributes = [("hw.id", id.clone()), ("llmobs.energy.kind", AttributeValue::from(kind))];
            self.recorder.add("llmobs.gpu.energy.attributed", &attributes, joules(now) - joules(before));
        }
    }

    pub(super) fn record_operation_energy(&self, settled: &SettledEnergy<TrackedOperation>, throttled: u64) {
        let SettledEnergy { operation, microjoules, nanos, complete, shared } = settled;
        let followed = &operation.followed;
        let (energy, gpu_seconds) = (joules(*microjoules), nanos / 1e9);
        followed.record_energy(energy);
        let mut on = self.on(self.devices_of(followed.model()));
        let integral = on.any(|gpu| gpu.source() == Some(EnergySource::PowerIntegral));
        let hours = self.settings.usd_per_gpu_hour.map(|usd| usd * gpu_seconds / 3_600.0);
        let power = self.settings.usd_per_kwh.map(|usd| usd * energy / 3.6e6);
        let told = OperationEnergy {
            operation: followed.operation().to_owned(),
            model: followed.model().to_owned(),
            trace_id: followed.trace_id(),
            span_id: followed.span_id(),
            joules: energy,
            gpu_seconds,
            cost_usd: hours.or(power).map(|_| hours.unwrap_or(0.0) + power.unwrap_or(0.0)),
            output_tokens: followed.output_tokens(),
            throttled_seconds: seconds(throttled),
            method: EnergyMethod::Time,
            source: if integral { EnergySource::PowerIntegral } else { EnergySource::Counter },
            complete: *complete,
            shared: *shared,
        };
        followed.in_trace(|| told.write());
        if let Some(on_energy) = &self.settings.on_energy {
            on_energy(&told);
        }
    }

    /// Records an error that a device reported.
    pub(super) fn record_xid(&mut self, index: usize, code: u64, at: u64) {
        let severity = XidSeverity::of(code);
        self.gpus[index].reported(severity, at);
        self.gpus[index].last_xid = Some(code);
        let id = self.gpus[index].info.id.clone();
        let label = AttributeValue::from(xid::label(code));
        let attributes = [
            ("hw.id", AttributeValue::from(id.clone())),
            ("llmobs.gpu.xid.code", label),
            ("llmobs.gpu.xid.severity", AttributeValue::from(severity.as_str())),
        ];
        self.recorder.add("llmobs.gpu.xid.errors", &attributes, 1.0);
        let hit = self.accounts.running(index).count();
        match severity {
            XidSeverity::Fatal => {
                tracing::error!(name: "gpu_xid", target: "llmobs", gpu = id, xid = code, severity = severity.as_str(), operations = hit, "gpu_xid");
            }
            _ => {
                tracing::warn!(name: "gpu_xid", target: "llmobs", gpu = id, xid = code, severity = severity.as_str(), operations = hit, "gpu_xid");
            }
        }
        let code = code.to_string();
        for known in self.accounts.running(index) {
            let attributes = [
                ("hw.id", id.as_str()),
                ("llmobs.gpu.xid.code", code.as_str()),
                ("llmobs.gpu.xid.severity", severity.as_str()),
            ];
            known.followed.add_event("gpu.xid", &attributes);
        }
        self.publish_gpu(index);
    }

    /// Emits an event that a device has become slower by heat or by protection of the hardware.
    pub(super) fn emit_throttle(&self, index: usize, throttle: ThrottleReasons) {
        let id = self.gpus[index].info.id.as_str();
        let reason = if throttle.contains(ThrottleReason::Hardware) {
            ThrottleReason::Hardware
        } else {
            ThrottleReason::Thermal
        };
        tracing::warn!(name: "gpu_throttle", target: "llmobs", gpu = id, reason = reason.as_str(), "gpu_throttle");
        for known in self.accounts.running(index) {
            let attributes = [("hw.id", id), ("llmobs.gpu.throttle.reason", reason.as_str())];
            known.followed.add_event("gpu.throttle", &attributes);
        }
    }

    /// Records counts as differences. A count that decreased adds nothing.
    pub(super) fn record_counts(&mut self, index: usize) {
        let gpu = &mut self.gpus[index];
        let (reading, id) = (&gpu.reading, AttributeValue::from(gpu.info.id.clone()));
        let corrected = [("hw.id", id.clone()), ("llmobs.gpu.remap.cause", AttributeValue::from("corrected"))];
        let uncorrected = [("hw.id", id.clone()), ("llmobs.gpu.remap.cause", AttributeValue::from("uncorrected"))];
        let replays = [("hw.id", id)];
        let rows = [
            ("llmobs.gpu.remapped_rows", corrected.as_slice(), reading.rows_corrected),
            ("llmobs.gpu.remapped_rows", uncorrected.as_slice(), reading.rows_uncorrected),
            ("llmobs.gpu.pcie.replays", replays.as_slice(), reading.replays),
        ];
        for ((row, attributes, now), before) in rows.into_iter().zip(&mut gpu.counts) {
            let Some(now) = now else { continue };
            // The first difference contains all counts since the driver was loaded.
            let more = now.saturating_sub(before.replace(now).unwrap_or(0));
            self.recorder.add(row, attributes, f64::from(u32::try_from(more).unwrap_or(u32::MAX)));
        }
    }

    pub(super) fn publish(&self) {
        self.board.lock().collector = self.collector();
    }

    pub(super) fn publish_gpu(&self, index: usize) {
        let (gpu, now) = (&self.gpus[index], self.now());
        let running = self.accounts.running_count();
        let totals = self.accounts.totals(index);
        let mut published = self.board.lock();
        let Some(device) = published.devices.get_mut(index) else { return };
        device.report.reading.clone_from(&gpu.reading);
        let until = |call| gpu.holds_until(call, &self.settings, running);
        device.report.state = gpu.state(now, until(DriverCall::ThrottleReasons).is_some_and(|until| now <= until));
        device.report.source = gpu.source();
        device.report.counter_period = gpu.meter.period().map(std::time::Duration::from_nanos);
        device.report.measured = joules(totals.measured);
        device.report.request = joules(totals.request);
        device.report.idle = joules(totals.idle);
        device.report.unattributed = joules(totals.unattributed);
        device.energy = gpu.source().map(|_| joules(gpu.meter.shown()));
        device.last_xid = gpu.last_xid;
        device.throttled = gpu.throttled();
        for call in DriverCall::ALL {
            let at = gpu.paces[call.index()].answered;
            device.answers[call.index()] = at.zip(until(call));
            device.answered = device.answered.max(at);
        }
        if gpu.lost.is_some() {
            // A lost device has no valid readings.
            device.answers.iter_mut().flatten().for_each(|(_, until)| *until = 0);
        }
    }

    /// Returns the devices in a bit mask.
    pub(super) fn on(&self, devices: u64) -> impl Iterator<Item = &SampledGpu> {
        let on = move |index: usize| devices & crate::energy::bit(index) != 0;
        self.gpus.iter().enumerate().filter(move |(index, _)| on(*index)).map(|(_, gpu)| gpu)
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 microjoules, which is 9 GJ")]
pub(super) fn joules(microjoules: u64) -> f64 {
    microjoules as f64 / 1e6
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53 ns, which is 104 days")]
pub(super) fn seconds(nanos: u64) -> f64 {
    nanos as f64 / 1e9
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
pub(super) const fn count(things: usize) -> f64 {
    things as f64
}
