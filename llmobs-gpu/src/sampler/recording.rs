//! The sampler's output: recorded rows, log events, span events of operations in flight, and the published snapshot.

use std::time::Duration;

use llmobs::metric::AttributeValue;
use llmobs::semconv::attribute as a;

use super::sampling::Sampling;
use super::tracked_operation::TrackedOperation;
use crate::backend::DriverCall;
use crate::energy::EnergySource;
use crate::energy::SettledEnergy;
use crate::energy::Tenancy;
use crate::energy::Totals;
use crate::metrics::attribute;
use crate::numbers::count_to_f64;
use crate::numbers::microjoules_to_joules;
use crate::numbers::nanos_to_seconds;
use crate::report::OperationEnergy;
use crate::throttle::ThrottleReason;
use crate::throttle::ThrottleReasons;
use crate::xid;
use crate::xid::XidSeverity;

pub(super) fn record_call_duration(sampling: &Sampling, call: DriverCall, took: u64) {
    if let Some(metrics) = sampling.metrics() {
        metrics.call_duration.bind([call.as_str().into()]).record(nanos_to_seconds(took));
    }
}

/// Records the GPUs of every engine that the sampler knows.
pub(super) fn record_all_engine_gpus(sampling: &Sampling) {
    let sizes = sampling.settings.model_sizes.iter().map(|size| (size.model.as_str(), size.engine_id.as_str()));
    let reporting = sampling.accounts.engines().map(|engine| (engine.model.as_str(), engine.id.as_str()));
    for (model, engine_id) in sizes.chain(reporting) {
        record_engine_gpus(sampling, model, engine_id);
    }
}

/// Records the GPUs of an engine, those on which its model runs.
pub(super) fn record_engine_gpus(sampling: &Sampling, model: &str, engine_id: &str) {
    let Some(metrics) = sampling.metrics() else { return };
    let gpus = sampling.gpus_in(sampling.device_mask(model)).map(|gpu| gpu.info.id.clone());
    metrics.engine_gpus.record(model, engine_id, gpus);
}

/// Creates the three series of attributed energy with the value zero, except for a MIG instance of a sampled GPU.
pub(super) fn init_attributed_energy(sampling: &Sampling, index: usize) {
    if !sampling.gpus[index].is_mig_instance {
        record_attributed_energy(sampling, index, Totals::default(), Totals::default());
    }
}

/// Records the energy, in microjoules, of an interval that was closed at `at`.
pub(super) fn record_interval_energy(sampling: &mut Sampling, index: usize, energy: u64, at: u64, tenancy: Tenancy) {
    let running = sampling.accounts.running_on(index).count();
    let now = sampling.accounts.device_totals(index);
    let gpu = &mut sampling.gpus[index];
    let time = at.saturating_sub(std::mem::replace(&mut gpu.interval_closed_at, at));
    let before = std::mem::replace(&mut gpu.recorded_totals, now);
    let our_joules = microjoules_to_joules(energy) * tenancy.our_ratio();
    gpu.watts_per_operation =
        if running == 0 || time == 0 { 0.0 } else { our_joules / nanos_to_seconds(time) / count_to_f64(running) };
    record_attributed_energy(sampling, index, before, now);
    // If models are placed on certain devices, the devices of the next operation are unknown.
    if sampling.settings.model_devices.is_empty() {
        sampling.event_feed.set_watts(sampling.gpus.iter().map(|gpu| gpu.watts_per_operation).sum());
    }
}

/// Records the differences of the totals in joules, so that the counters remain as close to the totals as an `f64`
/// allows.
fn record_attributed_energy(sampling: &Sampling, index: usize, before: Totals, now: Totals) {
    let id = sampling.snapshot.lock().devices.get(index).map(|device| device.attributes.id.clone());
    let (Some(id), Some(metrics)) = (id, sampling.metrics()) else { return };
    for (kind, before, now) in [
        ("request", before.request, now.request),
        ("idle", before.idle, now.idle),
        ("unattributed", before.unattributed, now.unattributed),
    ] {
        let joules = microjoules_to_joules(now) - microjoules_to_joules(before);
        metrics.attributed_energy.bind([id.clone(), kind.into()]).add(joules);
    }
}

pub(super) fn record_operation_energy(sampling: &Sampling, settled: &SettledEnergy<TrackedOperation>, throttled: u64) {
    let SettledEnergy { operation: tracked, microjoules, device_nanos, method, is_complete, is_shared } = settled;
    let operation = &tracked.operation;
    let (energy, gpu_seconds) = (microjoules_to_joules(*microjoules), device_nanos / 1e9);
    if let Some(metrics) = sampling.metrics() {
        operation.bind(&metrics.operation_energy, []).record(energy);
    }
    let mut gpus = sampling.gpus_in(sampling.device_mask(operation.model()));
    let is_integrated = gpus.any(|gpu| gpu.energy_source() == Some(EnergySource::PowerIntegral));
    let time_cost = sampling.settings.usd_per_gpu_hour.map(|usd| usd * gpu_seconds / 3_600.0);
    let energy_cost = sampling.settings.usd_per_kwh.map(|usd| usd * energy / 3.6e6);
    let report = OperationEnergy {
        operation: operation.operation().to_owned(),
        model: operation.model().to_owned(),
        trace_id: operation.trace_id(),
        span_id: operation.span_id(),
        joules: energy,
        gpu_seconds,
        cost_usd: time_cost.or(energy_cost).map(|_| time_cost.unwrap_or(0.0) + energy_cost.unwrap_or(0.0)),
        output_tokens: operation.output_tokens(),
        throttled_seconds: nanos_to_seconds(throttled),
        method: *method,
        source: if is_integrated { EnergySource::PowerIntegral } else { EnergySource::Counter },
        is_complete: *is_complete,
        is_shared: *is_shared,
    };
    operation.in_span_context(|| report.emit());
    if let Some(on_energy) = &sampling.settings.on_energy {
        on_energy(&report);
    }
}

/// Emits the event of an XID error at one level: a `tracing` callsite has a fixed level.
macro_rules! emit_xid {
    ($level:ident, $id:expr, $code:expr, $severity:expr, $operations:expr) => {
        tracing::event!(
            name: "gpu_xid",
            target: "llmobs",
            tracing::Level::$level,
            hw.id = $id,
            llmobs.gpu.xid.code = $code,
            llmobs.gpu.xid.severity = $severity.as_str(),
            llmobs.gpu.operations = $operations,
            "gpu_xid"
        )
    };
}

/// Records an error that a device reported.
pub(super) fn record_xid(sampling: &mut Sampling, index: usize, code: u64, at: u64) {
    let severity = XidSeverity::from_code(code);
    sampling.gpus[index].apply_severity(severity, at);
    sampling.gpus[index].last_xid = Some(code);
    let id = sampling.gpus[index].info.id.clone();
    if let Some(metrics) = sampling.metrics() {
        let attributes = [id.clone().into(), xid::code_label(code).into(), severity.as_str().into()];
        metrics.xid_errors.bind(attributes).add(1);
    }
    let affected = sampling.accounts.running_on(index).count();
    let code = code.to_string();
    match severity {
        XidSeverity::Fatal => emit_xid!(ERROR, id, code, severity, affected),
        _ => emit_xid!(WARN, id, code, severity, affected),
    }
    for tracked in sampling.accounts.running_on(index) {
        let attributes = [
            (a::HW_ID, id.as_str()),
            (attribute::GPU_XID_CODE, code.as_str()),
            (attribute::GPU_XID_SEVERITY, severity.as_str()),
        ];
        tracked.operation.add_event("gpu.xid", &attributes);
    }
    publish_gpu(sampling, index);
}

/// Emits an event that a device has become slower by heat or by protection of the hardware.
pub(super) fn emit_throttle(sampling: &Sampling, index: usize, throttle: ThrottleReasons) {
    let id = sampling.gpus[index].info.id.as_str();
    let reason =
        if throttle.contains(ThrottleReason::Hardware) { ThrottleReason::Hardware } else { ThrottleReason::Thermal };
    tracing::event!(
        name: "gpu_throttle",
        target: "llmobs",
        tracing::Level::WARN,
        hw.id = id,
        llmobs.gpu.throttle.reason = reason.as_str(),
        "gpu_throttle"
    );
    for tracked in sampling.accounts.running_on(index) {
        let attributes = [(a::HW_ID, id), (attribute::GPU_THROTTLE_REASON, reason.as_str())];
        tracked.operation.add_event("gpu.throttle", &attributes);
    }
}

/// Records counts as differences. A count that decreased adds nothing.
pub(super) fn record_counts(sampling: &mut Sampling, index: usize) {
    let Some(metrics) = sampling.metrics() else { return };
    let gpu = &mut sampling.gpus[index];
    let (reading, id) = (&gpu.reading, AttributeValue::from(gpu.info.id.clone()));
    let rows = [
        (metrics.remapped_rows.bind([id.clone(), "corrected".into()]), reading.remapped_rows_corrected),
        (metrics.remapped_rows.bind([id.clone(), "uncorrected".into()]), reading.remapped_rows_uncorrected),
        (metrics.pcie_replays.bind([id]), reading.pcie_replays),
    ];
    for ((series, now), before) in rows.into_iter().zip(&mut gpu.last_counts) {
        let Some(now) = now else { continue };
        // The first difference contains all counts since the driver was loaded.
        let increase = now.saturating_sub(before.replace(now).unwrap_or(0));
        series.add(u32::try_from(increase).unwrap_or(u32::MAX));
    }
}

/// Publishes the last readings and the totals of a device.
pub(super) fn publish_gpu(sampling: &Sampling, index: usize) {
    let (gpu, now) = (&sampling.gpus[index], sampling.now());
    let running = sampling.accounts.running_count();
    let totals = sampling.accounts.device_totals(index);
    let mut snapshot = sampling.snapshot.lock();
    let Some(device) = snapshot.devices.get_mut(index) else { return };
    device.report.reading.clone_from(&gpu.reading);
    let until = |call| gpu.fresh_until(call, &sampling.settings, running);
    device.report.state = gpu.state(now, until(DriverCall::ThrottleReasons).is_some_and(|until| now <= until));
    device.report.energy_source = gpu.energy_source();
    device.report.counter_period = gpu.meter.period().map(Duration::from_nanos);
    device.report.measured_joules = microjoules_to_joules(totals.measured);
    device.report.request_joules = microjoules_to_joules(totals.request);
    device.report.idle_joules = microjoules_to_joules(totals.idle);
    device.report.unattributed_joules = microjoules_to_joules(totals.unattributed);
    device.energy_joules = gpu.energy_source().map(|_| microjoules_to_joules(gpu.meter.monotonic_counter()));
    device.last_xid = gpu.last_xid;
    device.throttled_seconds = gpu.throttled_seconds();
    for call in DriverCall::ALL {
        let at = gpu.schedules[call.index()].answered_at;
        device.call_validity[call.index()] = at.zip(until(call));
        device.last_answered_at = device.last_answered_at.max(at);
    }
    if gpu.lost_retry.is_some() {
        // A lost device has no valid readings.
        device.call_validity.iter_mut().flatten().for_each(|(_, until)| *until = 0);
    }
}
