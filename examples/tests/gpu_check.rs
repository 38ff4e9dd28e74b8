//! Tests the five-minute check with the fake library and a device under simulated load.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "it has a `main` of its own")]
#[path = "../gpu_check.rs"]
mod gpu_check;

use std::env;
use std::process::Command;

use clap::Parser;

const CHILD: &str = "LLMOBS_TEST_GPU";

/// Runs the check in a separate process and returns its output.
fn printed(gpu: &str) -> String {
    let output = Command::new(env::current_exe().unwrap())
        .args(["the_check_itself", "--exact", "--nocapture"])
        .envs([(CHILD, gpu), ("FAKE_NVML_WATTS", "350")])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn the_check_itself() {
    let Ok(gpu) = env::var(CHILD) else { return };
    let arguments = ["gpu_check", "--gpu", gpu.as_str(), "--seconds", "3"];
    gpu_check::check(gpu_check::Arguments::parse_from(arguments)).unwrap();
}

#[test]
fn a_device_that_takes_350_watts_is_seen_to_and_an_operation_of_a_second_has_its_energy() {
    let library = env::current_exe().unwrap().with_file_name("libfake_nvml.so");
    let text = printed(&format!("nvml:{}", library.display()));
    let line = |start: &str| text.lines().find_map(|line| line.trim_start().strip_prefix(start)).unwrap().trim();
    let number = |start: &str| line(start).split(' ').next().unwrap().parse::<f64>().unwrap();
    assert_eq!(line("collector:"), "ok");
    assert_eq!((line("power, W"), line("power now, W")), ("350.000", "350.000"));
    assert_eq!(line("energy comes from"), "counter");
    assert!((40.0..500.0).contains(&number("counter moves every, ms")));
    // The expected energy of one second, with a tolerance for a busy machine and two periods of the counter.
    assert!((280.0..700.0).contains(&number("operation:")));
    assert!(line("operation:").ends_with("by counter, complete: true, beside others: false"));
    assert!(number("measured") >= number("operation:") && line("measured").ends_with("unattributed: adds up"));
    assert!(number("energy  ") > 0.0, "what a question costs is in microseconds");
    assert_eq!(line("stopped in time:"), "true");
}

#[test]
fn a_machine_without_a_gpu_is_told_so() {
    let text = printed("nvml:/nowhere/libnvidia-ml.so.1");
    assert!(text.contains("collector: no_driver\nno GPU is sampled here"), "{text}");
}
