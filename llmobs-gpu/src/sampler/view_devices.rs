//! The devices as the views of the metrics page show them: the ids and names, and the values that no metric contains.

use llmobs::companion::Device;
use llmobs::metric::AttributeValue;

use super::snapshot::DeviceSnapshot;
use super::snapshot::SharedSnapshot;
use crate::backend::DeviceInfo;
use crate::backend::DriverCall;
use crate::dcgm;

pub(super) fn view_devices(shared: &SharedSnapshot) -> Vec<Device> {
    let now = shared.now();
    let snapshot = shared.lock();
    snapshot.devices.iter().map(|device| view_device(device, shared.hostname(), now)).collect()
}

fn view_device(snapshot: &DeviceSnapshot, hostname: Option<&AttributeValue>, now: u64) -> Device {
    let info = &snapshot.report.info;
    let names = DeviceNames::new(info);
    // The instance number distinguishes the instances of a GPU. Without a number, use the instance's own id.
    let gpu_id = info.parent.as_ref().filter(|_| info.mig_instance_id.is_some()).unwrap_or(&info.id);
    let number = |number: u32| number.to_string();
    let reading = &snapshot.report.reading;
    let has_row_remap_failed =
        reading.has_row_remap_failed.filter(|_| snapshot.is_fresh(DriverCall::RemappedRows, now));
    let pcie_rate = |rate: Option<f64>| rate.filter(|_| snapshot.is_fresh(DriverCall::Activity, now));
    Device::new(&snapshot.attributes.id)
        .attribute(dcgm::INDEX, info.index.map(number))
        .attribute(dcgm::UUID, gpu_id.clone())
        .attribute(dcgm::PCI_ADDRESS, info.pci_address.clone())
        .attribute(dcgm::NAME, names.device_name.to_owned())
        .attribute(dcgm::MODEL, names.model.map(str::to_owned))
        .attribute(dcgm::MIG_PROFILE, names.mig_profile.map(str::to_owned))
        .attribute(dcgm::MIG_INSTANCE_ID, info.mig_instance_id.map(number))
        .attribute(dcgm::DRIVER_VERSION, info.driver_version.clone())
        .attribute(dcgm::HOSTNAME, hostname)
        .value(dcgm::LAST_XID, snapshot.last_xid.and_then(|xid| u32::try_from(xid).ok()).map(f64::from))
        .value(dcgm::ROW_REMAP_FAILED, has_row_remap_failed.map(|failed| f64::from(u8::from(failed))))
        .value(dcgm::PCIE_TX_RATE, pcie_rate(reading.pcie_sent_per_second))
        .value(dcgm::PCIE_RX_RATE, pcie_rate(reading.pcie_received_per_second))
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
