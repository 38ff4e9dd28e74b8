//! The samples of the observable rows, from the published snapshot.

use llmobs::catalog::Row;
use llmobs::companion;
use llmobs::companion::Sample;
use llmobs::companion::Source;

use super::snapshot::DeviceSnapshot;
use super::snapshot::SharedSnapshot;
use super::view_devices::view_devices;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::numbers::nanos_to_seconds;
use crate::numbers::to_f64;
use crate::report::DeviceState;
use crate::report::SamplerState;
use crate::throttle::ThrottleReason;

impl Source for SharedSnapshot {
    fn read(&self, row: &'static Row) -> Vec<Sample> {
        if self.is_closed() {
            return Vec::new();
        }
        match row.name {
            "llmobs.gpu.collector.status" => sampler_state_samples(self),
            "llmobs.engine.flops.utilization" | "llmobs.engine.memory_bandwidth.utilization" => {
                estimate_samples(self, row)
            }
            name => {
                let now = self.now();
                let snapshot = self.lock();
                let devices = snapshot.devices.iter().map(|device| DeviceRows { device, now });
                let samples = devices.flat_map(|rows| match name.strip_prefix("llmobs.gpu.") {
                    Some(suffix) => rows.llmobs_samples(suffix),
                    None => rows.semconv_samples(name),
                });
                samples.collect()
            }
        }
    }

    fn devices(&self) -> Vec<companion::Device> {
        if self.is_closed() { Vec::new() } else { view_devices(self) }
    }
}

/// A device at a moment, whose samples are read.
struct DeviceRows<'a> {
    device: &'a DeviceSnapshot,
    now: u64,
}

impl DeviceRows<'_> {
    /// Returns the samples of an llmobs row, by its name after `llmobs.gpu.`. Contains the device's id and few other
    /// attributes.
    fn llmobs_samples(&self, name: &str) -> Vec<Sample> {
        let reading = &self.device.report.reading;
        let with_id = |value: f64| Sample::new(value).attribute("hw.id", &self.device.attributes.id);
        let gauge = |call, value: Option<f64>| self.fresh_value(call, value).map(with_id).into_iter().collect();
        match name {
            "sampler.age" => self
                .device
                .last_answered_at
                .map(|at| with_id(nanos_to_seconds(self.now.saturating_sub(at))))
                .into_iter()
                .collect(),
            "memory.busy" => gauge(DriverCall::Utilization, reading.memory_busy),
            "memory.reserved" => gauge(DriverCall::Memory, reading.memory_reserved.map(to_f64)),
            "engine.active" => gauge(DriverCall::Activity, reading.engine_active),
            "sm.active" => gauge(DriverCall::Activity, reading.sm_active),
            "sm.occupancy" => gauge(DriverCall::Activity, reading.sm_occupancy),
            "tensor.active" => gauge(DriverCall::Activity, reading.tensor_active),
            "dram.active" => gauge(DriverCall::Activity, reading.dram_active),
            "power.instant" => gauge(DriverCall::Power, reading.power_instant),
            "power.limit" => gauge(DriverCall::PowerLimit, reading.power_limit),
            "clock.frequency" => {
                let domain = |domain: &'static str, value| {
                    let value = self.fresh_value(DriverCall::Clocks, value);
                    value.map(|value| with_id(value).attribute("llmobs.gpu.clock.domain", domain))
                };
                domain("sm", reading.clock_sm).into_iter().chain(domain("memory", reading.clock_memory)).collect()
            }
            "throttle.status" => self.throttle_samples(),
            "throttle.time" => {
                let times = ThrottleReason::ALL.into_iter().zip(self.device.throttled_seconds);
                let samples = times.filter_map(|(reason, time)| {
                    Some(with_id(time?).attribute("llmobs.gpu.throttle.reason", reason.as_str()))
                });
                samples.collect()
            }
            "nvlink.io" => {
                self.io_samples(DriverCall::NvlinkIo, reading.nvlink_sent, reading.nvlink_received, &with_id)
            }
            _ => Vec::new(),
        }
    }

    /// Returns the samples of a row of the OpenTelemetry hardware conventions.
    fn semconv_samples(&self, name: &str) -> Vec<Sample> {
        let Reading {
            utilization,
            encoder_utilization,
            decoder_utilization,
            memory_total,
            memory_used,
            memory_reserved,
            ..
        } = self.device.report.reading;
        let reading = &self.device.report.reading;
        let with_attributes = |value: f64| self.gpu_sample(value);
        let gauge = |value: Option<f64>| value.map(with_attributes).into_iter().collect();
        match name {
            "hw.gpu.utilization" => {
                let tasks = [
                    ("general", DriverCall::Utilization, utilization),
                    ("encoder", DriverCall::VideoEngines, encoder_utilization),
                    ("decoder", DriverCall::VideoEngines, decoder_utilization),
                ];
                let samples = tasks.into_iter().filter_map(|(task, call, value)| {
                    Some(with_attributes(self.fresh_value(call, value)?).attribute("hw.gpu.task", task))
                });
                samples.collect()
            }
            "hw.gpu.memory.usage" => gauge(self.fresh_value(DriverCall::Memory, memory_used.map(to_f64))),
            "hw.gpu.memory.limit" => gauge(self.fresh_value(DriverCall::Memory, memory_total.map(to_f64))),
            "hw.gpu.memory.utilization" => {
                let usable = memory_total.map(|total| to_f64(total.saturating_sub(memory_reserved.unwrap_or(0))));
                let ratio = memory_used.map(to_f64).zip(usable).map(|(used, usable)| used / usable);
                gauge(self.fresh_value(DriverCall::Memory, ratio))
            }
            "hw.gpu.io" => {
                self.io_samples(DriverCall::PcieIo, reading.pcie_sent, reading.pcie_received, &with_attributes)
            }
            "hw.energy" => self.device.energy_joules.map(|joules| self.hw_sample(joules)).into_iter().collect(),
            "hw.power" => {
                let power = self.fresh_value(DriverCall::Power, reading.power);
                power.map(|watts| self.hw_sample(watts)).into_iter().collect()
            }
            "hw.errors" => {
                let kinds = [("corrected", reading.ecc_corrected), ("uncorrected", reading.ecc_uncorrected)];
                let answered = kinds.into_iter().filter(|_| self.device.has_been_answered(DriverCall::Ecc));
                answered
                    .filter_map(|(kind, count)| Some(self.hw_sample(to_f64(count?)).attribute("error.type", kind)))
                    .collect()
            }
            "hw.status" => {
                let state_sample = |state: DeviceState| {
                    let value = f64::from(u8::from(state == self.device.report.state));
                    self.hw_sample(value).attribute("hw.state", state.as_str())
                };
                DeviceState::ALL.into_iter().map(state_sample).collect()
            }
            "hw.temperature" => {
                let sensors = [
                    ("gpu", &self.device.attributes.gpu_sensor_id, reading.temperature),
                    ("memory", &self.device.attributes.memory_sensor_id, reading.temperature_memory),
                ];
                let samples = sensors.into_iter().filter_map(|(location, id, value)| {
                    let value = self.fresh_value(DriverCall::Temperature, value)?;
                    let sample =
                        Sample::new(value).attribute("hw.id", id).attribute("hw.parent", &self.device.attributes.id);
                    Some(sample.attribute("hw.sensor_location", location))
                });
                samples.collect()
            }
            "hw.temperature.limit" => {
                let limits =
                    [("high.degraded", reading.temperature_degraded), ("high.critical", reading.temperature_critical)];
                let samples = limits.into_iter().filter_map(|(limit, value)| {
                    let value = self.fresh_value(DriverCall::TemperatureLimit, value)?;
                    let sample = Sample::new(value).attribute("hw.id", &self.device.attributes.gpu_sensor_id);
                    let sample = sample
                        .attribute("hw.parent", &self.device.attributes.id)
                        .attribute("hw.sensor_location", "gpu");
                    Some(sample.attribute("hw.limit_type", limit))
                });
                samples.collect()
            }
            _ => Vec::new(),
        }
    }

    fn fresh_value(&self, call: DriverCall, value: Option<f64>) -> Option<f64> {
        value.filter(|_| self.device.is_fresh(call, self.now))
    }

    fn throttle_samples(&self) -> Vec<Sample> {
        let Some(throttle) = self
            .device
            .report
            .reading
            .throttle_reasons
            .filter(|_| self.device.is_fresh(DriverCall::ThrottleReasons, self.now))
        else {
            return Vec::new();
        };
        let reason_sample = |reason: ThrottleReason| {
            let sample = Sample::new(f64::from(u8::from(throttle.contains(reason))))
                .attribute("hw.id", &self.device.attributes.id);
            sample.attribute("llmobs.gpu.throttle.reason", reason.as_str())
        };
        ThrottleReason::ALL.into_iter().map(reason_sample).collect()
    }

    fn io_samples(
        &self,
        call: DriverCall,
        sent: Option<u64>,
        received: Option<u64>,
        sample: &impl Fn(f64) -> Sample,
    ) -> Vec<Sample> {
        let directions =
            [("transmit", sent), ("receive", received)].into_iter().filter(|_| self.device.has_been_answered(call));
        let samples = directions
            .filter_map(|(direction, bytes)| Some(sample(to_f64(bytes?)).attribute("network.io.direction", direction)));
        samples.collect()
    }

    /// Returns a sample with all attributes that the conventions recommend for `hw.gpu.*`, in the row's order.
    fn gpu_sample(&self, value: f64) -> Sample {
        let attributes = &self.device.attributes;
        let sample = Sample::new(value).attribute("hw.id", &attributes.id).attribute("hw.name", &attributes.name);
        let mut sample = sample.attribute("hw.vendor", &attributes.vendor);
        let optional = [
            ("hw.model", &attributes.model),
            ("hw.parent", &attributes.parent),
            ("hw.driver_version", &attributes.driver_version),
            ("hw.firmware_version", &attributes.firmware_version),
            ("hw.serial_number", &attributes.serial_number),
        ];
        for (name, attribute) in optional {
            if let Some(attribute) = attribute {
                sample = sample.attribute(name, attribute);
            }
        }
        sample
    }

    /// Returns a sample with the attributes that the conventions require for all hardware.
    fn hw_sample(&self, value: f64) -> Sample {
        let mut sample = Sample::new(value)
            .attribute("hw.id", &self.device.attributes.id)
            .attribute("hw.name", &self.device.attributes.name);
        if let Some(parent) = &self.device.attributes.parent {
            sample = sample.attribute("hw.parent", parent);
        }
        sample.attribute("hw.type", "gpu")
    }
}

fn sampler_state_samples(shared: &SharedSnapshot) -> Vec<Sample> {
    let current = shared.sampler_state();
    let state_sample = |state: SamplerState| {
        Sample::new(f64::from(u8::from(state == current))).attribute("llmobs.collector.state", state.as_str())
    };
    SamplerState::ALL.into_iter().map(state_sample).collect()
}

fn estimate_samples(shared: &SharedSnapshot, row: &Row) -> Vec<Sample> {
    let snapshot = shared.lock();
    let samples = snapshot.engines.iter().filter_map(|engine| {
        let value = if row.name.contains("flops") { engine.flops_utilization } else { engine.bandwidth_utilization };
        let sample = Sample::new(value?).attribute("gen_ai.request.model", &engine.model);
        Some(sample.attribute("llmobs.engine.id", &engine.engine_id))
    });
    samples.collect()
}
