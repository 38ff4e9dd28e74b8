//! Shows: the readings of the GPUs of this machine, and whether they are plausible. This is the five-minute check of
//! `docs/gpu.md`. On a machine without a GPU the example reports that and succeeds.
//!
//! Run: `cargo run --release -p llmobs-examples --example gpu_check -- --gpu auto --seconds 60`, with a workload on the
//! GPU; `--gpu nvml:PATH` loads the library from that file.
//!
//! You will see: the devices, every reading or a note that it is absent, the mean time of each driver call, how often
//! the energy counter changes, and the assignment of the energy: the parts add up to the measured total.

#![expect(clippy::print_stdout, reason = "the report is its output")]

use std::collections::BTreeMap;
use std::error::Error;
use std::thread;
use std::time::Duration;

use clap::Parser;
use llmobs::Observer;
use llmobs_gpu::BackendChoice;
use llmobs_gpu::DeviceReport;
use llmobs_gpu::Sampler;
use llmobs_gpu::SamplerState;
use llmobs_gpu::ThrottleReason;

#[derive(Debug, Parser)]
pub(crate) struct Arguments {
    /// Source of GPU readings: `auto`, `off` or `nvml:PATH`.
    #[arg(long, default_value = "auto")]
    gpu: BackendChoice,
    /// Duration of the measurement, in seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Also read the processes that use the devices.
    #[arg(long)]
    processes: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    run_check(Arguments::parse())
}

pub(crate) fn run_check(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let observer = Observer::builder().model("check").build()?;
    let builder =
        Sampler::builder().backend_choice(arguments.gpu).read_processes(arguments.processes).on_energy(|energy| {
            println!(
                "operation: {:.3} J in {:.3} GPU seconds, by {}, complete: {}, shared: {}",
                energy.joules,
                energy.gpu_seconds,
                energy.source.as_str(),
                energy.is_complete,
                energy.is_shared,
            );
        });
    let sampler = builder.start(&observer)?;
    // Opening the driver library takes seconds when the driver is idle.
    let is_opened = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(20));
        !sampler.devices().is_empty()
    });
    if !is_opened {
        println!("collector: {}", sampler.state().as_str());
        println!("no GPU is sampled on this machine; if it has one, see docs/gpu.md");
        return Ok(());
    }
    // One operation, for a third of the time, represents the work of a model.
    let third = Duration::from_millis(arguments.seconds * 1_000 / 3);
    thread::sleep(third);
    let operation = observer.chat("check").start();
    thread::sleep(third);
    operation.complete();
    thread::sleep(third);

    println!("collector: {}", sampler.state().as_str());
    sampler.devices().iter().for_each(print_device);
    print_call_durations(&llmobs::prometheus::page(&observer, None).body);
    let is_hung = sampler.state() == SamplerState::Hung;
    println!("stopped in time: {}", sampler.stop());
    if is_hung { Err("a call of the library hangs".into()) } else { Ok(()) }
}

fn print_device(device: &DeviceReport) {
    let (info, reading) = (&device.info, &device.reading);
    println!();
    println!("{} ({}), {}", info.id, info.name, info.model.as_deref().unwrap_or("unknown model"));
    let mebibytes = |value: Option<u64>| value.map(|value| (value >> 20).to_string());
    let decimal = |value: Option<f64>| value.map(|value| format!("{value:.3}"));
    let lines = [
        ("state", Some(device.state.as_str().to_owned())),
        ("driver", info.driver_version.clone()),
        ("PCI address", info.pci_address.clone()),
        ("utilization", decimal(reading.utilization)),
        ("memory used, MiB", mebibytes(reading.memory_used)),
        ("memory reserved, MiB", mebibytes(reading.memory_reserved)),
        ("memory total, MiB", mebibytes(reading.memory_total)),
        ("power, W", decimal(reading.power)),
        ("power now, W", decimal(reading.power_instant)),
        ("power limit, W", decimal(reading.power_limit)),
        ("temperature, C", decimal(reading.temperature)),
        ("memory temperature, C", decimal(reading.temperature_memory)),
        ("shuts down at, C", decimal(reading.temperature_critical)),
        ("SM clock, MHz", decimal(reading.clock_sm.map(|hertz| hertz / 1e6))),
        ("tensor active", decimal(reading.tensor_active)),
        ("DRAM active", decimal(reading.dram_active)),
        (
            "throttled by",
            reading.throttle_reasons.map(|throttle| {
                let reasons = ThrottleReason::ALL.into_iter().filter(|reason| throttle.contains(*reason));
                let names: Vec<_> = reasons.map(ThrottleReason::as_str).collect();
                if names.is_empty() { "nothing".to_owned() } else { names.join(" ") }
            }),
        ),
        ("ECC errors corrected", reading.ecc_corrected.map(|count| count.to_string())),
        ("rows replaced", reading.remapped_rows_uncorrected.map(|count| count.to_string())),
        ("bytes over PCIe", reading.pcie_sent.map(|count| count.to_string())),
        ("bytes over NVLink", reading.nvlink_sent.map(|count| count.to_string())),
        (
            "used by",
            reading.processes.as_ref().map(|found| {
                let work_ratio =
                    found.work_ratio.map_or_else(String::new, |ratio| format!(", own work ratio {ratio:.2}"));
                format!("{} own, {} other, {} unknown{work_ratio}", found.ours, found.others, found.unknown)
            }),
        ),
        ("energy source", device.energy_source.map(|source| source.as_str().to_owned())),
        ("counter period, ms", decimal(device.counter_period.map(|period| period.as_secs_f64() * 1e3))),
        ("peak memory, GB/s", info.peak_bytes_per_second.map(|peak| (peak / 1_000_000_000).to_string())),
        ("peak 16-bit, TFLOP/s", info.peak_flops.map(|peak| (peak / 1_000_000_000_000).to_string())),
    ];
    for (name, value) in lines {
        println!("  {name:24} {}", value.as_deref().unwrap_or("absent"));
    }
    let attributed = device.request_joules + device.idle_joules + device.unattributed_joules;
    println!(
        "  {:24} {:.3} J = {:.3} request + {:.3} idle + {:.3} unattributed: {}",
        "measured",
        device.measured_joules,
        device.request_joules,
        device.idle_joules,
        device.unattributed_joules,
        if (attributed - device.measured_joules).abs() < 1e-6 { "adds up" } else { "DOES NOT ADD UP" },
    );
}

/// Prints the mean time of each driver call, from the histogram on the page.
fn print_call_durations(page: &str) {
    let mut sums: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
    for line in page.lines() {
        let Some(rest) = line.strip_prefix("llmobs_gpu_sampler_call_duration_seconds_") else { continue };
        let index = match rest.split('{').next() {
            Some("sum") => 0,
            Some("count") => 1,
            _ => continue,
        };
        let call = rest.split('"').nth(1).unwrap_or_default();
        let value = line.rsplit(' ').next().and_then(|value| value.parse().ok()).unwrap_or(0.0);
        sums.entry(call).or_default()[index] = value;
    }
    println!();
    println!("duration of driver calls");
    for (call, [sum, count]) in sums {
        println!("  {call:24} {:10.1} us, mean of {count}", sum / count * 1e6);
    }
    println!();
}
