//! The identities of devices, for views.

use llmobs::catalog::DeviceAttribute;
use llmobs::catalog::DeviceValue;
use llmobs::companion;
use llmobs::companion::AttributeValue;

use super::snapshot::DeviceSnapshot;
use super::snapshot::SharedSnapshot;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;

pub(super) fn view_devices(shared: &SharedSnapshot) -> Vec<companion::Device> {
    let now = shared.now();
    let snapshot = shared.lock();
    snapshot.devices.iter().map(|device| view_device(device, shared.hostname(), now)).collect()
}

fn view_device(snapshot: &DeviceSnapshot, hostname: Option<&AttributeValue>, now: u64) -> companion::Device {
    let info = &snapshot.report.info;
    let names = DeviceNames::new(info);
    // The instance number distinguishes the instances of a GPU. Without a number, use the instance's own id.
    let gpu_id = info.parent.as_ref().filter(|_| info.mig_instance_id.is_some()).unwrap_or(&info.id);
    let number = |number: u32| number.to_string();
    let mut device = companion::Device::new(&snapshot.attributes.id);
    for (attribute, value) in [
        (DeviceAttribute::Index, info.index.map(number)),
        (DeviceAttribute::Uuid, Some(gpu_id.clone())),
        (DeviceAttribute::PciAddress, info.pci_address.clone()),
        (DeviceAttribute::Name, Some(names.device_name.to_owned())),
        (DeviceAttribute::Model, names.model.map(str::to_owned)),
        (DeviceAttribute::MigProfile, names.mig_profile.map(str::to_owned)),
        (DeviceAttribute::MigInstanceId, info.mig_instance_id.map(number)),
        (DeviceAttribute::DriverVersion, info.driver_version.clone()),
    ] {
        if let Some(value) = value {
            device = device.attribute(attribute, value);
        }
    }
    if let Some(hostname) = hostname {
        device = device.attribute(DeviceAttribute::Hostname, hostname);
    }
    if let Some(xid) = snapshot.last_xid.and_then(|xid| u32::try_from(xid).ok()) {
        device = device.value(DeviceValue::LastXid, f64::from(xid));
    }
    if let Some(failed) =
        snapshot.report.reading.has_row_remap_failed.filter(|_| snapshot.is_fresh(DriverCall::RemappedRows, now))
    {
        device = device.value(DeviceValue::RowRemapFailed, f64::from(u8::from(failed)));
    }
    let reading = &snapshot.report.reading;
    for (value, rate) in [
        (DeviceValue::PcieTxRate, reading.pcie_sent_per_second),
        (DeviceValue::PcieRxRate, reading.pcie_received_per_second),
    ] {
        if let Some(rate) = rate.filter(|_| snapshot.is_fresh(DriverCall::Activity, now)) {
            device = device.value(value, rate);
        }
    }
    device
}

/// The names of a device, split into GPU and profile for an instance.
struct DeviceNames<'a> {
    device_name: &'a str,
    model: Option<&'a str>,
    mig_profile: Option<&'a str>,
}

impl<'a> DeviceNames<'a> {
    fn new(info: &'a DeviceInfo) -> Self {
        let (name, model) = (info.name.as_str(), info.model.as_deref());
        if info.parent.is_none() {
            return Self { device_name: name, model, mig_profile: None };
        }
        let name = name.split('/').next().unwrap_or(name);
        match model.and_then(|model| model.split_once(" MIG ")) {
            Some((model, profile)) => Self { device_name: name, model: Some(model), mig_profile: Some(profile) },
            None => Self { device_name: name, model, mig_profile: None },
        }
    }
}
