//! The services of this repository: `axum-chat` and the examples `gateway` and `client`.

use std::io::BufRead;
use std::io::BufReader;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;

use serde_json::Value;

use super::program::Program;

/// The address for a free port.
pub(crate) const ANY_PORT: &str = "127.0.0.1:0";

/// A running service.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) address: String,
    /// Ends with the service.
    _program: Program,
}

impl Service {
    /// Starts `axum-chat` with the synthetic engine, and waits until it listens.
    pub(crate) fn chat(
        binaries: &Path,
        listen: &str,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Result<Self, String> {
        let mut command = Command::new(binaries.join("axum-chat"));
        command.args(["--engine", "synthetic", "--listen", listen]).args(arguments);
        Self::start("axum-chat", command.envs(variables.iter().copied()))
    }

    /// Starts `axum-chat` with the simulated GPUs that the variables of `fake-nvml` describe.
    pub(crate) fn with_gpus(
        binaries: &Path,
        listen: &str,
        gpus: &[(&str, &str)],
        arguments: &[&str],
    ) -> Result<Self, String> {
        let gpu = simulated_gpu(binaries);
        Self::chat(binaries, listen, gpus, &[arguments, &["--gpu", &gpu]].concat())
    }

    /// Starts the example `gateway` in front of an address, and waits until it listens.
    pub(crate) fn gateway(binaries: &Path, listen: &str, upstream: &str, arguments: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(binaries.join("examples/gateway"));
        command.args(["--listen", listen, "--model", "synthetic", "--upstream", &format!("http://{upstream}")]);
        Self::start("gateway", command.args(arguments))
    }

    /// Starts the example `client`, which calls an address, and waits until it listens.
    pub(crate) fn client(binaries: &Path, listen: &str, server: &str, arguments: &[&str]) -> Result<Self, String> {
        let mut command = Command::new(binaries.join("examples/client"));
        command.args(["--listen", listen, "--model", "synthetic", "--server", &format!("http://{server}")]);
        Self::start("client", command.args(arguments))
    }

    fn start(name: &str, command: &mut Command) -> Result<Self, String> {
        let mut program = Program::start(name, command.stdout(Stdio::piped()).stderr(Stdio::null()))?;
        let output = program.take_output().ok_or_else(|| format!("{name} has no output"))?;
        let mut lines = BufReader::new(output).lines().map_while(Result::ok);
        let address = lines.by_ref().find_map(|line| {
            let fields: Value = serde_json::from_str(&line).ok()?;
            fields["address"].as_str().map(str::to_owned)
        });
        // The rest of the log is read, so that the service never waits for its reader.
        thread::spawn(move || lines.for_each(drop));
        let address = address.ok_or_else(|| format!("{name} did not start"))?;
        Ok(Self { address, _program: program })
    }
}

/// Starts the three services of the load, as one job: one that works, has little memory and a simulated GPU, and exports to
/// `endpoint`; one whose engine panics; one that ends after the load of `ops-live`.
pub(crate) fn start_three(binaries: &Path, endpoint: &str) -> Result<Vec<Service>, String> {
    let gpu = simulated_gpu(binaries);
    let healthy = [
        "--gpu",
        &gpu,
        "--prefix-cache",
        "--kv-blocks",
        "30",
        "--block-size",
        "16",
        "--max-running",
        "6",
        "--queue",
        "6",
        "--synthetic-bytes",
        "65536",
        "--synthetic-token",
        "15ms",
    ];
    let gpu_values = GPU_VALUES.join(";");
    let exporting = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "3000"),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "32"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "64"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "32"),
        ("FAKE_NVML_WATTS", LOAD_WATTS),
        ("FAKE_NVML_VALUES", &gpu_values),
    ];
    Ok(vec![
        Service::chat(binaries, ANY_PORT, &exporting, &healthy)?,
        Service::chat(binaries, ANY_PORT, &[], &["--fail", "panic@4"])?,
        Service::chat(binaries, ANY_PORT, &[], &[])?,
    ])
}

/// One simulated GPU, and two. The power has steps of watts and milliseconds.
pub(crate) const ONE_GPU: [(&str, &str); 1] = [("FAKE_NVML_WATTS", "250")];
pub(crate) const TWO_GPUS: [(&str, &str); 1] = [("FAKE_NVML_WATTS", "90:300,400:200; 250")];

/// The power of the two simulated GPUs under the load.
const LOAD_WATTS: &str = "120:10000,420:5000; 90:10000,250:5000";

/// The other values of the simulated GPUs: ten seconds with little work and five with much, in which heat reduces the clocks
/// (the reason 32) and errors occur.
const GPU_VALUES: [&str; 16] = [
    "utilization=12:10000,64:5000",
    "utilization_memory=8:10000,41:5000",
    "memory_used=11000000000:10000,23000000000:5000",
    "temperature=58:10000,83:5000",
    "clock_sm_mhz=1755:10000,1290:5000",
    "gpm_sm=1900:10000,8850:5000",
    "gpm_tensor=600:10000,4200:5000",
    "gpm_dram=1500:10000,7700:5000",
    "reasons=0:10000,32:5000",
    "violation_thermal_ns+=0:10000,600000000:5000",
    "ecc_corrected+=0:10000,2:5000",
    "xid=0:10000,13:5000",
    "pcie_replays+=0:10000,1:5000",
    "pcie_rx_bytes+=200000000:10000,2000000000:5000",
    "pcie_tx_bytes+=100000000:10000,900000000:5000",
    "nvlink_tx_kib+=1000:10000,90000:5000",
];

/// Returns the argument of `--gpu` for the library that simulates NVIDIA's.
pub(crate) fn simulated_gpu(binaries: &Path) -> String {
    format!("nvml:{}", binaries.join("libfake_nvml.so").display())
}
