//! Values computed from devices and operations together: estimates of utilization, idle GPUs beside a queue, and the
//! time until memory is full.

use std::collections::HashMap;
use std::collections::HashSet;
use std::time::Duration;

use llmobs::metric::AttributeValue;

use super::gpu::SampledGpu;
use super::sampling::Sampling;
use super::snapshot::EngineEstimates;
use super::snapshot::SharedSnapshot;
use super::tracked_operation::TrackedOperation;
use crate::backend::DriverCall;
use crate::numbers::nanos_to_seconds;
use crate::numbers::to_f64;
use crate::roofline;
use crate::roofline::ModelSize;
use crate::roofline::ModelWork;

/// The work since the last estimate, and the state for the next one. Moments are in nanoseconds.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    due_at: u64,
    updated_at: u64,
    work: HashMap<String, ModelWork>,
    /// Number of consecutive windows in which operations of a model waited while its devices were idle, by model. A
    /// model without such a window is absent.
    starved_windows: HashMap<String, u32>,
}

/// The utilization below which a device counts as idle.
const IDLE_UTILIZATION: f64 = 0.2;

/// The window of the memory trend in nanoseconds.
const MEMORY_HISTORY_WINDOW: u64 = 30_000_000_000;

impl Estimates {
    pub(super) fn new(models: &[ModelSize], snapshot: &SharedSnapshot) -> Self {
        snapshot.lock().engines = models
            .iter()
            .map(|size| EngineEstimates {
                model: size.model.clone().into(),
                engine_id: size.engine_id.clone().into(),
                flops_utilization: None,
                bandwidth_utilization: None,
            })
            .collect();
        Self { work: models.iter().map(|size| (size.model.clone(), ModelWork::default())).collect(), ..Self::default() }
    }

    /// Adds the work of an operation since the last call: its new tokens, and the reads of weights and cache for them.
    pub(super) fn count_work(&mut self, tracked: &mut TrackedOperation) {
        let Some(work) = self.work.get_mut(tracked.operation.model()) else { return };
        let input = tracked.operation.input_tokens().unwrap_or(0);
        if tracked.is_prefilled && !tracked.is_input_counted && input > 0 {
            tracked.is_input_counted = true;
            work.tokens += to_f64(input);
        }
        let output = tracked.operation.output_tokens();
        let new_tokens = to_f64(output.saturating_sub(tracked.counted_output_tokens));
        tracked.counted_output_tokens = output.max(tracked.counted_output_tokens);
        work.tokens += new_tokens;
        // Each step generates one token per sequence, so the fastest sequence bounds the number of steps from below.
        work.weight_reads = work.weight_reads.max(new_tokens);
        work.context_tokens += new_tokens * to_f64(input + output);
    }

    /// Updates the estimates if they are due.
    pub(super) fn update(&mut self, sampling: &mut Sampling, now: u64) {
        if now < self.due_at {
            return;
        }
        let window = now.saturating_sub(std::mem::replace(&mut self.updated_at, now));
        self.due_at = now + sampling.settings.normal_interval;
        if window == now {
            return;
        }
        self.update_utilization(sampling, window);
        self.record_starvation(sampling, window, now);
        for (index, gpu) in sampling.gpus.iter_mut().enumerate() {
            publish_memory_forecast(&sampling.snapshot, index, gpu, now);
        }
    }

    fn update_utilization(&mut self, sampling: &mut Sampling, window: u64) {
        if self.work.is_empty() {
            return;
        }
        for (tracked, _) in sampling.accounts.in_flight() {
            self.count_work(tracked);
        }
        for (index, size) in sampling.settings.model_sizes.iter().enumerate() {
            let devices = sampling.device_mask(&size.model);
            let peak = |peak_of: fn(&crate::DeviceInfo) -> Option<u64>| {
                sampling
                    .gpus_in(devices)
                    .map(|gpu| peak_of(&gpu.info).map(to_f64))
                    .sum::<Option<f64>>()
                    .filter(|peak| *peak > 0.0)
            };
            let work = self.work.get(&size.model).copied().unwrap_or_default();
            let work = ModelWork { seconds: nanos_to_seconds(window), ..work };
            let flops = peak(|info| info.peak_flops).and_then(|peak| roofline::flops_utilization(size, &work, peak));
            let bandwidth = peak(|info| info.peak_bytes_per_second)
                .and_then(|peak| roofline::bandwidth_utilization(size, &work, peak));
            if let Some(engine) = sampling.snapshot.lock().engines.get_mut(index) {
                (engine.flops_utilization, engine.bandwidth_utilization) = (flops, bandwidth);
            }
        }
        self.work.values_mut().for_each(|work| *work = ModelWork::default());
    }

    /// Records, for each model, the time in which its operations waited while its devices were idle, for at least two
    /// consecutive windows.
    fn record_starvation(&mut self, sampling: &mut Sampling, window: u64, now: u64) {
        let waiting = sampling.accounts.in_flight().filter(|(tracked, _)| tracked.is_queued);
        let waiting: HashSet<String> = waiting.map(|(tracked, _)| tracked.operation.model().to_owned()).collect();
        self.starved_windows.retain(|model, _| waiting.contains(model));
        for model in waiting {
            if !are_devices_idle(sampling, &model, now) {
                self.starved_windows.remove(&model);
                continue;
            }
            let starved = self.starved_windows.entry(model.clone()).or_default();
            *starved = starved.saturating_add(1);
            // The first window is added once the second has confirmed it.
            let windows = match *starved {
                0 | 1 => continue,
                2 => 2.0,
                _ => 1.0,
            };
            let size = sampling.settings.model_sizes.iter().find(|size| size.model == model);
            let engine = size.map_or_else(|| AttributeValue::from("0"), |size| size.engine_id.clone().into());
            if let Some(metrics) = sampling.metrics() {
                let series = metrics.engine_starved.bind([model.into(), engine, "gpu_idle".into()]);
                series.add(windows * nanos_to_seconds(window));
            }
        }
    }
}

/// Returns whether the devices of a model have fresh readings and all are idle.
fn are_devices_idle(sampling: &Sampling, model: &str, now: u64) -> bool {
    let running = sampling.accounts.running_count();
    let fresh = |gpu: &SampledGpu, call, value: Option<f64>| {
        value.filter(|_| gpu.fresh_until(call, &sampling.settings, running).is_some_and(|until| now <= until))
    };
    // A GPU with MIG instances reports no utilization, but possibly the activity of its engines.
    let busy = |gpu: &SampledGpu| {
        let utilization = fresh(gpu, DriverCall::Utilization, gpu.reading.utilization);
        utilization.or_else(|| fresh(gpu, DriverCall::Activity, gpu.reading.engine_active))
    };
    let busy: Vec<_> = sampling.gpus_in(sampling.device_mask(model)).map(busy).collect();
    !busy.is_empty() && busy.iter().all(|value| value.is_some_and(|value| value < IDLE_UTILIZATION))
}

/// Publishes the time until a device's memory is full.
fn publish_memory_forecast(snapshot: &SharedSnapshot, index: usize, gpu: &mut SampledGpu, now: u64) {
    let full_in = forecast_memory_full(gpu, now);
    if let Some(device) = snapshot.lock().devices.get_mut(index) {
        device.report.memory_full_in = full_in;
    }
}

/// Returns the time until a device's memory is full at the current rate of growth; `None` if memory does not grow or its
/// size is unknown, or for one day or more.
fn forecast_memory_full(gpu: &mut SampledGpu, now: u64) -> Option<Duration> {
    let (used, total) = (gpu.reading.memory_used?, gpu.reading.memory_total?);
    let at = gpu.schedules[DriverCall::Memory.index()].answered_at?;
    if gpu.memory_history.last().is_none_or(|(last, _)| *last < at) {
        gpu.memory_history.push((at, used));
    }
    gpu.memory_history.retain(|(at, _)| now.saturating_sub(*at) <= MEMORY_HISTORY_WINDOW);
    let free = to_f64(total.saturating_sub(used).saturating_sub(gpu.reading.memory_reserved.unwrap_or(0)));
    let full_in = median_slope(&gpu.memory_history).filter(|slope| *slope > 0.0).map(|slope| free / slope);
    full_in.filter(|seconds| *seconds < 86_400.0).map(Duration::from_secs_f64)
}

/// Returns the growth in bytes per second: the median slope of all pairs of readings (Theil-Sen), which is robust to
/// single jumps. A reading is a moment in nanoseconds and a number of bytes. Returns `None` for fewer than 10 readings.
fn median_slope(readings: &[(u64, u64)]) -> Option<f64> {
    // Too few readings for a trend.
    if readings.len() < 10 {
        return None;
    }
    let pairs = readings.iter().enumerate().flat_map(|(index, earlier)| {
        readings[index + 1..].iter().map(move |later| {
            (to_f64(later.1) - to_f64(earlier.1)) / nanos_to_seconds(later.0.saturating_sub(earlier.0)).max(1e-9)
        })
    });
    let mut slopes: Vec<f64> = pairs.collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied()
}
