//! Values computed from devices and operations together: estimates of utilization, idle GPUs beside a queue, and the
//! time until memory is full.

use std::collections::HashMap;

use llmobs::companion::AttributeValue;

use super::gpu::SampledGpu;
use super::recording::seconds;
use super::snapshot::EngineEstimates;
use super::snapshot::SharedSnapshot;
use super::worker::TrackedOperation;
use super::worker::Worker;
use crate::backend::DriverCall;
use crate::roofline;
use crate::roofline::ModelSize;
use crate::roofline::ModelWork;

/// The work since the last estimate, and the state for the next one.
#[derive(Debug, Default)]
pub(super) struct Estimates {
    due: u64,
    looked: u64,
    work: HashMap<String, ModelWork>,
    /// Number of consecutive windows in which operations waited while the devices were idle.
    hungry: u32,
}

/// The utilization below which a device counts as idle.
const IDLE: f64 = 0.2;

/// The window of the memory trend in nanoseconds.
const FILLED: u64 = 30_000_000_000;

impl Estimates {
    pub(super) fn new(models: &[ModelSize], board: &SharedSnapshot) -> Self {
        board.lock().engines = models
            .iter()
            .map(|size| EngineEstimates {
                model: size.model.clone().into(),
                id: size.engine.clone().into(),
                flops: None,
                bandwidth: None,
            })
            .collect();
        Self { work: models.iter().map(|size| (size.model.clone(), ModelWork::default())).collect(), ..Self::default() }
    }

    /// Adds the tokens of an operation since the last call.
    pub(super) fn count(&mut self, known: &mut TrackedOperation) {
        let Some(work) = self.work.get_mut(known.followed.model()) else { return };
        let input = known.followed.input_tokens().unwrap_or(0);
        if known.prefilled && !known.counted_input && input > 0 {
            known.counted_input = true;
            work.tokens += real(input);
        }
        let output = known.followed.output_tokens();
        let more = real(output.saturating_sub(known.counted));
        known.counted = output.max(known.counted);
        work.tokens += more;
        // Each step generates one token per sequence, so the fastest sequence bounds the number of steps from below.
        work.steps = work.steps.max(more);
        work.context += more * real(input + output);
    }
}

impl Worker {
    pub(super) fn derive(&mut self, now: u64) {
        if now < self.derived.due {
            return;
        }
        let window = now.saturating_sub(std::mem::replace(&mut self.derived.looked, now));
        self.derived.due = now + self.settings.normal;
        if window == now {
            return;
        }
        self.estimate(window);
        self.hunger(window, now);
        (0..self.gpus.len()).for_each(|index| self.fill(index, now));
    }

    fn estimate(&mut self, window: u64) {
        if self.derived.work.is_empty() {
            return;
        }
        for (known, _) in self.accounts.in_flight() {
            self.derived.count(known);
        }
        for (place, size) in self.settings.models.iter().enumerate() {
            let devices = self.devices_of(&size.model);
            let peak = |of: fn(&crate::DeviceInfo) -> Option<u64>| {
                self.on(devices).map(|gpu| of(&gpu.info).map(real)).sum::<Option<f64>>().filter(|peak| *peak > 0.0)
            };
            let work = self.derived.work.get(&size.model).copied().unwrap_or_default();
            let work = ModelWork { seconds: seconds(window), ..work };
            let flops = peak(|info| info.peak_flops).and_then(|peak| roofline::flops_utilization(size, &work, peak));
            let bandwidth = peak(|info| info.peak_bytes_per_second)
                .and_then(|peak| roofline::bandwidth_utilization(size, &work, peak));
            if let Some(engine) = self.board.lock().engines.get_mut(place) {
                (engine.flops, engine.bandwidth) = (flops, bandwidth);
            }
        }
        self.derived.work.values_mut().for_each(|work| *work = ModelWork::default());
    }

    /// Records time in which operations waited while the devices were idle, for at least two consecutive windows.
    fn hunger(&mut self, window: u64, now: u64) {
        let waiting = self.accounts.in_flight().find(|(known, _)| known.queued);
        let model = waiting.map(|(known, _)| known.followed.model().to_owned());
        let Some(model) = model else {
            self.derived.hungry = 0;
            return;
        };
        let devices = self.devices_of(&model);
        let running = self.accounts.running_count();
        let said = |gpu: &SampledGpu, call, share: Option<f64>| {
            share.filter(|_| gpu.holds_until(call, &self.settings, running).is_some_and(|until| now <= until))
        };
        // A GPU with MIG instances reports no utilization, but possibly the activity of its engines.
        let busy = |gpu: &SampledGpu| {
            let utilization = said(gpu, DriverCall::Utilization, gpu.reading.utilization);
            utilization.or_else(|| said(gpu, DriverCall::Activity, gpu.reading.engine_active))
        };
        let busy: Vec<_> = self.on(devices).map(busy).collect();
        let idle = !busy.is_empty() && busy.iter().all(|share| share.is_some_and(|share| share < IDLE));
        self.derived.hungry = if idle { self.derived.hungry + 1 } else { 0 };
        if self.derived.hungry < 2 {
            return;
        }
        let engine = self.settings.models.iter().find(|size| size.model == model).map(|size| size.engine.clone());
        let attributes = [
            ("gen_ai.request.model", AttributeValue::from(model)),
            ("llmobs.engine.id", engine.map_or_else(|| AttributeValue::from("0"), AttributeValue::from)),
            ("llmobs.starved.cause", AttributeValue::from("gpu_idle")),
        ];
        // The first window is added once the second has confirmed it.
        let windows = if self.derived.hungry == 2 { 2.0 } else { 1.0 };
        self.recorder.add("llmobs.engine.starved.time", &attributes, windows * seconds(window));
    }

    /// Computes the time until a device's memory is full at the current rate of growth.
    fn fill(&mut self, index: usize, now: u64) {
        let gpu = &mut self.gpus[index];
        let (Some(used), Some(total)) = (gpu.reading.memory_used, gpu.reading.memory_total) else { return };
        let Some(at) = gpu.paces[DriverCall::Memory.index()].answered else { return };
        if gpu.fills.last().is_none_or(|(last, _)| *last < at) {
            gpu.fills.push((at, used));
        }
        gpu.fills.retain(|(at, _)| now.saturating_sub(*at) <= FILLED);
        let free = real(total.saturating_sub(used).saturating_sub(gpu.reading.memory_reserved.unwrap_or(0)));
        let full_in = slope(&gpu.fills).filter(|slope| *slope > 0.0).map(|slope| free / slope);
        let full_in = full_in.filter(|seconds| *seconds < 86_400.0).map(std::time::Duration::from_secs_f64);
        if let Some(device) = self.board.lock().devices.get_mut(index) {
            device.report.memory_full_in = full_in;
        }
    }
}

/// Returns the growth in bytes per second: the median slope of all pairs (Theil-Sen), which is robust to single jumps.
/// Returns `None` for fewer than 10 readings.
fn slope(fills: &[(u64, u64)]) -> Option<f64> {
    // Too few readings for a trend.
    if fills.len() < 10 {
        return None;
    }
    let pairs = fills.iter().enumerate().flat_map(|(place, earlier)| {
        fills[place + 1..]
            .iter()
            .map(move |later| (real(later.1) - real(earlier.1)) / seconds(later.0.saturating_sub(earlier.0)).max(1e-9))
    });
    let mut slopes: Vec<f64> = pairs.collect();
    slopes.sort_by(f64::total_cmp);
    slopes.get(slopes.len() / 2).copied()
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
const fn real(value: u64) -> f64 {
    value as f64
}
