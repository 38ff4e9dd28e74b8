//! The values of the observable metrics, from the published snapshot.

use std::sync::Arc;

use llmobs::companion::Device;
use llmobs::companion::DeviceSource;
use llmobs::metric::AttributeValue;
use llmobs::metric::Sample;

use super::snapshot::DeviceSnapshot;
use super::snapshot::EngineEstimates;
use super::snapshot::SharedSnapshot;
use super::view_devices::view_devices;
use crate::backend::DriverCall;
use crate::backend::Reading;
use crate::numbers::nanos_to_seconds;
use crate::numbers::to_f64;
use crate::report::DeviceState;
use crate::report::SamplerState;
use crate::throttle::ThrottleReason;

/// The source of the observable metrics, which has no samples and no devices after the sampler stopped. The sampler owns
/// it alone, so that its metrics can be registered again after it
/// stops, even if a hanging thread still holds the snapshot.
#[derive(Debug)]
pub(super) struct SnapshotSource(Arc<SharedSnapshot>);

impl SnapshotSource {
    pub(super) const fn new(snapshot: Arc<SharedSnapshot>) -> Self {
        Self(snapshot)
    }

    /// Returns the samples that `read` returns for each device.
    pub(super) fn device_samples<const N: usize>(
        &self,
        read: impl Fn(&DeviceReader<'_>) -> Vec<Sample<N>>,
    ) -> Vec<Sample<N>> {
        if self.0.is_closed() {
            return Vec::new();
        }
        let now = self.0.now();
        let snapshot = self.0.lock();
        snapshot.devices.iter().flat_map(|device| read(&DeviceReader { device, now })).collect()
    }

    /// Returns 1 for the state that the sampler is in, and 0 for each other state.
    pub(super) fn sampler_states(&self) -> Vec<Sample<1>> {
        if self.0.is_closed() {
            return Vec::new();
        }
        let current = self.0.sampler_state();
        let sample = |state: SamplerState| Sample::new(f64::from(u8::from(state == current)), [state.as_str().into()]);
        SamplerState::ALL.into_iter().map(sample).collect()
    }

    /// Returns an estimate for each engine that has one.
    pub(super) fn estimates(&self, estimate: impl Fn(&EngineEstimates) -> Option<f64>) -> Vec<Sample<2>> {
        if self.0.is_closed() {
            return Vec::new();
        }
        let snapshot = self.0.lock();
        let samples = snapshot.engines.iter().filter_map(|engine| {
            Some(Sample::new(estimate(engine)?, [(&engine.model).into(), (&engine.engine_id).into()]))
        });
        samples.collect()
    }
}

impl DeviceSource for SnapshotSource {
    fn devices(&self) -> Vec<Device> {
        if self.0.is_closed() { Vec::new() } else { view_devices(&self.0) }
    }
}

/// A device at a moment, whose samples are read.
pub(super) struct DeviceReader<'a> {
    device: &'a DeviceSnapshot,
    now: u64,
}

impl DeviceReader<'_> {
    pub(super) fn status(&self) -> Vec<Sample<5>> {
        let sample = |state: DeviceState| {
            let value = f64::from(u8::from(state == self.device.report.state));
            Sample::new(value, self.hw_attributes_with(state.as_str()))
        };
        DeviceState::ALL.into_iter().map(sample).collect()
    }

    pub(super) fn errors(&self) -> Vec<Sample<5>> {
        let reading = self.reading();
        let kinds = [("corrected", reading.ecc_corrected), ("uncorrected", reading.ecc_uncorrected)];
        let answered = kinds.into_iter().filter(|_| self.device.has_been_answered(DriverCall::Ecc));
        answered.filter_map(|(kind, count)| Some(Sample::new(to_f64(count?), self.hw_attributes_with(kind)))).collect()
    }

    pub(super) fn utilization(&self) -> Vec<Sample<9>> {
        let reading = self.reading();
        let tasks = [
            ("general", DriverCall::Utilization, reading.utilization),
            ("encoder", DriverCall::VideoEngines, reading.encoder_utilization),
            ("decoder", DriverCall::VideoEngines, reading.decoder_utilization),
        ];
        let samples = tasks.into_iter().filter_map(|(task, call, value)| {
            Some(Sample::new(self.fresh_value(call, value)?, self.gpu_attributes_with(task)))
        });
        samples.collect()
    }

    pub(super) fn memory_usage(&self) -> Vec<Sample<8>> {
        self.gpu_gauge(DriverCall::Memory, self.reading().memory_used.map(to_f64))
    }

    pub(super) fn memory_limit(&self) -> Vec<Sample<8>> {
        self.gpu_gauge(DriverCall::Memory, self.reading().memory_total.map(to_f64))
    }

    pub(super) fn memory_utilization(&self) -> Vec<Sample<8>> {
        let Reading { memory_total, memory_used, memory_reserved, .. } = *self.reading();
        let usable = memory_total.map(|total| to_f64(total.saturating_sub(memory_reserved.unwrap_or(0))));
        let ratio = memory_used.map(to_f64).zip(usable).filter(|(_, usable)| *usable > 0.0);
        self.gpu_gauge(DriverCall::Memory, ratio.map(|(used, usable)| used / usable))
    }

    pub(super) fn pcie_io(&self) -> Vec<Sample<9>> {
        let (sent, received) = (self.reading().pcie_sent, self.reading().pcie_received);
        self.io_samples(DriverCall::PcieIo, sent, received, |direction| self.gpu_attributes_with(direction))
    }

    pub(super) fn energy(&self) -> Vec<Sample<4>> {
        self.device.energy_joules.map(|joules| Sample::new(joules, self.hw_attributes())).into_iter().collect()
    }

    pub(super) fn power(&self) -> Vec<Sample<4>> {
        let power = self.fresh_value(DriverCall::Power, self.reading().power);
        power.map(|watts| Sample::new(watts, self.hw_attributes())).into_iter().collect()
    }

    pub(super) fn temperature(&self) -> Vec<Sample<4>> {
        let (attributes, reading) = (&self.device.attributes, self.reading());
        let sensors = [
            ("gpu", &attributes.gpu_sensor_id, reading.temperature),
            ("memory", &attributes.memory_sensor_id, reading.temperature_memory),
        ];
        let samples = sensors.into_iter().filter_map(|(location, id, value)| {
            let value = self.fresh_value(DriverCall::Temperature, value)?;
            Some(Sample::new(value, [id.into(), AttributeValue::ABSENT, (&attributes.id).into(), location.into()]))
        });
        samples.collect()
    }

    pub(super) fn temperature_limits(&self) -> Vec<Sample<5>> {
        let (attributes, reading) = (&self.device.attributes, self.reading());
        let limits = [("high.degraded", reading.temperature_degraded), ("high.critical", reading.temperature_critical)];
        let samples = limits.into_iter().filter_map(|(limit, value)| {
            let value = self.fresh_value(DriverCall::TemperatureLimit, value)?;
            let sensor = (&attributes.gpu_sensor_id).into();
            let sample_attributes =
                [sensor, AttributeValue::ABSENT, (&attributes.id).into(), "gpu".into(), limit.into()];
            Some(Sample::new(value, sample_attributes))
        });
        samples.collect()
    }

    /// Returns the seconds since the device last answered; none if it never answered.
    pub(super) fn age(&self) -> Vec<Sample<1>> {
        let age = self.device.last_answered_at.map(|at| nanos_to_seconds(self.now.saturating_sub(at)));
        age.map(|age| Sample::new(age, [self.id()])).into_iter().collect()
    }

    /// Returns the sample of `value`, with the device's id; none if the value is missing, or if the last answer to `call`,
    /// which reads it, is too old.
    pub(super) fn gauge(&self, call: DriverCall, value: impl Fn(&Reading) -> Option<f64>) -> Vec<Sample<1>> {
        let value = self.fresh_value(call, value(self.reading()));
        value.map(|value| Sample::new(value, [self.id()])).into_iter().collect()
    }

    pub(super) fn clocks(&self) -> Vec<Sample<2>> {
        let domains = [("sm", self.reading().clock_sm), ("memory", self.reading().clock_memory)];
        let samples = domains.into_iter().filter_map(|(domain, value)| {
            Some(Sample::new(self.fresh_value(DriverCall::Clocks, value)?, [self.id(), domain.into()]))
        });
        samples.collect()
    }

    pub(super) fn throttle_status(&self) -> Vec<Sample<2>> {
        let is_fresh = self.device.is_fresh(DriverCall::ThrottleReasons, self.now);
        let Some(throttle) = self.reading().throttle_reasons.filter(|_| is_fresh) else { return Vec::new() };
        let sample = |reason: ThrottleReason| {
            Sample::new(f64::from(u8::from(throttle.contains(reason))), [self.id(), reason.as_str().into()])
        };
        ThrottleReason::ALL.into_iter().map(sample).collect()
    }

    pub(super) fn throttle_times(&self) -> Vec<Sample<2>> {
        let times = ThrottleReason::ALL.into_iter().zip(self.device.throttled_seconds);
        times.filter_map(|(reason, time)| Some(Sample::new(time?, [self.id(), reason.as_str().into()]))).collect()
    }

    pub(super) fn nvlink_io(&self) -> Vec<Sample<2>> {
        let (sent, received) = (self.reading().nvlink_sent, self.reading().nvlink_received);
        self.io_samples(DriverCall::NvlinkIo, sent, received, |direction| [self.id(), direction.into()])
    }

    const fn reading(&self) -> &Reading {
        &self.device.report.reading
    }

    fn fresh_value(&self, call: DriverCall, value: Option<f64>) -> Option<f64> {
        value.filter(|_| self.device.is_fresh(call, self.now))
    }

    fn gpu_gauge(&self, call: DriverCall, value: Option<f64>) -> Vec<Sample<8>> {
        let value = self.fresh_value(call, value);
        value.map(|value| Sample::new(value, self.gpu_attributes())).into_iter().collect()
    }

    fn io_samples<const N: usize>(
        &self,
        call: DriverCall,
        sent: Option<u64>,
        received: Option<u64>,
        attributes: impl Fn(&'static str) -> [AttributeValue; N],
    ) -> Vec<Sample<N>> {
        let directions = [("transmit", sent), ("receive", received)];
        let answered = directions.into_iter().filter(|_| self.device.has_been_answered(call));
        answered.filter_map(|(direction, bytes)| Some(Sample::new(to_f64(bytes?), attributes(direction)))).collect()
    }

    fn id(&self) -> AttributeValue {
        (&self.device.attributes.id).into()
    }

    /// Returns the attributes that the conventions list for `hw.gpu.*`.
    fn gpu_attributes(&self) -> [AttributeValue; 8] {
        let attributes = &self.device.attributes;
        [
            (&attributes.id).into(),
            (&attributes.name).into(),
            (&attributes.vendor).into(),
            attributes.model.as_ref().into(),
            attributes.parent.as_ref().into(),
            attributes.driver_version.as_ref().into(),
            attributes.firmware_version.as_ref().into(),
            attributes.serial_number.as_ref().into(),
        ]
    }

    fn gpu_attributes_with(&self, last: &'static str) -> [AttributeValue; 9] {
        let [id, name, vendor, model, parent, driver, firmware, serial] = self.gpu_attributes();
        [id, name, vendor, model, parent, driver, firmware, serial, last.into()]
    }

    /// Returns the attributes that the conventions list for `hw.energy` and `hw.power`.
    fn hw_attributes(&self) -> [AttributeValue; 4] {
        let attributes = &self.device.attributes;
        [(&attributes.id).into(), (&attributes.name).into(), attributes.parent.as_ref().into(), "gpu".into()]
    }

    fn hw_attributes_with(&self, last: &'static str) -> [AttributeValue; 5] {
        let [id, name, parent, kind] = self.hw_attributes();
        [id, name, parent, kind, last.into()]
    }
}
