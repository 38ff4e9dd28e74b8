//! NVIDIA's own Python client and this crate read the same values from the fake library: two clients that know nothing
//! of each other, over one library.

#![cfg(all(target_os = "linux", feature = "nvml"))]

#[path = "support/fake.rs"]
mod fake;
#[path = "../../tests/support/pip.rs"]
#[expect(clippy::unwrap_used, unreachable_pub, reason = "it belongs to the tests of the whole")]
mod pip;

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use llmobs::Observer;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::Sampler;

use fake::Fake;

/// NVIDIA's client, and its version.
const PACKAGE: &str = "nvidia-ml-py==13.615.71";

const PROGRAM: &str = "
import pynvml as n
n.nvmlInit()
say = lambda name, value: print(name, value.decode() if isinstance(value, bytes) else value, sep='=')
say('driver', n.nvmlSystemGetDriverVersion())
say('count', n.nvmlDeviceGetCount())
for index in range(n.nvmlDeviceGetCount()):
    gpu = n.nvmlDeviceGetHandleByIndex(index)
    tell = lambda name, value: say(f'{index}.{name}', value)
    tell('id', n.nvmlDeviceGetUUID(gpu))
    tell('model', n.nvmlDeviceGetName(gpu))
    tell('serial', n.nvmlDeviceGetSerial(gpu))
    rates = n.nvmlDeviceGetUtilizationRates(gpu)
    tell('utilization', rates.gpu)
    tell('memory_busy', rates.memory)
    memory = n.nvmlDeviceGetMemoryInfo(gpu, version=n.nvmlMemory_v2)
    tell('memory_total', memory.total)
    tell('memory_used', memory.used)
    tell('memory_reserved', memory.reserved)
    tell('power', n.nvmlDeviceGetPowerUsage(gpu))
    tell('power_limit', n.nvmlDeviceGetEnforcedPowerLimit(gpu))
    tell('energy', n.nvmlDeviceGetTotalEnergyConsumption(gpu))
    tell('temperature', n.nvmlDeviceGetTemperature(gpu, n.NVML_TEMPERATURE_GPU))
    tell('clock_sm', n.nvmlDeviceGetClockInfo(gpu, n.NVML_CLOCK_SM))
    tell('replays', n.nvmlDeviceGetPcieReplayCounter(gpu))
    fields = n.nvmlDeviceGetFieldValues(gpu, [(138, 0xFFFFFFFF), 82, 143, 193, 198])
    tell('links_sent', fields[0].value.ullVal)
    tell('temperature_memory', fields[1].value.uiVal)
    tell('rows_uncorrected', fields[2].value.ulVal)
    tell('shutdown', fields[3].value.siVal)
    tell('io_received', fields[4].value.ullVal)
n.nvmlShutdown()
";

#[test]
fn nvidias_own_client_reads_the_same_values() {
    let fake = Fake::new();
    // The client finds its library by name.
    let folder = fake.path().with_extension("folder");
    fs::create_dir_all(&folder).unwrap();
    fs::copy(fake.path(), folder.join("libnvidia-ml.so.1")).unwrap();
    let said = Command::new("python3")
        .args(["-c", PROGRAM])
        .env("PYTHONPATH", pip::package(PACKAGE))
        .env("LD_LIBRARY_PATH", &folder)
        .output()
        .unwrap();
    fs::remove_dir_all(&folder).unwrap();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
    let text = String::from_utf8(said.stdout).unwrap();
    let theirs: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();

    let observer = Observer::builder().build().unwrap();
    let sampler = Sampler::builder().backend(NvmlBackend::at(fake.path())).start(&observer).unwrap();
    let start = observer.now();
    while sampler.devices().len() != 2 || sampler.devices().iter().any(|gpu| gpu.reading.replays.is_none()) {
        assert!(observer.now().since(start) < Duration::from_secs(5));
        std::thread::sleep(Duration::from_millis(2));
    }
    let ours = sampler.devices();
    assert_eq!(theirs["count"], ours.len().to_string());
    for (index, gpu) in ours.iter().enumerate() {
        let reading = &gpu.reading;
        let theirs = |name: &str| theirs[format!("{index}.{name}").as_str()].to_owned();
        let number = |name: &str| theirs(name).parse::<f64>().unwrap();
        assert_eq!(theirs("id"), gpu.info.id);
        assert_eq!(Some(theirs("model")), gpu.info.model);
        assert_eq!(Some(theirs("serial")), gpu.info.serial);
        for (name, ours) in [
            ("utilization", reading.utilization.map(|share| share * 100.0)),
            ("memory_busy", reading.memory_busy.map(|share| share * 100.0)),
            ("memory_total", reading.memory_total.map(|bytes| bytes as f64)),
            ("memory_used", reading.memory_used.map(|bytes| bytes as f64)),
            ("memory_reserved", reading.memory_reserved.map(|bytes| bytes as f64)),
            ("power", reading.power.map(|watts| watts * 1e3)),
            ("power_limit", reading.power_limit.map(|watts| watts * 1e3)),
            ("energy", reading.energy.map(|microjoules| microjoules as f64 / 1e3)),
            ("temperature", reading.temperature),
            ("temperature_memory", reading.temperature_memory),
            ("clock_sm", reading.clock_sm.map(|hertz| hertz / 1e6)),
            ("replays", reading.replays.map(|count| count as f64)),
            ("links_sent", reading.links_sent.map(|bytes| bytes as f64 / 1_024.0)),
            ("rows_uncorrected", reading.rows_uncorrected.map(|rows| rows as f64)),
            ("io_received", reading.io_received.map(|bytes| bytes as f64)),
        ] {
            assert!((number(name) - ours.unwrap()).abs() < 1e-6, "{name}: {} and {ours:?}", number(name));
        }
        assert!((number("shutdown") + 8.0).abs() < 1e-9, "a signed field");
    }
}
