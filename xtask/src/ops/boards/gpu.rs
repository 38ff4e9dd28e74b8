//! The panels of GPUs: those that the service samples itself, and those of the DCGM exporter.

use super::panel::Absent;
use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::quantiles;
use super::panel::stacked;
use super::variables::Variable;

pub(super) const HOST: Variable =
    Variable::Values { name: "host", label: "GPU host", query: "label_values(DCGM_FI_DEV_GPU_UTIL, Hostname)" };

/// Returns the query of the highest value of a gauge of each GPU.
fn highest(metric: &str) -> String {
    format!("max by (instance, hw_id) ({metric}{{<P>}})")
}

const GPU: &str = "{{instance}} {{hw_id}}";

pub(super) fn own() -> Vec<Panel> {
    let gauge = |title, unit, metric: &str| lines(title, unit).query(GPU, &highest(metric));
    [
        gauge("Utilization", "percentunit", "hw_gpu_utilization_ratio")
            .says("Share of time in which a GPU ran a kernel. It saturates early; see the activity of multiprocessors and memory."),
        lines("Memory", "bytes")
            .query(GPU, &highest("hw_gpu_memory_usage_bytes"))
            .query("limit", "max(hw_gpu_memory_limit_bytes{<P>})")
            .says("Memory in use, and the memory of the GPU."),
        lines("Activity", "percentunit")
            .query("multiprocessors {{hw_id}}", "max by (hw_id) (llmobs_gpu_sm_active_ratio{<P>})")
            .query("tensor cores {{hw_id}}", "max by (hw_id) (llmobs_gpu_tensor_active_ratio{<P>})")
            .query("memory traffic {{hw_id}}", "max by (hw_id) (llmobs_gpu_dram_active_ratio{<P>})")
            .query("memory busy {{hw_id}}", "max by (hw_id) (llmobs_gpu_memory_busy_ratio{<P>})")
            .says("Share of multiprocessors with work, of time with tensor work, and of the memory traffic."),
        lines("Power", "watt")
            .query(GPU, &highest("hw_power_watts"))
            .query("limit", "max(llmobs_gpu_power_limit_watts{<P>})")
            .says("Power draw, averaged by the device, and its limit."),
        lines("Temperature", "celsius")
            .query("{{hw_id}} {{hw_sensor_location}}", "max by (hw_id, hw_sensor_location) (hw_temperature_celsius{<P>})")
            .says("Temperature by sensor."),
        lines("Clocks", "hertz")
            .query("{{hw_id}} {{llmobs_gpu_clock_domain}}", "min by (hw_id, llmobs_gpu_clock_domain) (llmobs_gpu_clock_frequency_hertz{<P>})")
            .says("Clock frequency by domain."),
        stacked("Throttled time", "percentunit")
            .query(
                "{{hw_id}} {{llmobs_gpu_throttle_reason}}",
                "sum by (hw_id, llmobs_gpu_throttle_reason) (rate(llmobs_gpu_throttle_time_seconds_total{<P>}[<R>]))",
            )
            .says("Share of time with reduced clocks, by reason."),
        stacked("Errors", "short")
            .query("memory {{hw_id}} {{error_type}}", "sum by (hw_id, error_type) (increase(hw_errors_total{<P>}[<R>]))")
            .query(
                "XID {{hw_id}} {{llmobs_gpu_xid_code}}",
                "sum by (hw_id, llmobs_gpu_xid_code) (increase(llmobs_gpu_xid_errors_total{<P>}[<R>]))",
            )
            .query("remapped rows {{hw_id}}", "sum by (hw_id) (increase(llmobs_gpu_remapped_rows_total{<P>}[<R>]))")
            .query("PCIe replays {{hw_id}}", "sum by (hw_id) (increase(llmobs_gpu_pcie_replays_total{<P>}[<R>]))")
            .says("Memory errors, XID errors, remapped rows and repeated PCIe transfers."),
        stacked("Traffic", "Bps")
            .query("PCIe {{network_io_direction}}", "sum by (network_io_direction) (rate(hw_gpu_io_bytes_total{<P>}[<R>]))")
            .query("NVLink {{network_io_direction}}", "sum by (network_io_direction) (rate(llmobs_gpu_nvlink_io_bytes_total{<P>}[<R>]))")
            .says("Bytes in a second over PCIe and NVLink, by direction."),
        lines("Age of the readings", "s")
            .query("{{hw_id}}", "max by (hw_id) (llmobs_gpu_sampler_age_seconds{<P>})")
            .says("Time since the last answer of each GPU. It rises when the driver hangs."),
        lines("State of the sampler", "short")
            .query("{{llmobs_collector_state}}", "sum by (llmobs_collector_state) (llmobs_gpu_collector_status{<P>})")
            .says("Processes by the state of their GPU sampler."),
        lines("States of GPUs", "short")
            .query("{{hw_state}}", "count by (hw_state) (hw_status{<P>} == 1)")
            .says("GPUs by state."),
        stacked("Power by use", "watt")
            .query(
                "{{llmobs_energy_kind}}",
                "sum by (llmobs_energy_kind) (rate(llmobs_gpu_energy_attributed_joules_total{<P>}[<R>]))",
            )
            .says("Measured energy in a second that was used by requests, used while idle, or not attributed."),
        quantiles("Energy of one operation", "joule", "llmobs_operation_energy_joules", "<S>")
            .says("Share of the GPUs' energy of one operation."),
        lines("Measured energy", "watt")
            .query(GPU, "sum by (instance, hw_id) (rate(hw_energy_joules_total{<P>}[<R>]))")
            .says("Energy counter of each GPU, as mean power."),
    ]
    .map(|panel| panel.no_value("no GPU"))
    .into()
}

pub(super) fn dcgm() -> Vec<Panel> {
    let gauge = |title, unit, metric: &str| {
        lines(title, unit)
            .query("{{Hostname}} {{gpu}}", &format!("max by (Hostname, gpu) ({metric}{{Hostname=~\"$host\"}})"))
    };
    [
        gauge("DCGM: utilization", "percent", "DCGM_FI_DEV_GPU_UTIL").says("Share of time in which a kernel ran."),
        lines("DCGM: activity", "percentunit")
            .query("multiprocessors {{gpu}}", "max by (gpu) (DCGM_FI_PROF_SM_ACTIVE{Hostname=~\"$host\"})")
            .query("tensor cores {{gpu}}", "max by (gpu) (DCGM_FI_PROF_PIPE_TENSOR_ACTIVE{Hostname=~\"$host\"})")
            .query("memory traffic {{gpu}}", "max by (gpu) (DCGM_FI_PROF_DRAM_ACTIVE{Hostname=~\"$host\"})")
            .says("Activity of the multiprocessors, the tensor cores and the memory. The exporter needs a counters file for the first."),
        lines("DCGM: memory used", "percentunit")
            .query(
                "{{Hostname}} {{gpu}}",
                "max by (Hostname, gpu) (DCGM_FI_DEV_FB_USED{Hostname=~\"$host\"} / (DCGM_FI_DEV_FB_USED{Hostname=~\"$host\"} + DCGM_FI_DEV_FB_FREE{Hostname=~\"$host\"}))",
            )
            .says("Used share of the usable memory."),
        gauge("DCGM: power", "watt", "DCGM_FI_DEV_POWER_USAGE").says("Power draw."),
        gauge("DCGM: temperature", "celsius", "DCGM_FI_DEV_GPU_TEMP").says("Temperature of the chip."),
        lines("DCGM: throttled", "percentunit")
            .query("heat {{gpu}}", "sum by (gpu) (rate(DCGM_FI_DEV_THERMAL_VIOLATION{Hostname=~\"$host\"}[<R>])) / 1e9")
            .query("power {{gpu}}", "sum by (gpu) (rate(DCGM_FI_DEV_POWER_VIOLATION{Hostname=~\"$host\"}[<R>])) / 1e9")
            .says("Share of time with reduced clocks because of heat or of the power limit."),
        gauge("DCGM: last XID error", "short", "DCGM_FI_DEV_XID_ERRORS")
            .says("Code of the last XID error; 0 is none."),
        lines("DCGM: NVLink and PCIe", "short")
            .query("NVLink {{gpu}}", "sum by (gpu) (rate(DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL{Hostname=~\"$host\"}[<R>]))")
            .query("PCIe replays {{gpu}}", "sum by (gpu) (rate(DCGM_FI_DEV_PCIE_REPLAY_COUNTER{Hostname=~\"$host\"}[<R>]))")
            .says("NVLink traffic in megabytes in a second, and repeated PCIe transfers in a second."),
        gauge("DCGM: clock of the multiprocessors", "suffix: MHz", "DCGM_FI_DEV_SM_CLOCK")
            .says("Clock frequency in megahertz."),
    ]
    .map(|panel| panel.under(Load::Synthetic(Absent::Dcgm)).no_value("no DCGM exporter"))
    .into()
}
