//! Tests the five-minute check with the fake library and a device under simulated load.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "the example has its own `main`")]
#[path = "../gpu_check.rs"]
mod gpu_check;

use std::env;
use std::process::Command;

use clap::Parser;

const CHILD_GPU_VARIABLE: &str = "LLMOBS_TEST_GPU";

/// Runs the check in a separate process and returns its output.
fn run_in_child(gpu: &str) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["run_check_in_child", "--exact", "--nocapture"])
        .envs([(CHILD_GPU_VARIABLE, gpu), ("FAKE_NVML_WATTS", "350")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn run_check_in_child() {
    let Ok(gpu) = env::var(CHILD_GPU_VARIABLE) else { return };
    let arguments = ["gpu_check", "--gpu", gpu.as_str(), "--seconds", "3"];
    gpu_check::run_check(gpu_check::Arguments::parse_from(arguments)).unwrap();
}

#[test]
fn the_check_reports_a_device_of_350_watts_and_the_energy_of_an_operation() {
    let library = env::current_exe().unwrap().with_file_name("libfake_nvml.so");
    let text = run_in_child(&format!("nvml:{}", library.display()));
    let line = |start: &str| text.lines().find_map(|line| line.trim_start().strip_prefix(start)).unwrap().trim();
    let number = |start: &str| line(start).split(' ').next().unwrap().parse::<f64>().unwrap();
    assert_eq!(line("collector:"), "ok");
    assert_eq!((line("power, W"), line("power now, W")), ("350.000", "350.000"));
    assert_eq!(line("energy source"), "counter");
    assert!((40.0..500.0).contains(&number("counter period, ms")));
    // The expected energy of one second, with a tolerance for a busy machine and two periods of the counter.
    assert!((280.0..700.0).contains(&number("operation:")));
    assert!(line("operation:").ends_with("by counter, complete: true, shared: false"));
    assert!(number("measured") >= number("operation:") && line("measured").ends_with("unattributed: adds up"));
    assert!(number("energy  ") > 0.0, "call durations are in microseconds");
    assert_eq!(line("stopped in time:"), "true");
}

#[test]
fn a_machine_without_a_gpu_is_reported() {
    let text = run_in_child("nvml:/nowhere/libnvidia-ml.so.1");
    assert!(text.contains("collector: no_driver\nno GPU is sampled on this machine"), "{text}");
}
