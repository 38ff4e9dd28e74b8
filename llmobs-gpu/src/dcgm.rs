//! The metrics in `etc/default-counters.csv` of NVIDIA's DCGM exporter 4.8.3 (commit 7ad5832). Names, types,
//! descriptions and units are copied from that file; the labels are those that its package `rendermetrics` writes.
//!
//! Two of the 25 metrics of that file are omitted, because llmobs has no equivalent value:
//! `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL` has no documented unit and is a counter in some releases (b54068a), and
//! `DCGM_FI_DEV_VGPU_LICENSE_STATUS` is not read.

use llmobs::catalog::DeviceAttribute;
use llmobs::catalog::DeviceValue;
use llmobs::catalog::Row;
use llmobs::catalog::ValueOrigin;
use llmobs::catalog::View;
use llmobs::catalog::ViewLabel;
use llmobs::catalog::ViewMetric;
use llmobs::semconv::attribute as a;

use crate::metrics::CLOCK;
use crate::metrics::DRAM_ACTIVE;
use crate::metrics::ENGINE_ACTIVE;
use crate::metrics::HW_ENERGY;
use crate::metrics::HW_MEMORY_LIMIT;
use crate::metrics::HW_MEMORY_USAGE;
use crate::metrics::HW_POWER;
use crate::metrics::HW_TEMPERATURE;
use crate::metrics::HW_UTILIZATION;
use crate::metrics::MEMORY_BUSY;
use crate::metrics::MEMORY_RESERVED;
use crate::metrics::PCIE_REPLAYS;
use crate::metrics::REMAPPED_ROWS;
use crate::metrics::TENSOR_ACTIVE;
use crate::metrics::attribute;

/// The GPU metrics that version 4.8.3 of NVIDIA's DCGM exporter exports by default, except for
/// `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL` and `DCGM_FI_DEV_VGPU_LICENSE_STATUS`. Dashboards such as Grafana dashboard
/// 12239 use these names. The view adds them to the Prometheus page of its observer, with the values of the devices
/// that a [`Sampler`](crate::Sampler) of the observer reads.
///
/// ```
/// let observer = llmobs::Observer::builder().model("llama-8b").view(&llmobs_gpu::DCGM_VIEW).build()?;
/// # let _ = observer;
/// # Ok::<(), llmobs::BuildError>(())
/// ```
pub static DCGM_VIEW: View = View::new("dcgm", LABELS, METRICS);

/// The version of the device's driver.
pub(crate) const DRIVER_VERSION: DeviceAttribute = DeviceAttribute::new("driver_version");
/// The host name of the machine that contains the device.
pub(crate) const HOSTNAME: DeviceAttribute = DeviceAttribute::new("hostname");
/// The index of the device on this machine, from zero; for a MIG instance, the index of the whole GPU.
pub(crate) const INDEX: DeviceAttribute = DeviceAttribute::new("index");
/// The ID of the GPU instance, for a MIG instance.
pub(crate) const MIG_INSTANCE_ID: DeviceAttribute = DeviceAttribute::new("mig_instance_id");
/// The model of the device, such as `NVIDIA H100 80GB HBM3`; for a MIG instance, the model of the whole GPU.
pub(crate) const MODEL: DeviceAttribute = DeviceAttribute::new("model");
/// The name of the device file, such as `nvidia0`; for a MIG instance, the name of the whole GPU.
pub(crate) const NAME: DeviceAttribute = DeviceAttribute::new("name");
/// The PCI address of the device, such as `0000:1b:00.0`.
pub(crate) const PCI_ADDRESS: DeviceAttribute = DeviceAttribute::new("pci_address");
/// The profile of a MIG instance, such as `1g.10gb`.
pub(crate) const MIG_PROFILE: DeviceAttribute = DeviceAttribute::new("mig_profile");
/// The permanent UUID of the device; for a MIG instance, the UUID of the whole GPU, or its own if the driver does not
/// report the ID of the instance.
pub(crate) const UUID: DeviceAttribute = DeviceAttribute::new("uuid");

/// The code of the last XID error that the device reported, or 79 after its loss; zero if there was no error since the
/// sampler started. Absent while there was no error, if errors of the device are not watched.
pub(crate) const LAST_XID: DeviceValue = DeviceValue::new("last_xid");
/// 1 if the remapping of a memory row failed, 0 if not. Absent without a valid reading.
pub(crate) const ROW_REMAP_FAILED: DeviceValue = DeviceValue::new("row_remap_failed");
/// The bytes per second that the device sent over the PCIe bus between the last two samples of its activity counters.
/// Absent without a valid reading.
pub(crate) const PCIE_TX_RATE: DeviceValue = DeviceValue::new("pcie_tx_rate");
/// The bytes per second that the device received over the PCIe bus between the last two samples of its activity
/// counters. Absent without a valid reading.
pub(crate) const PCIE_RX_RATE: DeviceValue = DeviceValue::new("pcie_rx_rate");

const LABELS: &[ViewLabel] = &[
    ViewLabel::new("gpu", INDEX),
    ViewLabel::new("UUID", UUID),
    ViewLabel::new("pci_bus_id", PCI_ADDRESS).format(long_pci_address),
    ViewLabel::new("device", NAME),
    ViewLabel::new("modelName", MODEL),
    ViewLabel::new("GPU_I_PROFILE", MIG_PROFILE),
    ViewLabel::new("GPU_I_ID", MIG_INSTANCE_ID),
    // Capitalised in every release up to 4.8.3; the development branch uses lower case.
    ViewLabel::new("Hostname", HOSTNAME),
    ViewLabel::new("DCGM_FI_DRIVER_VERSION", DRIVER_VERSION),
];

/// The rows that are subtracted from the total memory.
const USED_MEMORY: &[&Row] = &[HW_MEMORY_USAGE.row(), MEMORY_RESERVED.row()];

const METRICS: &[ViewMetric] = &[
    ViewMetric::gauge("DCGM_FI_DEV_SM_CLOCK", "SM clock frequency (in MHz).", clock("sm")).convert(megahertz),
    ViewMetric::gauge("DCGM_FI_DEV_MEM_CLOCK", "Memory clock frequency (in MHz).", clock("memory")).convert(megahertz),
    ViewMetric::gauge("DCGM_FI_DEV_MEMORY_TEMP", "Memory temperature (in C).", sensor("memory")).convert(f64::round),
    ViewMetric::gauge("DCGM_FI_DEV_GPU_TEMP", "GPU temperature (in C).", sensor("gpu")).convert(f64::round),
    ViewMetric::gauge("DCGM_FI_DEV_POWER_USAGE", "Power draw (in W).", ValueOrigin::Row(HW_POWER.row())),
    ViewMetric::counter("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "Total energy consumption since boot (in mJ).",
        ValueOrigin::Row(HW_ENERGY.row())).convert(millijoules),
    ViewMetric::counter("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "Total number of PCIe retries.",
        ValueOrigin::Row(PCIE_REPLAYS.row())),
    ViewMetric::gauge("DCGM_FI_DEV_GPU_UTIL", "GPU utilization (in %).", task("general")).convert(percent),
    ViewMetric::gauge("DCGM_FI_DEV_MEM_COPY_UTIL", "Memory utilization (in %).", ValueOrigin::Row(MEMORY_BUSY.row())).convert(percent),
    ViewMetric::gauge("DCGM_FI_DEV_ENC_UTIL", "Encoder utilization (in %).", task("encoder")).convert(percent),
    ViewMetric::gauge("DCGM_FI_DEV_DEC_UTIL", "Decoder utilization (in %).", task("decoder")).convert(percent),
    // The exporter also has a label `err_msg`, with texts from a separate list that llmobs does not copy.
ViewMetric::gauge("DCGM_FI_DEV_XID_ERRORS", "Value of the last XID error encountered.",
            ValueOrigin::Device(LAST_XID)).value_label("err_code"),
    ViewMetric::gauge("DCGM_FI_DEV_FB_FREE", "Framebuffer memory free (in MiB).",
        ValueOrigin::Difference(HW_MEMORY_LIMIT.row(), USED_MEMORY)).convert(mebibytes),
    ViewMetric::gauge("DCGM_FI_DEV_FB_USED", "Framebuffer memory used (in MiB).", ValueOrigin::Row(HW_MEMORY_USAGE.row())).convert(mebibytes),
    ViewMetric::gauge("DCGM_FI_DEV_FB_RESERVED", "Framebuffer memory reserved (in MiB).",
        ValueOrigin::Row(MEMORY_RESERVED.row())).convert(mebibytes),
    ViewMetric::counter("DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS", "Number of remapped rows for uncorrectable errors",
        remapped("uncorrected")),
    ViewMetric::counter("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "Number of remapped rows for correctable errors",
        remapped("corrected")),
    ViewMetric::gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", "Whether remapping of rows has failed",
        ValueOrigin::Device(ROW_REMAP_FAILED)),
    ViewMetric::gauge("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "Ratio of time the graphics engine is active.",
        ValueOrigin::Row(ENGINE_ACTIVE.row())),
    ViewMetric::gauge("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "Ratio of cycles the tensor (HMMA) pipe is active.",
        ValueOrigin::Row(TENSOR_ACTIVE.row())),
    ViewMetric::gauge("DCGM_FI_PROF_DRAM_ACTIVE", "Ratio of cycles the device memory interface is active sending or receiving data.",
        ValueOrigin::Row(DRAM_ACTIVE.row())),
    ViewMetric::gauge("DCGM_FI_PROF_PCIE_TX_BYTES", "The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - in bytes per \
         second.",
        ValueOrigin::Device(PCIE_TX_RATE)).convert(f64::round),
    ViewMetric::gauge("DCGM_FI_PROF_PCIE_RX_BYTES", "The rate of data received over the PCIe bus - including both protocol headers and data payloads - in bytes per \
         second.",
        ValueOrigin::Device(PCIE_RX_RATE)).convert(f64::round),
];

const fn clock(domain: &'static str) -> ValueOrigin {
    ValueOrigin::Series(CLOCK.row(), attribute::GPU_CLOCK_DOMAIN, domain)
}

const fn sensor(location: &'static str) -> ValueOrigin {
    ValueOrigin::Series(HW_TEMPERATURE.row(), a::HW_SENSOR_LOCATION, location)
}

const fn task(name: &'static str) -> ValueOrigin {
    ValueOrigin::Series(HW_UTILIZATION.row(), a::HW_GPU_TASK, name)
}

const fn remapped(cause: &'static str) -> ValueOrigin {
    ValueOrigin::Series(REMAPPED_ROWS.row(), attribute::GPU_REMAP_CAUSE, cause)
}

// DCGM exports whole numbers. A conversion can leave a rounding error: `0.29 * 100.0` is 28.999999999999996, not 29.

fn percent(ratio: f64) -> f64 {
    (ratio * 100.0).round()
}

fn megahertz(hertz: f64) -> f64 {
    (hertz / 1e6).round()
}

fn millijoules(joules: f64) -> f64 {
    (joules * 1e3).round()
}

/// Rounds down to complete units, as DCGM does.
fn mebibytes(bytes: f64) -> f64 {
    (bytes / f64::from(1 << 20)).floor()
}

/// Returns the PCI address with an eight-digit domain in upper case, such as `00000000:1B:00.0`.
fn long_pci_address(address: &str) -> String {
    let (domain, rest) = address.split_once(':').unwrap_or(("", address));
    format!("{domain:0>8}:{rest}").to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::ROWS;
    use std::collections::HashSet;

    #[test]
    fn view_names_are_unique_and_differ_from_row_names() {
        let names: HashSet<_> = METRICS.iter().map(ViewMetric::name).collect();
        assert_eq!(names.len(), METRICS.len());
        for row in llmobs::catalog::ROWS.iter().chain(ROWS.iter().copied()) {
            assert!(!names.contains(row.prometheus_name().as_str()), "{}", row.name);
        }
    }

    #[test]
    fn rows_of_the_view_have_the_attributes_that_the_view_selects() {
        for metric in METRICS {
            if let ValueOrigin::Series(row, attribute, _) = metric.origin() {
                assert!(row.attributes.contains(&attribute), "{} of {}", attribute, metric.name());
            }
        }
    }
}
