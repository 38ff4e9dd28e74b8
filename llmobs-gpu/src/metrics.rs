//! The metrics that the sampler records, in the order of the documentation.

use llmobs::catalog::BucketShape;
use llmobs::catalog::Group;
use llmobs::catalog::Level;
use llmobs::catalog::Row;
use llmobs::metric::Counter;
use llmobs::metric::Gauge;
use llmobs::metric::Histogram;
use llmobs::metric::Metric;
use llmobs::metric::ObservableCounter;
use llmobs::metric::ObservableGauge;
use llmobs::metric::ObservableUpDownCounter;
use llmobs::metric::PerOperation;
use llmobs::semconv::attribute as a;
use llmobs::semconv::metric as m;

/// The group of the metrics of this crate.
pub const GROUP: Group = Group::new("gpu");

/// Every metric of this crate, in the order of the documentation.
///
/// ```
/// assert!(llmobs_gpu::ROWS.iter().any(|row| row.name == "hw.gpu.utilization"));
/// ```
pub static ROWS: &[&Row] = &[
    HW_STATUS.row(),
    HW_ERRORS.row(),
    HW_UTILIZATION.row(),
    HW_MEMORY_USAGE.row(),
    HW_MEMORY_LIMIT.row(),
    HW_MEMORY_UTILIZATION.row(),
    HW_IO.row(),
    HW_ENERGY.row(),
    HW_POWER.row(),
    HW_TEMPERATURE.row(),
    HW_TEMPERATURE_LIMIT.row(),
    OPERATION_ENERGY.row(),
    ENERGY_ATTRIBUTED.row(),
    COLLECTOR_STATUS.row(),
    SAMPLER_AGE.row(),
    CALL_DURATION.row(),
    MEMORY_BUSY.row(),
    ENGINE_ACTIVE.row(),
    SM_ACTIVE.row(),
    SM_OCCUPANCY.row(),
    TENSOR_ACTIVE.row(),
    DRAM_ACTIVE.row(),
    MEMORY_RESERVED.row(),
    POWER_INSTANT.row(),
    POWER_LIMIT.row(),
    CLOCK.row(),
    THROTTLE_STATUS.row(),
    THROTTLE_TIME.row(),
    XID_ERRORS.row(),
    REMAPPED_ROWS.row(),
    PCIE_REPLAYS.row(),
    NVLINK_IO.row(),
    ENGINE_FLOPS.row(),
    ENGINE_BANDWIDTH.row(),
    ENGINE_GPU_INFO.row(),
    ENGINE_STARVED.row(),
];

/// Names of those attributes of this crate's metrics that llmobs defines, in the style of the OpenTelemetry
/// conventions.
pub(crate) mod attribute {
    pub(crate) const COLLECTOR_STATE: &str = "llmobs.collector.state";
    pub(crate) const ENERGY_KIND: &str = "llmobs.energy.kind";
    pub(crate) const ENGINE_ID: &str = "llmobs.engine.id";
    pub(crate) const GPU_CALL: &str = "llmobs.gpu.call";
    pub(crate) const GPU_CLOCK_DOMAIN: &str = "llmobs.gpu.clock.domain";
    pub(crate) const GPU_REMAP_CAUSE: &str = "llmobs.gpu.remap.cause";
    pub(crate) const GPU_THROTTLE_REASON: &str = "llmobs.gpu.throttle.reason";
    pub(crate) const GPU_XID_CODE: &str = "llmobs.gpu.xid.code";
    pub(crate) const GPU_XID_SEVERITY: &str = "llmobs.gpu.xid.severity";
    pub(crate) const STARVED_CAUSE: &str = "llmobs.starved.cause";
}

/// The bucket bounds of the energy of an operation, in joules.
const ENERGY_BOUNDS: &[f64] = &[
    0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1_000.0, 2_500.0, 5_000.0, 10_000.0, 50_000.0,
];

/// The bucket bounds of a driver call in seconds: from the duration of a fast call (10 µs) to a call that blocks the
/// machine (5 s).
const CALL_BOUNDS: &[f64] =
    &[0.00001, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// The attributes that identify and describe a GPU.
const GPU_ATTRIBUTES: [&str; 8] = [
    a::HW_ID,
    a::HW_NAME,
    a::HW_VENDOR,
    a::HW_MODEL,
    a::HW_PARENT,
    a::HW_DRIVER_VERSION,
    a::HW_FIRMWARE_VERSION,
    a::HW_SERIAL_NUMBER,
];

/// Returns the attributes of a GPU, followed by another one.
const fn gpu_and(attribute: &'static str) -> [&'static str; 9] {
    let [id, name, vendor, model, parent, driver, firmware, serial] = GPU_ATTRIBUTES;
    [id, name, vendor, model, parent, driver, firmware, serial, attribute]
}

pub(crate) static HW_STATUS: Metric<ObservableUpDownCounter, 5> = Metric::new(
    m::HW_STATUS,
    "1",
    &[a::HW_ID, a::HW_NAME, a::HW_PARENT, a::HW_TYPE, a::HW_STATE],
    "State of a GPU: 1 for the state that the GPU is in, 0 for each other state",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static HW_ERRORS: Metric<ObservableCounter, 5> = Metric::new(
    m::HW_ERRORS,
    "{error}",
    &[a::HW_ID, a::HW_NAME, a::HW_PARENT, a::HW_TYPE, a::ERROR_TYPE],
    "Number of memory errors of a GPU since its driver was loaded, by error type (corrected or uncorrected)",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static HW_UTILIZATION: Metric<ObservableGauge, 9> = Metric::new(
    m::HW_GPU_UTILIZATION,
    "1",
    &const { gpu_and(a::HW_GPU_TASK) },
    "Ratio of time in which a GPU ran at least one kernel, from 0 to 1; a high ratio does not show efficient use",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static HW_MEMORY_USAGE: Metric<ObservableUpDownCounter, 8> = Metric::new(
    m::HW_GPU_MEMORY_USAGE,
    "By",
    &GPU_ATTRIBUTES,
    "Memory of a GPU in use in bytes, without the memory that the driver reserves",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static HW_MEMORY_LIMIT: Metric<ObservableUpDownCounter, 8> = Metric::new(
    m::HW_GPU_MEMORY_LIMIT,
    "By",
    &GPU_ATTRIBUTES,
    "Total memory of a GPU in bytes, including the memory that the driver reserves",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static HW_MEMORY_UTILIZATION: Metric<ObservableGauge, 8> = Metric::new(
    m::HW_GPU_MEMORY_UTILIZATION,
    "1",
    &GPU_ATTRIBUTES,
    "Ratio of memory in use to usable memory of a GPU (total minus reserved by the driver), from 0 to 1",
)
.group(GROUP);

pub(crate) static HW_IO: Metric<ObservableCounter, 9> = Metric::new(
    m::HW_GPU_IO,
    "By",
    &const { gpu_and(a::NETWORK_IO_DIRECTION) },
    "Number of bytes that a GPU sent and received over the PCIe bus, by direction",
)
.group(GROUP);

pub(crate) static HW_ENERGY: Metric<ObservableCounter, 4> = Metric::new(
    m::HW_ENERGY,
    "J",
    &[a::HW_ID, a::HW_NAME, a::HW_PARENT, a::HW_TYPE],
    "Energy in joules that a GPU used since its driver was loaded; implausible readings are discarded",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static HW_POWER: Metric<ObservableGauge, 4> = Metric::new(
    m::HW_POWER,
    "W",
    &[a::HW_ID, a::HW_NAME, a::HW_PARENT, a::HW_TYPE],
    "Power draw of a GPU in watts, averaged by the device",
)
.group(GROUP);

pub(crate) static HW_TEMPERATURE: Metric<ObservableGauge, 4> = Metric::new(
    m::HW_TEMPERATURE,
    "Cel",
    &[a::HW_ID, a::HW_NAME, a::HW_PARENT, a::HW_SENSOR_LOCATION],
    "Temperature of a GPU in degrees Celsius, by sensor (chip or memory)",
)
.group(GROUP);

pub(crate) static HW_TEMPERATURE_LIMIT: Metric<ObservableGauge, 5> = Metric::new(
    m::HW_TEMPERATURE_LIMIT,
    "Cel",
    &[a::HW_ID, a::HW_NAME, a::HW_PARENT, a::HW_SENSOR_LOCATION, a::HW_LIMIT_TYPE],
    "Temperature limit of a GPU in degrees Celsius, at which clocks are reduced or the GPU shuts down, by limit type",
)
.group(GROUP);

pub(crate) static OPERATION_ENERGY: Metric<PerOperation<Histogram>, 0> = Metric::per_operation(
"llmobs.operation.energy",
"J",
&[a::GEN_AI_OPERATION_NAME, a::GEN_AI_PROVIDER_NAME, a::GEN_AI_REQUEST_MODEL],
"Energy of one operation in joules: its share of the energy of the GPUs from start to end; known shortly after the end",
)
.group(GROUP)
.buckets(BucketShape::Custom(ENERGY_BOUNDS));

pub(crate) static ENERGY_ATTRIBUTED: Metric<Counter, 2> = Metric::new(
    "llmobs.gpu.energy.attributed",
    "J",
    &[a::HW_ID, attribute::ENERGY_KIND],
    "Measured energy of a GPU in joules by attribution (request, idle, unattributed); the sum is the measured energy",
)
.group(GROUP);

pub(crate) static COLLECTOR_STATUS: Metric<ObservableUpDownCounter, 1> = Metric::new(
    "llmobs.gpu.collector.status",
    "{collector}",
    &[attribute::COLLECTOR_STATE],
    "State of the GPU sampler: 1 for the state that the sampler is in, 0 for each other state",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static SAMPLER_AGE: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.sampler.age",
    "s",
    &[a::HW_ID],
    "Time in seconds from the last answer of a GPU to the sampler until the collection",
)
.group(GROUP);

pub(crate) static CALL_DURATION: Metric<Histogram, 1> = Metric::new(
    "llmobs.gpu.sampler.call.duration",
    "s",
    &[attribute::GPU_CALL],
    "Duration of one call of the GPU management library in seconds, from the call to its return",
)
.group(GROUP)
.buckets(BucketShape::Custom(CALL_BOUNDS));

pub(crate) static MEMORY_BUSY: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.memory.busy",
    "1",
    &[a::HW_ID],
    "Ratio of time in which the memory of a GPU was read or written, from 0 to 1",
)
.group(GROUP);

pub(crate) static ENGINE_ACTIVE: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.engine.active",
    "1",
    &[a::HW_ID],
    "Ratio of time in which any engine of a GPU was active, from 0 to 1",
)
.group(GROUP);

pub(crate) static SM_ACTIVE: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.sm.active",
    "1",
    &[a::HW_ID],
    "Ratio of streaming multiprocessors of a GPU that had work assigned, from 0 to 1",
)
.group(GROUP);

pub(crate) static SM_OCCUPANCY: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.sm.occupancy",
    "1",
    &[a::HW_ID],
    "Ratio of active warps to the maximum number of warps of a GPU, from 0 to 1",
)
.group(GROUP);

pub(crate) static TENSOR_ACTIVE: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.tensor.active",
    "1",
    &[a::HW_ID],
    "Ratio of time in which the tensor cores of a GPU were active, from 0 to 1",
)
.group(GROUP);

pub(crate) static DRAM_ACTIVE: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.dram.active",
    "1",
    &[a::HW_ID],
    "Ratio of used to available memory bandwidth of a GPU, from 0 to 1",
)
.group(GROUP);

pub(crate) static MEMORY_RESERVED: Metric<ObservableUpDownCounter, 1> =
    Metric::new("llmobs.gpu.memory.reserved", "By", &[a::HW_ID], "Memory of a GPU in bytes that the driver reserves")
        .group(GROUP);

pub(crate) static POWER_INSTANT: Metric<ObservableGauge, 1> =
    Metric::new("llmobs.gpu.power.instant", "W", &[a::HW_ID], "Instantaneous power draw of a GPU in watts")
        .group(GROUP);

pub(crate) static POWER_LIMIT: Metric<ObservableGauge, 1> = Metric::new(
    "llmobs.gpu.power.limit",
    "W",
    &[a::HW_ID],
    "Power limit of a GPU in watts, the most that the device draws",
)
.group(GROUP);

pub(crate) static CLOCK: Metric<ObservableGauge, 2> = Metric::new(
    "llmobs.gpu.clock.frequency",
    "Hz",
    &[a::HW_ID, attribute::GPU_CLOCK_DOMAIN],
    "Clock frequency of a GPU in hertz, by clock domain (multiprocessors or memory)",
)
.group(GROUP);

pub(crate) static THROTTLE_STATUS: Metric<ObservableUpDownCounter, 2> = Metric::new(
    "llmobs.gpu.throttle.status",
    "{gpu}",
    &[a::HW_ID, attribute::GPU_THROTTLE_REASON],
    "Reasons for which the clocks of a GPU are reduced: 1 for each reason that applies now, 0 for the others",
)
.group(GROUP);

pub(crate) static THROTTLE_TIME: Metric<ObservableCounter, 2> = Metric::new(
"llmobs.gpu.throttle.time",
"s",
&[a::HW_ID, attribute::GPU_THROTTLE_REASON],
"Time in seconds in which the clocks of a GPU were reduced, by reason, as counted by the driver or else by the sampler",
)
.group(GROUP);

pub(crate) static XID_ERRORS: Metric<Counter, 3> = Metric::new(
    "llmobs.gpu.xid.errors",
    "{error}",
    &[a::HW_ID, attribute::GPU_XID_CODE, attribute::GPU_XID_SEVERITY],
    "Number of XID errors that a GPU reported, by NVIDIA error code and severity",
)
.group(GROUP);

pub(crate) static REMAPPED_ROWS: Metric<Counter, 2> = Metric::new(
    "llmobs.gpu.remapped_rows",
    "{row}",
    &[a::HW_ID, attribute::GPU_REMAP_CAUSE],
    "Number of memory rows of a GPU that were remapped to spare rows, by cause",
)
.group(GROUP);

pub(crate) static PCIE_REPLAYS: Metric<Counter, 1> = Metric::new(
    "llmobs.gpu.pcie.replays",
    "{replay}",
    &[a::HW_ID],
    "Number of PCIe transfers of a GPU that had to be repeated",
)
.group(GROUP);

pub(crate) static NVLINK_IO: Metric<ObservableCounter, 2> = Metric::new(
    "llmobs.gpu.nvlink.io",
    "By",
    &[a::HW_ID, a::NETWORK_IO_DIRECTION],
    "Number of bytes that a GPU sent and received over NVLink, by direction",
)
.group(GROUP);

pub(crate) static ENGINE_FLOPS: Metric<ObservableGauge, 2> = Metric::new(
    "llmobs.engine.flops.utilization",
    "1",
    &[a::GEN_AI_REQUEST_MODEL, attribute::ENGINE_ID],
    "Estimated ratio of the arithmetic that the model needs to the peak arithmetic rate of its GPUs",
)
.level(Level::Full)
.group(GROUP);

pub(crate) static ENGINE_BANDWIDTH: Metric<ObservableGauge, 2> = Metric::new(
    "llmobs.engine.memory_bandwidth.utilization",
    "1",
    &[a::GEN_AI_REQUEST_MODEL, attribute::ENGINE_ID],
    "Estimated ratio of the memory traffic that the model needs to the peak memory bandwidth of its GPUs",
)
.level(Level::Full)
.group(GROUP);

pub(crate) static ENGINE_GPU_INFO: Metric<Gauge, 3> = Metric::new(
    "llmobs.engine.gpu.info",
    "",
    &[a::GEN_AI_REQUEST_MODEL, attribute::ENGINE_ID, a::HW_ID],
    "Constant 1 for each GPU of an engine while the GPU is sampled, then 0; joins rows of engines with rows of GPUs",
)
.level(Level::Core)
.group(GROUP);

pub(crate) static ENGINE_STARVED: Metric<Counter, 3> = Metric::new(
    "llmobs.engine.starved.time",
    "s",
    &[a::GEN_AI_REQUEST_MODEL, attribute::ENGINE_ID, attribute::STARVED_CAUSE],
    "Time in seconds in which operations waited while the GPU of the engine was nearly idle, by cause",
)
.group(GROUP);

#[cfg(test)]
mod tests {
    use super::*;
    use llmobs::catalog::Instrument;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_no_llmobs_name_is_the_prefix_of_another() {
        let names: HashSet<_> = llmobs::catalog::ROWS.iter().chain(ROWS.iter().copied()).map(|row| row.name).collect();
        assert_eq!(names.len(), llmobs::catalog::ROWS.len() + ROWS.len());
        // The conventions contain names of this kind: `hw.temperature` and `hw.temperature.limit`.
        for name in names.iter().filter(|name| name.starts_with("llmobs.")) {
            let parent = format!("{name}.");
            assert!(!names.iter().any(|other| other.starts_with(&parent)), "{name} is the prefix of another name");
        }
    }

    #[test]
    fn histograms_have_a_bucket_shape_and_other_instruments_have_none() {
        for row in ROWS {
            assert_eq!(row.shape.is_some(), row.instrument == Instrument::Histogram, "{}", row.name);
        }
    }

    #[test]
    fn only_gauges_have_the_unit_one() {
        // Except `hw.status`, whose unit the conventions define as `1`.
        for row in ROWS.iter().filter(|row| row.unit == "1" && row.name != m::HW_STATUS) {
            assert!(matches!(row.instrument, Instrument::Gauge | Instrument::ObservableGauge), "{}", row.name);
        }
    }

    #[test]
    fn names_and_attributes_have_a_known_prefix() {
        for row in ROWS {
            assert!(["llmobs.", "hw."].iter().any(|prefix| row.name.starts_with(prefix)), "{}", row.name);
            for attribute in row.attributes {
                let prefixes = ["llmobs.", "gen_ai.", "error.", "network.", "hw."];
                assert!(prefixes.iter().any(|prefix| attribute.starts_with(prefix)), "{} of {}", attribute, row.name);
            }
            assert_eq!(row.group, GROUP, "{}", row.name);
        }
    }
}
