//! The samples of the observable rows, from the published snapshot.

use llmobs::catalog::Row;
use llmobs::companion;
use llmobs::companion::Sample;
use llmobs::companion::Source;

use super::snapshot::DeviceSnapshot;
use super::snapshot::SharedSnapshot;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::report::DeviceState;
use crate::report::SamplerState;
use crate::throttle::ThrottleReason;

impl Source for SharedSnapshot {
    fn read(&self, row: &'static Row) -> Vec<Sample> {
        if self.is_closed() {
            return Vec::new();
        }
        match row.name {
            "llmobs.gpu.collector.status" => self.status(),
            "llmobs.engine.flops.utilization" | "llmobs.engine.memory_bandwidth.utilization" => self.estimates(row),
            name => {
                let now = self.now();
                let state = self.lock();
                let each = state.devices.iter().flat_map(|device| match name.strip_prefix("llmobs.gpu.") {
                    Some(own) => device.llmobs_samples(own, now),
                    None => device.standard(name, now),
                });
                each.collect()
            }
        }
    }

    fn devices(&self) -> Vec<companion::Device> {
        if self.is_closed() { Vec::new() } else { self.named() }
    }
}

impl SharedSnapshot {
    fn status(&self) -> Vec<Sample> {
        let now = self.collector();
        let one = |state: SamplerState| {
            Sample::new(f64::from(u8::from(state == now))).with("llmobs.collector.state", state.as_str())
        };
        SamplerState::ALL.into_iter().map(one).collect()
    }

    fn estimates(&self, row: &Row) -> Vec<Sample> {
        let state = self.lock();
        let engines = state.engines.iter().filter_map(|engine| {
            let value = if row.name.contains("flops") { engine.flops } else { engine.bandwidth };
            let sample = Sample::new(value?).with("gen_ai.request.model", &engine.model);
            Some(sample.with("llmobs.engine.id", &engine.id))
        });
        engines.collect()
    }
}

impl DeviceSnapshot {
    /// Returns the samples of an llmobs row, by its name after `llmobs.gpu.`. Contains the device's id and few other
    /// attributes.
    fn llmobs_samples(&self, name: &str, now: u64) -> Vec<Sample> {
        let reading = &self.report.reading;
        let with_id = |value: f64| Sample::new(value).with("hw.id", &self.attributes.id);
        let gauge = |call, value: Option<f64>| self.gauge(call, value, now).map(with_id).into_iter().collect();
        match name {
            "sampler.age" => self.answered.map(|at| with_id(seconds(now.saturating_sub(at)))).into_iter().collect(),
            "memory.busy" => gauge(DriverCall::Utilization, reading.memory_busy),
            "memory.reserved" => gauge(DriverCall::Memory, reading.memory_reserved.map(real)),
            "engine.active" => gauge(DriverCall::Activity, reading.engine_active),
            "sm.active" => gauge(DriverCall::Activity, reading.sm_active),
            "sm.occupancy" => gauge(DriverCall::Activity, reading.sm_occupancy),
            "tensor.active" => gauge(DriverCall::Activity, reading.tensor_active),
            "dram.active" => gauge(DriverCall::Activity, reading.dram_active),
            "power.instant" => gauge(DriverCall::Power, reading.power_instant),
            "power.limit" => gauge(DriverCall::PowerLimit, reading.power_limit),
            "clock.frequency" => {
                let domain = |domain: &'static str, value| {
                    let value = self.gauge(DriverCall::Clocks, value, now);
                    value.map(|value| with_id(value).with("llmobs.gpu.clock.domain", domain))
                };
                domain("sm", reading.clock_sm).into_iter().chain(domain("memory", reading.clock_memory)).collect()
            }
            "throttle.status" => self.throttle(now),
            "throttle.time" => {
                let times = ThrottleReason::ALL.into_iter().zip(self.throttled);
                let known = times.filter_map(|(reason, time)| {
                    Some(with_id(time?).with("llmobs.gpu.throttle.reason", reason.as_str()))
                });
                known.collect()
            }
            "nvlink.io" => self.directions(DriverCall::NvlinkIo, reading.links_sent, reading.links_received, &with_id),
            _ => Vec::new(),
        }
    }

    /// Returns the samples of a row of the OpenTelemetry hardware conventions.
    fn standard(&self, name: &str, now: u64) -> Vec<Sample> {
        let Reading { utilization, encoder, decoder, memory_total, memory_used, memory_reserved, .. } =
            self.report.reading;
        let reading = &self.report.reading;
        let whole = |value: f64| self.gpu_sample(value);
        let one = |value: Option<f64>| value.map(whole).into_iter().collect();
        match name {
            "hw.gpu.utilization" => {
                let tasks = [
                    ("general", DriverCall::Utilization, utilization),
                    ("encoder", DriverCall::VideoEngines, encoder),
                    ("decoder", DriverCall::VideoEngines, decoder),
                ];
                let known = tasks.into_iter().filter_map(|(task, call, value)| {
                    Some(whole(self.gauge(call, value, now)?).with("hw.gpu.task", task))
                });
                known.collect()
            }
            "hw.gpu.memory.usage" => one(self.gauge(DriverCall::Memory, memory_used.map(real), now)),
            "hw.gpu.memory.limit" => one(self.gauge(DriverCall::Memory, memory_total.map(real), now)),
            "hw.gpu.memory.utilization" => {
                let usable = memory_total.map(|total| real(total.saturating_sub(memory_reserved.unwrap_or(0))));
                let share = memory_used.map(real).zip(usable).map(|(used, usable)| used / usable);
                one(self.gauge(DriverCall::Memory, share, now))
            }
            "hw.gpu.io" => self.directions(DriverCall::PcieIo, reading.io_sent, reading.io_received, &whole),
            "hw.energy" => self.energy.map(|joules| self.typed(joules)).into_iter().collect(),
            "hw.power" => {
                let power = self.gauge(DriverCall::Power, reading.power, now);
                power.map(|watts| self.typed(watts)).into_iter().collect()
            }
            "hw.errors" => {
                let kinds = [("corrected", reading.ecc_corrected), ("uncorrected", reading.ecc_uncorrected)];
                let known = kinds.into_iter().filter(|_| self.counted(DriverCall::Ecc));
                known.filter_map(|(kind, count)| Some(self.typed(real(count?)).with("error.type", kind))).collect()
            }
            "hw.status" => {
                let one = |state: DeviceState| {
                    let is = f64::from(u8::from(state == self.report.state));
                    self.typed(is).with("hw.state", state.as_str())
                };
                DeviceState::ALL.into_iter().map(one).collect()
            }
            "hw.temperature" => {
                let sensors = [
                    ("gpu", &self.attributes.id_gpu, reading.temperature),
                    ("memory", &self.attributes.id_memory, reading.temperature_memory),
                ];
                let known = sensors.into_iter().filter_map(|(place, id, value)| {
                    let value = self.gauge(DriverCall::Temperature, value, now)?;
                    let sample = Sample::new(value).with("hw.id", id).with("hw.parent", &self.attributes.id);
                    Some(sample.with("hw.sensor_location", place))
                });
                known.collect()
            }
            "hw.temperature.limit" => {
                let limits =
                    [("high.degraded", reading.temperature_degraded), ("high.critical", reading.temperature_critical)];
                let known = limits.into_iter().filter_map(|(limit, value)| {
                    let value = self.gauge(DriverCall::TemperatureLimit, value, now)?;
                    let sample = Sample::new(value).with("hw.id", &self.attributes.id_gpu);
                    let sample = sample.with("hw.parent", &self.attributes.id).with("hw.sensor_location", "gpu");
                    Some(sample.with("hw.limit_type", limit))
                });
                known.collect()
            }
            _ => Vec::new(),
        }
    }

    fn gauge(&self, call: DriverCall, value: Option<f64>, now: u64) -> Option<f64> {
        value.filter(|_| self.holds(call, now))
    }

    fn throttle(&self, now: u64) -> Vec<Sample> {
        let Some(throttle) = self.report.reading.throttle.filter(|_| self.holds(DriverCall::ThrottleReasons, now))
        else {
            return Vec::new();
        };
        let one = |reason: ThrottleReason| {
            let sample = Sample::new(f64::from(u8::from(throttle.contains(reason)))).with("hw.id", &self.attributes.id);
            sample.with("llmobs.gpu.throttle.reason", reason.as_str())
        };
        ThrottleReason::ALL.into_iter().map(one).collect()
    }

    fn directions(
        &self,
        call: DriverCall,
        sent: Option<u64>,
        received: Option<u64>,
        sample: &impl Fn(f64) -> Sample,
    ) -> Vec<Sample> {
        let both = [("transmit", sent), ("receive", received)].into_iter().filter(|_| self.counted(call));
        let known =
            both.filter_map(|(direction, bytes)| Some(sample(real(bytes?)).with("network.io.direction", direction)));
        known.collect()
    }

    /// Returns a sample with all attributes that the conventions recommend for `hw.gpu.*`, in the row's order.
    fn gpu_sample(&self, value: f64) -> Sample {
        let words = &self.attributes;
        let sample = Sample::new(value).with("hw.id", &words.id).with("hw.name", &words.name);
        let mut sample = sample.with("hw.vendor", &words.vendor);
        let more = [
            ("hw.model", &words.model),
            ("hw.parent", &words.parent),
            ("hw.driver_version", &words.driver),
            ("hw.firmware_version", &words.firmware),
            ("hw.serial_number", &words.serial),
        ];
        for (name, word) in more {
            if let Some(word) = word {
                sample = sample.with(name, word);
            }
        }
        sample
    }

    /// Returns a sample with the attributes that the conventions require for all hardware.
    fn typed(&self, value: f64) -> Sample {
        let mut sample = Sample::new(value).with("hw.id", &self.attributes.id).with("hw.name", &self.attributes.name);
        if let Some(parent) = &self.attributes.parent {
            sample = sample.with("hw.parent", parent);
        }
        sample.with("hw.type", "gpu")
    }
}

#[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
const fn real(value: u64) -> f64 {
    value as f64
}

fn seconds(nanos: u64) -> f64 {
    real(nanos) / 1e9
}
