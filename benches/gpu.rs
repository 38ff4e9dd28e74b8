//! Measures the cost of the GPU sampler: CPU time of its threads by cadence and number of GPUs, and calls of the driver
//! library. The fake library answers immediately, so the measured time is the sampler's own work.

use std::fs;
use std::thread;
use std::time::Duration;

use llmobs::Observer;
use llmobs::engine::SequenceWork;
use llmobs_benches::Table;
use llmobs_benches::is_quick;
use llmobs_benches::report_budget;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::Sampler;

use llmobs_tests::fake_library::Fake;

fn main() {
    // Long enough for readings with a period of 30 seconds.
    let time = Duration::from_secs(if is_quick() { 1 } else { 30 });
    let mut table = Table::new(&["sampler", "calls a second", "CPU of one core", "CPU time an hour"]);
    let mut normal = 0.0;
    for (name, gpus, operations, processes, steps) in [
        ("1 GPU, nothing runs", 1, 0, false, false),
        ("1 GPU, nothing runs, asked who uses it", 1, 0, true, false),
        ("1 GPU, 4 operations run", 1, 4, false, false),
        ("1 GPU, 64 operations run", 1, 64, false, false),
        ("1 GPU, 64 operations run, in 40 steps a second", 1, 64, false, true),
        ("8 GPUs, nothing runs", 8, 0, false, false),
        ("8 GPUs, 64 operations run", 8, 64, false, false),
        ("8 GPUs, 64 operations run, in 40 steps a second", 8, 64, false, true),
    ] {
        let (calls, cpu_ratio) = measure(gpus, operations, processes, steps, time);
        if gpus == 1 && operations == 0 && !processes {
            normal = cpu_ratio;
        }
        let hour = format!("{:.2} s", cpu_ratio * 3_600.0);
        table.row(&[name, &format!("{calls:.1}"), &format!("{:.4} %", cpu_ratio * 100.0), &hour]);
    }
    table.print();
    report_budget("the sampler at its normal cadence", normal * 100.0, 0.1, " % of one core");
}

/// Returns the calls per second, and the CPU time as a ratio of the elapsed time. With `has_steps`, an engine names all
/// operations in each of its steps.
fn measure(gpus: u32, operations: usize, processes: bool, has_steps: bool, time: Duration) -> (f64, f64) {
    let fake = Fake::new();
    fake.devices(gpus);
    // Two processes on each GPU, so that the sampler reads the utilization of each process.
    (0..gpus).for_each(|gpu| fake.process(gpu, std::process::id(), 1 << 30, 60));
    (0..gpus).for_each(|gpu| fake.process(gpu, u32::MAX, 1 << 30, 20));
    let observer = Observer::builder().model("m").build().unwrap();
    let builder = Sampler::builder().backend(NvmlBackend::at(fake.path())).read_processes(processes);
    let sampler = builder.start(&observer).unwrap();
    let engine = observer.engine("m").build();
    let running: Vec<_> = (0..operations).map(|_| observer.chat("m").start()).collect();
    // Excludes the calls at start-up.
    thread::sleep(time / 10);
    let (calls, cpu) = (fake.all_calls(), cpu_time());
    let start = observer.now();
    let mut energy = 1_000_000;
    while observer.now().since(start) < time {
        // The counter changes ten times a second, as on a real device.
        for _ in 0..4 {
            let mut step = engine.step();
            thread::sleep(Duration::from_millis(25));
            let work = SequenceWork::new().decode_tokens(1).context_tokens(1_000);
            let named = running.iter().filter(|_| has_steps);
            named.for_each(|operation| step.add_sequence(operation.marker(), work));
            step.finish();
        }
        energy += 35_000;
        (0..gpus).for_each(|gpu| fake.set(gpu, "energy_mj", energy));
    }
    let elapsed = observer.now().since(start).as_secs_f64();
    let (calls, cpu) = (fake.all_calls() - calls, cpu_time() - cpu);
    drop((running, sampler));
    (calls as f64 / elapsed, cpu.as_secs_f64() / elapsed)
}

/// Returns the CPU time of the running sampler threads, as counted by the kernel.
fn cpu_time() -> Duration {
    let tasks = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let sampler_threads = tasks
        .filter(|task| fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.starts_with("llmobs-gpu")));
    let nanos = sampler_threads.filter_map(|task| {
        let schedstat = fs::read_to_string(task.path().join("schedstat")).ok()?;
        schedstat.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(nanos.sum())
}
