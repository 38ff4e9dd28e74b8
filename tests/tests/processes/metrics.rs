//! The metrics of the process, compared with what a process does that runs nothing else.

use std::env;
use std::fs::File;
use std::process::Command;
use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs::clock::Clock;
use llmobs::metric::RegisterError;
use llmobs::testing::Readings;

const CPU: &str = "process.cpu.time";
const MEMORY: &str = "process.memory.usage";
const UPTIME: &str = "process.uptime";
const FILES: &str = "process.unix.file_descriptor.count";

/// Set in the child process.
const CHILD_VARIABLE: &str = "LLMOBS_TEST_PROCESS_METRICS";

#[test]
fn a_process_reports_its_cpu_time_memory_uptime_and_open_files() {
    let mut child = Command::new(env::current_exe().unwrap());
    child.args(["--exact", "metrics::a_child_process_compares_its_metrics", "--nocapture"]).env(CHILD_VARIABLE, "1");
    let output = child.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn a_child_process_compares_its_metrics() {
    if env::var_os(CHILD_VARIABLE).is_none() {
        return;
    }
    let [observer, other] = [(); 2].map(|()| Observer::builder().level(Level::Core).build().unwrap());
    let watch = llmobs::process::watch(&observer).unwrap();
    let refused = llmobs::process::watch(&other).unwrap_err();
    assert_eq!(refused, RegisterError::NameInUse { name: CPU, in_use_by: CPU });
    let read = |name: &str| Readings::new(&observer).value(name, &[]);

    let (user, uptime) = (cpu_time(&observer, "user"), read(UPTIME));
    let began = observer.now();
    burn_cpu(Duration::from_millis(400));
    let burnt = cpu_time(&observer, "user") - user;
    let passed = observer.now().since(began).as_secs_f64();
    assert!((0.35..passed * 64.0).contains(&burnt), "{burnt} s of CPU time in {passed} s");
    let up = read(UPTIME) - uptime;
    assert!((up - passed).abs() < 0.1 && uptime >= 0.0, "{uptime} s, then {up} s more in {passed} s");
    assert!(cpu_time(&observer, "system") >= 0.0);

    const BYTES: usize = 64 << 20;
    let memory = read(MEMORY);
    let pages = vec![1_u8; BYTES];
    let grown = read(MEMORY) - memory;
    assert!((0.9..1.5).contains(&(grown / BYTES as f64)), "{grown} bytes for {}", std::hint::black_box(&pages).len());

    let files = read(FILES);
    let open: Vec<_> = (0..20).map(|_| File::open("/proc/self/stat").unwrap()).collect();
    assert_eq!(read(FILES) - files, 20.0);
    drop(open);
    assert_eq!(read(FILES), files);
    assert!(files >= 3.0, "standard input, output and error");

    drop(watch);
    assert!(!page(&observer).contains("process_"), "the watch has ended");
    let _watch = llmobs::process::watch(&other).unwrap();
    for line in
        ["process_cpu_time_seconds_total{cpu_mode=\"user\"} ", "process_memory_usage_bytes ", "process_uptime_seconds "]
    {
        assert!(page(&other).contains(line), "{line}");
    }
    assert!(page(&other).contains("process_unix_file_descriptor_count "));
}

fn cpu_time(observer: &Observer, mode: &str) -> f64 {
    Readings::new(observer).value(CPU, &[("cpu.mode", mode)])
}

/// Calculates until this thread has used the CPU for this time, as the kernel counts it.
fn burn_cpu(time: Duration) {
    let clock = Clock::system();
    let began = clock.now();
    let used = || {
        std::fs::read_to_string("/proc/thread-self/schedstat")
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let begin = used();
    let mut sum = 0_u64;
    while used() - begin < time.as_nanos() as u64 {
        assert!(clock.now().since(began) < Duration::from_secs(60));
        sum = (0..100_000_u64).fold(sum, |sum, number| std::hint::black_box(sum.wrapping_mul(31) ^ number));
    }
}

fn page(observer: &Observer) -> String {
    llmobs::prometheus::page(observer, None).body
}
