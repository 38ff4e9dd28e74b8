//! NVIDIA's own Python client and this crate read the same values from the fake library: two independent
//! implementations of a client over the same library.

#![cfg(all(target_os = "linux", feature = "nvml"))]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::time::Duration;

use llmobs::Observer;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::Sampler;

use llmobs_tests::fake_library::Fake;

/// The PyPI package of NVIDIA's client, with its version.
const PACKAGE: &str = "nvidia-ml-py==13.615.71";

const PROGRAM: &str = "
import ctypes, os
import pynvml as n
n.nvmlInit()
fake, me = ctypes.CDLL('libnvidia-ml.so.1'), int(os.environ['ME'])
fake.fake_devices(3)
fake.fake_process(0, me, ctypes.c_uint64(9 << 30), 60, False)
fake.fake_process(0, 4000000001, ctypes.c_uint64(1 << 30), 20, False)
fake.fake_process(0, 4000000002, ctypes.c_uint64(2 << 30), 0, True)
fake.fake_mig(2, 2)
def activity(take):
    first, second = n.nvmlGpmSampleAlloc(), n.nvmlGpmSampleAlloc()
    take(first)
    take(second)
    ask = n.c_nvmlGpmMetricsGet_t()
    ask.version, ask.sample1, ask.sample2 = n.NVML_GPM_METRICS_GET_VERSION, first, second
    ids = (2, 3, 5, 10, 20, 21)
    ask.numMetrics = len(ids)
    for place, metric in enumerate(ids):
        ask.metrics[place].metricId = metric
    n.nvmlGpmMetricsGet(ask)
    n.nvmlGpmSampleFree(first)
    n.nvmlGpmSampleFree(second)
    return [ask.metrics[place].value if ask.metrics[place].nvmlReturn == 0 else None for place in range(len(ids))]
say = lambda name, value: print(name, value.decode() if isinstance(value, bytes) else value, sep='=')
say('driver', n.nvmlSystemGetDriverVersion())
say('count', n.nvmlDeviceGetCount())
for index in range(2):
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
    tell('reasons', n.nvmlDeviceGetCurrentClocksEventReasons(gpu))
    tell('temperature_v', n.nvmlDeviceGetTemperatureV(gpu, n.NVML_TEMPERATURE_GPU))
    tell('margin', n.nvmlDeviceGetMarginTemperature(gpu))
    for name, value in zip(('sm', 'occupancy', 'tensor', 'dram', 'sent', 'received'),
                           activity(lambda sample: n.nvmlGpmSampleGet(gpu, sample))):
        tell(name, value)
gpu = n.nvmlDeviceGetHandleByIndex(0)
held = n.nvmlDeviceGetComputeRunningProcesses(gpu)
drawn = n.nvmlDeviceGetGraphicsRunningProcesses(gpu)
say('memory_ours', sum(process.usedGpuMemory for process in held if process.pid == me))
say('memory_others', sum(process.usedGpuMemory for process in held + drawn if process.pid != me))
work = n.nvmlDeviceGetProcessUtilization(gpu, 0)
say('work_ours', sum(sample.smUtil for sample in work if sample.pid == me))
say('work', sum(sample.smUtil for sample in work))
whole = n.nvmlDeviceGetHandleByIndex(2)
for place in range(2):
    part = n.nvmlDeviceGetMigDeviceHandleByIndex(whole, place)
    number = n.nvmlDeviceGetGpuInstanceId(part)
    say(f'part.{place}.id', n.nvmlDeviceGetUUID(part))
    say(f'part.{place}.number', number)
    say(f'part.{place}.used', n.nvmlDeviceGetMemoryInfo(part, version=n.nvmlMemory_v2).used)
    say(f'part.{place}.sm', activity(lambda sample: n.nvmlGpmMigSampleGet(whole, number, sample))[0])
n.nvmlShutdown()
";

#[test]
fn nvidias_own_client_reads_the_same_values() {
    let fake = Fake::new();
    let pid = std::process::id();
    fake.devices(3);
    fake.process(0, pid, 9 << 30, 60);
    fake.process(0, 4_000_000_001, 1 << 30, 20);
    fake.process_that(0, 4_000_000_002, 2 << 30, 0, true);
    fake.mig(2, 2);
    // The client finds the library by its file name.
    let directory = fake.path().with_extension("folder");
    fs::create_dir_all(&directory).unwrap();
    fs::copy(fake.path(), directory.join("libnvidia-ml.so.1")).unwrap();
    let output = Command::new("python3")
        .args(["-c", PROGRAM])
        .env("PYTHONPATH", llmobs_tests::python_package::package_dir(PACKAGE))
        .env("LD_LIBRARY_PATH", &directory)
        .env("ME", pid.to_string())
        .output()
        .unwrap();
    fs::remove_dir_all(&directory).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let theirs: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();

    let observer = Observer::builder().build().unwrap();
    let backend = NvmlBackend::at(fake.path());
    let sampler = Sampler::builder().backend(backend).read_processes(true).start(&observer).unwrap();
    let start = observer.now();
    // Activity is computed from two samples.
    while sampler.devices().len() != 5 || sampler.devices().iter().any(|gpu| gpu.reading.sm_active.is_none()) {
        assert!(observer.now().since(start) < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(2));
    }
    let (gpus, instances): (Vec<_>, Vec<_>) = sampler.devices().into_iter().partition(|gpu| gpu.info.parent.is_none());
    assert_eq!(theirs["count"], gpus.len().to_string());
    for (index, instance) in instances.iter().enumerate() {
        let theirs = |name: &str| theirs[format!("part.{index}.{name}").as_str()].to_owned();
        assert_eq!(theirs("id"), instance.info.id);
        assert_eq!(theirs("number"), instance.info.mig_instance_id.unwrap().to_string());
        assert_eq!(theirs("used"), instance.reading.memory_used.unwrap().to_string());
        assert!((theirs("sm").parse::<f64>().unwrap() / 100.0 - instance.reading.sm_active.unwrap()).abs() < 1e-9);
    }
    let processes = gpus[0].reading.processes.clone().unwrap();
    let [work_ours, work, memory_ours, memory_others] =
        ["work_ours", "work", "memory_ours", "memory_others"].map(|name| theirs[name].parse::<u64>().unwrap());
    assert_eq!(memory_ours + memory_others, processes.our_memory.unwrap() + processes.other_memory.unwrap());
    // In a container, the process id that the driver reports can differ from the one that this process sees.
    if processes.unknown == 0 {
        assert_eq!((processes.ours, processes.others), (1, 2));
        assert_eq!(Some(memory_ours), processes.our_memory);
        assert!((work_ours as f64 / work as f64 - processes.work_ratio.unwrap()).abs() < 1e-9);
    }
    for (index, gpu) in gpus.iter().take(2).enumerate() {
        let reading = &gpu.reading;
        let theirs = |name: &str| theirs[format!("{index}.{name}").as_str()].to_owned();
        let number = |name: &str| theirs(name).parse::<f64>().unwrap();
        assert_eq!(theirs("id"), gpu.info.id);
        assert_eq!(Some(theirs("model")), gpu.info.model);
        assert_eq!(Some(theirs("serial")), gpu.info.serial_number);
        for (name, ours) in [
            ("utilization", reading.utilization.map(|ratio| ratio * 100.0)),
            ("memory_busy", reading.memory_busy.map(|ratio| ratio * 100.0)),
            ("memory_total", reading.memory_total.map(|bytes| bytes as f64)),
            ("memory_used", reading.memory_used.map(|bytes| bytes as f64)),
            ("memory_reserved", reading.memory_reserved.map(|bytes| bytes as f64)),
            ("power", reading.power.map(|watts| watts * 1e3)),
            ("power_limit", reading.power_limit.map(|watts| watts * 1e3)),
            ("energy", reading.energy_microjoules.map(|microjoules| microjoules as f64 / 1e3)),
            ("temperature", reading.temperature),
            ("temperature_memory", reading.temperature_memory),
            ("clock_sm", reading.clock_sm.map(|hertz| hertz / 1e6)),
            ("replays", reading.pcie_replays.map(|count| count as f64)),
            ("links_sent", reading.nvlink_sent.map(|bytes| bytes as f64 / 1_024.0)),
            ("rows_uncorrected", reading.remapped_rows_uncorrected.map(|rows| rows as f64)),
            ("io_received", reading.pcie_received.map(|bytes| bytes as f64)),
            ("temperature_v", reading.temperature),
            ("sm", reading.sm_active.map(|ratio| ratio * 100.0)),
            ("occupancy", reading.sm_occupancy.map(|ratio| ratio * 100.0)),
            ("tensor", reading.tensor_active.map(|ratio| ratio * 100.0)),
            ("dram", reading.dram_active.map(|ratio| ratio * 100.0)),
            ("sent", reading.pcie_sent_per_second.map(|rate| rate / 1_048_576.0)),
            ("received", reading.pcie_received_per_second.map(|rate| rate / 1_048_576.0)),
        ] {
            assert!((number(name) - ours.unwrap()).abs() < 1e-6, "{name}: {} and {ours:?}", number(name));
        }
        assert!((number("shutdown") + 8.0).abs() < 1e-9, "a signed field must be read");
        let shutdown_limit = number("temperature") + number("margin") - number("shutdown");
        assert!((shutdown_limit - reading.temperature_critical.unwrap()).abs() < 1e-9);
        assert!(theirs("reasons") == "0" && reading.throttle_reasons == Some(llmobs_gpu::ThrottleReasons::default()));
    }
}
