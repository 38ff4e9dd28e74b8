//! The metrics in `etc/default-counters.csv` of NVIDIA's DCGM exporter 4.8.3 (commit 7ad5832). Names, types,
//! descriptions and units are copied from that file; the labels are those that its package `rendermetrics` writes.
//!
//! Two of the 25 metrics of that file are omitted, because llmobs has no equivalent value:
//! `DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL` has no documented unit and is a counter in some releases (b54068a), and
//! `DCGM_FI_DEV_VGPU_LICENSE_STATUS` is not read.

use super::DeviceAttribute;
use super::DeviceValue;
use super::ValueOrigin;
use super::ViewDefinition;
use super::ViewLabel;
use super::ViewMetric;
use crate::catalog::Instrument;
use crate::catalog::Instrument::Counter;
use crate::catalog::Instrument::Gauge;
use crate::catalog::RowId;
use crate::catalog::llmobs_attribute;
use crate::semconv::attribute as a;

pub(super) const DEFINITION: ViewDefinition = ViewDefinition { labels: LABELS, metrics: METRICS };

const LABELS: &[ViewLabel] = &[
    label("gpu", DeviceAttribute::Index),
    label("UUID", DeviceAttribute::Uuid),
    ViewLabel { name: "pci_bus_id", attribute: DeviceAttribute::PciAddress, format: long_pci_address },
    label("device", DeviceAttribute::Name),
    label("modelName", DeviceAttribute::Model),
    label("GPU_I_PROFILE", DeviceAttribute::MigProfile),
    label("GPU_I_ID", DeviceAttribute::MigInstanceId),
    // Capitalised in every release up to 4.8.3; the development branch uses lower case.
    label("Hostname", DeviceAttribute::Hostname),
    label("DCGM_FI_DRIVER_VERSION", DeviceAttribute::DriverVersion),
];

const METRICS: &[ViewMetric] = &[
    metric("DCGM_FI_DEV_SM_CLOCK", Gauge, "SM clock frequency (in MHz).", clock("sm"), megahertz),
    metric("DCGM_FI_DEV_MEM_CLOCK", Gauge, "Memory clock frequency (in MHz).", clock("memory"), megahertz),
    metric("DCGM_FI_DEV_MEMORY_TEMP", Gauge, "Memory temperature (in C).", sensor("memory"), f64::round),
    metric("DCGM_FI_DEV_GPU_TEMP", Gauge, "GPU temperature (in C).", sensor("gpu"), f64::round),
    metric("DCGM_FI_DEV_POWER_USAGE", Gauge, "Power draw (in W).", row(RowId::HwPower), identity),
    metric(
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
        Counter,
        "Total energy consumption since boot (in mJ).",
        row(RowId::HwEnergy),
        millijoules,
    ),
    metric(
        "DCGM_FI_DEV_PCIE_REPLAY_COUNTER",
        Counter,
        "Total number of PCIe retries.",
        row(RowId::GpuPcieReplays),
        identity,
    ),
    metric("DCGM_FI_DEV_GPU_UTIL", Gauge, "GPU utilization (in %).", task("general"), percent),
    metric("DCGM_FI_DEV_MEM_COPY_UTIL", Gauge, "Memory utilization (in %).", row(RowId::GpuMemoryBusy), percent),
    metric("DCGM_FI_DEV_ENC_UTIL", Gauge, "Encoder utilization (in %).", task("encoder"), percent),
    metric("DCGM_FI_DEV_DEC_UTIL", Gauge, "Decoder utilization (in %).", task("decoder"), percent),
    ViewMetric {
        // The exporter also has a label `err_msg`, with texts from a separate list that llmobs does not copy.
        value_label: Some("err_code"),
        ..metric(
            "DCGM_FI_DEV_XID_ERRORS",
            Gauge,
            "Value of the last XID error encountered.",
            ValueOrigin::DeviceValue(DeviceValue::LastXid),
            identity,
        )
    },
    metric(
        "DCGM_FI_DEV_FB_FREE",
        Gauge,
        "Framebuffer memory free (in MiB).",
        ValueOrigin::Difference(RowId::HwMemoryLimit, &[RowId::HwMemoryUsage, RowId::GpuMemoryReserved]),
        mebibytes,
    ),
    metric("DCGM_FI_DEV_FB_USED", Gauge, "Framebuffer memory used (in MiB).", row(RowId::HwMemoryUsage), mebibytes),
    metric(
        "DCGM_FI_DEV_FB_RESERVED",
        Gauge,
        "Framebuffer memory reserved (in MiB).",
        row(RowId::GpuMemoryReserved),
        mebibytes,
    ),
    metric(
        "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
        Counter,
        "Number of remapped rows for uncorrectable errors",
        remapped("uncorrected"),
        identity,
    ),
    metric(
        "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS",
        Counter,
        "Number of remapped rows for correctable errors",
        remapped("corrected"),
        identity,
    ),
    metric(
        "DCGM_FI_DEV_ROW_REMAP_FAILURE",
        Gauge,
        "Whether remapping of rows has failed",
        ValueOrigin::DeviceValue(DeviceValue::RowRemapFailed),
        identity,
    ),
    metric(
        "DCGM_FI_PROF_GR_ENGINE_ACTIVE",
        Gauge,
        "Ratio of time the graphics engine is active.",
        row(RowId::GpuEngineActive),
        identity,
    ),
    metric(
        "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
        Gauge,
        "Ratio of cycles the tensor (HMMA) pipe is active.",
        row(RowId::GpuTensorActive),
        identity,
    ),
    metric(
        "DCGM_FI_PROF_DRAM_ACTIVE",
        Gauge,
        "Ratio of cycles the device memory interface is active sending or receiving data.",
        row(RowId::GpuDramActive),
        identity,
    ),
    metric(
        "DCGM_FI_PROF_PCIE_TX_BYTES",
        Gauge,
        "The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - in bytes per \
         second.",
        ValueOrigin::DeviceValue(DeviceValue::PcieTxRate),
        f64::round,
    ),
    metric(
        "DCGM_FI_PROF_PCIE_RX_BYTES",
        Gauge,
        "The rate of data received over the PCIe bus - including both protocol headers and data payloads - in bytes per \
         second.",
        ValueOrigin::DeviceValue(DeviceValue::PcieRxRate),
        f64::round,
    ),
];

const fn metric(
    name: &'static str,
    instrument: Instrument,
    description: &'static str,
    origin: ValueOrigin,
    convert: fn(f64) -> f64,
) -> ViewMetric {
    ViewMetric { name, instrument, description, origin, convert, value_label: None }
}

const fn label(name: &'static str, attribute: DeviceAttribute) -> ViewLabel {
    ViewLabel { name, attribute, format: str::to_owned }
}

const fn row(id: RowId) -> ValueOrigin {
    ValueOrigin::Row(id, None)
}

const fn clock(domain: &'static str) -> ValueOrigin {
    ValueOrigin::Row(RowId::GpuClock, Some((llmobs_attribute::GPU_CLOCK_DOMAIN, domain)))
}

const fn sensor(location: &'static str) -> ValueOrigin {
    ValueOrigin::Row(RowId::HwTemperature, Some((a::HW_SENSOR_LOCATION, location)))
}

const fn task(name: &'static str) -> ValueOrigin {
    ValueOrigin::Row(RowId::HwUtilization, Some((a::HW_GPU_TASK, name)))
}

const fn remapped(cause: &'static str) -> ValueOrigin {
    ValueOrigin::Row(RowId::GpuRemappedRows, Some((llmobs_attribute::GPU_REMAP_CAUSE, cause)))
}

const fn identity(value: f64) -> f64 {
    value
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
