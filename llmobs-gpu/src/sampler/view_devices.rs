//! The identities of devices, for views.

use llmobs::catalog::DeviceAttribute;
use llmobs::catalog::DeviceValue;
use llmobs::companion;
use llmobs::companion::AttributeValue;

use super::snapshot::DeviceSnapshot;
use super::snapshot::SharedSnapshot;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;

impl SharedSnapshot {
    pub(super) fn named(&self) -> Vec<companion::Device> {
        let now = self.now();
        let state = self.lock();
        state.devices.iter().map(|device| device.named(self.host(), now)).collect()
    }
}

impl DeviceSnapshot {
    fn named(&self, host: Option<&AttributeValue>, now: u64) -> companion::Device {
        let info = &self.report.info;
        let part = DeviceNames::of(info);
        // The instance number distinguishes the instances of a GPU. Without a number, use the instance's own id.
        let whole = info.parent.as_ref().filter(|_| info.instance.is_some()).unwrap_or(&info.id);
        let number = |number: u32| number.to_string();
        let mut device = companion::Device::new(&self.attributes.id);
        for (fact, word) in [
            (DeviceAttribute::Index, info.index.map(number)),
            (DeviceAttribute::Uuid, Some(whole.clone())),
            (DeviceAttribute::PciAddress, info.pci.clone()),
            (DeviceAttribute::Name, Some(part.name.to_owned())),
            (DeviceAttribute::Model, part.model.map(str::to_owned)),
            (DeviceAttribute::MigProfile, part.profile.map(str::to_owned)),
            (DeviceAttribute::MigInstanceId, info.instance.map(number)),
            (DeviceAttribute::DriverVersion, info.driver.clone()),
        ] {
            if let Some(word) = word {
                device = device.with(fact, word);
            }
        }
        if let Some(host) = host {
            device = device.with(DeviceAttribute::Hostname, host);
        }
        if let Some(xid) = self.last_xid.and_then(|xid| u32::try_from(xid).ok()) {
            device = device.figure(DeviceValue::LastXid, f64::from(xid));
        }
        if let Some(failed) = self.report.reading.rows_failed.filter(|_| self.holds(DriverCall::RemappedRows, now)) {
            device = device.figure(DeviceValue::RowRemapFailed, f64::from(u8::from(failed)));
        }
        let reading = &self.report.reading;
        for (figure, rate) in [
            (DeviceValue::PcieTxRate, reading.io_sent_per_second),
            (DeviceValue::PcieRxRate, reading.io_received_per_second),
        ] {
            if let Some(rate) = rate.filter(|_| self.holds(DriverCall::Activity, now)) {
                device = device.figure(figure, rate);
            }
        }
        device
    }
}

/// The names of a device, split into GPU and profile for an instance.
struct DeviceNames<'a> {
    name: &'a str,
    model: Option<&'a str>,
    profile: Option<&'a str>,
}

impl<'a> DeviceNames<'a> {
    fn of(info: &'a DeviceInfo) -> Self {
        let (name, model) = (info.name.as_str(), info.model.as_deref());
        if info.parent.is_none() {
            return Self { name, model, profile: None };
        }
        let name = name.split('/').next().unwrap_or(name);
        match model.and_then(|model| model.split_once(" MIG ")) {
            Some((model, profile)) => Self { name, model: Some(model), profile: Some(profile) },
            None => Self { name, model, profile: None },
        }
    }
}
