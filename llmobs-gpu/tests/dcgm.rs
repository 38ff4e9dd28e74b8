//! The page under the names of NVIDIA's DCGM exporter, from the sampler over the real NVML wrapper.

#![cfg(all(target_os = "linux", feature = "nvml"))]
#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::io::Write;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use llmobs::Observer;
use llmobs::catalog::Level;
use llmobs_gpu::DCGM_VIEW;
use llmobs_gpu::NvmlBackend;
use llmobs_gpu::Sampler;
use opentelemetry_sdk::metrics::InMemoryMetricExporter;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use llmobs_tests::fake_library::Fake;

/// Every series of the exporter's default list (`etc/default-counters.csv` of 4.8.3, at commit 7ad5832): name, type,
/// description, and the value of the fake's second device in the unit of the description. `None`: llmobs has no
/// matching reading.
const LIST: &[(&str, &str, &str, Option<&str>)] = &[
    ("DCGM_FI_DEV_SM_CLOCK", "gauge", "SM clock frequency (in MHz).", Some("1755")),
    ("DCGM_FI_DEV_MEM_CLOCK", "gauge", "Memory clock frequency (in MHz).", Some("2619")),
    ("DCGM_FI_DEV_MEMORY_TEMP", "gauge", "Memory temperature (in C).", Some("70")),
    ("DCGM_FI_DEV_GPU_TEMP", "gauge", "GPU temperature (in C).", Some("61")),
    ("DCGM_FI_DEV_POWER_USAGE", "gauge", "Power draw (in W).", Some("350.5")),
    (
        "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",
        "counter",
        "Total energy consumption since boot (in mJ).",
        Some("1000123"),
    ),
    ("DCGM_FI_DEV_PCIE_REPLAY_COUNTER", "counter", "Total number of PCIe retries.", Some("2")),
    ("DCGM_FI_DEV_GPU_UTIL", "gauge", "GPU utilization (in %).", Some("29")),
    ("DCGM_FI_DEV_MEM_COPY_UTIL", "gauge", "Memory utilization (in %).", Some("21")),
    ("DCGM_FI_DEV_ENC_UTIL", "gauge", "Encoder utilization (in %).", Some("0")),
    ("DCGM_FI_DEV_DEC_UTIL", "gauge", "Decoder utilization (in %).", Some("57")),
    ("DCGM_FI_DEV_XID_ERRORS", "gauge", "Value of the last XID error encountered.", Some("0")),
    ("DCGM_FI_DEV_FB_FREE", "gauge", "Framebuffer memory free (in MiB).", Some("70143")),
    ("DCGM_FI_DEV_FB_USED", "gauge", "Framebuffer memory used (in MiB).", Some("11264")),
    ("DCGM_FI_DEV_FB_RESERVED", "gauge", "Framebuffer memory reserved (in MiB).", Some("512")),
    ("DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "gauge", "", None),
    ("DCGM_FI_DEV_VGPU_LICENSE_STATUS", "gauge", "", None),
    (
        "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
        "counter",
        "Number of remapped rows for uncorrectable errors",
        Some("0"),
    ),
    ("DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS", "counter", "Number of remapped rows for correctable errors", Some("1")),
    ("DCGM_FI_DEV_ROW_REMAP_FAILURE", "gauge", "Whether remapping of rows has failed", Some("0")),
    ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "gauge", "Ratio of time the graphics engine is active.", Some("0.91")),
    ("DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "gauge", "Ratio of cycles the tensor (HMMA) pipe is active.", Some("0.42")),
    (
        "DCGM_FI_PROF_DRAM_ACTIVE",
        "gauge",
        "Ratio of cycles the device memory interface is active sending or receiving data.",
        Some("0.77"),
    ),
    (
        "DCGM_FI_PROF_PCIE_TX_BYTES",
        "gauge",
        "The rate of data transmitted over the PCIe bus - including both protocol headers and data payloads - in bytes per \
         second.",
        Some("536870912"),
    ),
    (
        "DCGM_FI_PROF_PCIE_RX_BYTES",
        "gauge",
        "The rate of data received over the PCIe bus - including both protocol headers and data payloads - in bytes per \
         second.",
        Some("268959744"),
    ),
];

/// The series that Grafana's dashboard 12239 queries.
const DASHBOARD: [&str; 6] = [
    "DCGM_FI_DEV_GPU_TEMP",
    "DCGM_FI_DEV_GPU_UTIL",
    "DCGM_FI_DEV_FB_USED",
    "DCGM_FI_DEV_POWER_USAGE",
    "DCGM_FI_DEV_SM_CLOCK",
    "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE",
];

/// Returns two devices; the second one has values that expose rounding and unit errors.
fn fake() -> Fake {
    let fake = Fake::new();
    fake.set(1, "utilization", 29);
    fake.set(1, "decoder", 57);
    fake.set(1, "energy_mj", 1_000_123);
    fake.set(1, "power_mw", 350_500);
    // Memory in MiB is rounded down.
    fake.set(1, "memory_total", (80 << 30) - 1);
    fake
}

fn start_sampler(fake: &Fake, observer: &Observer) -> Sampler {
    Sampler::builder().backend(NvmlBackend::at(fake.path())).start(observer).unwrap()
}

fn page(observer: &Observer) -> String {
    llmobs::prometheus::page(observer, None).body
}

/// Waits until the page fulfils a condition, at most thirty seconds, and returns the next page. A reading may arrive
/// while a page is rendered, so that page can lack some of its lines; the next page has them all.
fn wait_until(observer: &Observer, is_met: impl Fn(&str) -> bool) -> String {
    let start = observer.now();
    loop {
        let page = page(observer);
        if is_met(&page) {
            return self::page(observer);
        }
        assert!(observer.now().since(start) < Duration::from_secs(30), "timed out with this page:\n{}", view(&page));
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Returns whether the page has every reading of both devices. Activity is computed from two samples.
fn has_all_readings(page: &str) -> bool {
    page.matches("DCGM_FI_PROF_DRAM_ACTIVE{").count() == 2
        && page.matches("DCGM_FI_DEV_ROW_REMAP_FAILURE{").count() == 2
}

/// Returns the lines of the DCGM view.
fn view(page: &str) -> String {
    page.lines()
        .filter(|line| line.contains("DCGM_FI_DEV") || line.contains("DCGM_FI_PROF"))
        .fold(String::new(), |text, line| text + line + "\n")
}

fn host() -> String {
    std::env::var("NODE_NAME")
        .unwrap_or_else(|_| fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_owned())
}

fn labels(index: u32, bus: &str) -> String {
    format!(
        "gpu=\"{index}\",UUID=\"GPU-00000000-0000-0000-0000-{index:012}\",pci_bus_id=\"00000000:{bus}:00.0\",\
         device=\"nvidia{index}\",modelName=\"NVIDIA H100 80GB HBM3\",Hostname=\"{}\",\
         DCGM_FI_DRIVER_VERSION=\"580.95.05\"",
        host()
    )
}

#[test]
fn every_series_of_the_default_list_is_on_the_page_in_its_unit() {
    let fake = fake();
    let observer = Observer::builder().model("m").view(&DCGM_VIEW).build().unwrap();
    let sampler = start_sampler(&fake, &observer);
    let page = wait_until(&observer, has_all_readings);
    let mut golden = String::new();
    // The first device has the fake's default values.
    let first: BTreeMap<_, _> = [
        ("DCGM_FI_DEV_POWER_USAGE", "350"),
        ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION", "1000000"),
        ("DCGM_FI_DEV_GPU_UTIL", "37"),
        ("DCGM_FI_DEV_DEC_UTIL", "0"),
        ("DCGM_FI_DEV_FB_FREE", "71168"),
        ("DCGM_FI_DEV_FB_USED", "10240"),
    ]
    .into();
    for (name, kind, description, value) in LIST {
        let Some(value) = value else { continue };
        golden += &format!("# HELP {name} {description}\n# TYPE {name} {kind}\n");
        let code = if *name == "DCGM_FI_DEV_XID_ERRORS" { ",err_code=\"0\"" } else { "" };
        golden += &format!("{name}{{{}{code}}} {}\n", labels(0, "1B"), first.get(name).unwrap_or(value));
        golden += &format!("{name}{{{}{code}}} {value}\n", labels(1, "1C"));
    }
    assert_eq!(view(&page), golden);
    assert!(DASHBOARD.iter().all(|name| golden.contains(&format!("\n{name}{{"))));
    assert!(page.contains("hw_temperature_celsius{"), "the rows of llmobs must also be on the page");
    assert!(sampler.stop());
    assert_eq!(view(&self::page(&observer)), "", "a stopped sampler must have no series");
}

#[test]
fn a_missing_reading_is_absent_and_never_zero() {
    let fake = fake();
    let absent = [
        ("gpm_tensor", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE"),
        ("gpm_pcie_rx", "DCGM_FI_PROF_PCIE_RX_BYTES"),
        ("temperature_memory", "DCGM_FI_DEV_MEMORY_TEMP"),
        ("power_mw", "DCGM_FI_DEV_POWER_USAGE"),
        ("energy_mj", "DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION"),
        ("clock_memory_mhz", "DCGM_FI_DEV_MEM_CLOCK"),
        ("encoder", "DCGM_FI_DEV_ENC_UTIL"),
        ("utilization", "DCGM_FI_DEV_GPU_UTIL"),
        ("utilization", "DCGM_FI_DEV_MEM_COPY_UTIL"),
        ("remapped_failure", "DCGM_FI_DEV_ROW_REMAP_FAILURE"),
        ("remapped_corrected", "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS"),
        ("pcie_replays", "DCGM_FI_DEV_PCIE_REPLAY_COUNTER"),
        ("memory_total", "DCGM_FI_DEV_FB_FREE"),
        ("memory_total", "DCGM_FI_DEV_FB_USED"),
        ("memory_total", "DCGM_FI_DEV_FB_RESERVED"),
    ];
    absent.iter().for_each(|(key, _)| fake.unset(0, key));
    let observer = Observer::builder().model("m").view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    let page = wait_until(&observer, |page| page.matches("DCGM_FI_PROF_DRAM_ACTIVE{").count() == 2);
    let known: BTreeSet<_> = LIST.iter().filter_map(|(name, _, _, value)| value.map(|_| *name)).collect();
    let series_of = |index: u32| -> BTreeSet<&str> {
        let label = format!("gpu=\"{index}\"");
        let series = page.lines().filter_map(|line| line.split_once('{')).filter(|(_, rest)| rest.starts_with(&label));
        series.map(|(name, _)| name).collect()
    };
    let expected = known.iter().copied().filter(|name| absent.iter().all(|(_, absent)| absent != name)).collect();
    assert_eq!(series_of(0), expected);
    assert_eq!(series_of(1), known, "the other device has everything");
}

#[test]
fn the_last_error_stays_until_the_next_one_and_is_not_a_sum() {
    let fake = fake();
    let observer = Observer::builder().model("m").view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    wait_until(&observer, has_all_readings);
    let code = |code: u32| format!("err_code=\"{code}\"}} {code}\n");
    for xid in [63, 31] {
        fake.xid(0, u64::from(xid));
        let page = wait_until(&observer, |page| page.contains(&code(xid)));
        let lines: Vec<_> = page.lines().filter(|line| line.starts_with("DCGM_FI_DEV_XID_ERRORS{")).collect();
        assert!(lines.len() == 2 && lines[1].ends_with("err_code=\"0\"} 0"), "{lines:?}");
    }
}

#[test]
fn mig_instances_are_labeled_with_their_gpu_and_number() {
    let fake = Fake::new();
    fake.devices(1);
    fake.mig(0, 2);
    let observer = Observer::builder().model("m").view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    let page = wait_until(&observer, |page| page.matches("DCGM_FI_DEV_FB_USED{").count() == 3);
    let used: BTreeSet<_> = page.lines().filter(|line| line.starts_with("DCGM_FI_DEV_FB_USED{")).collect();
    for (number, value) in [("7", "1024"), ("8", "1024")] {
        let expected_labels =
            labels(0, "1B").replace(",Hostname", &format!(",GPU_I_PROFILE=\"1g.10gb\",GPU_I_ID=\"{number}\",Hostname"));
        let line = format!("DCGM_FI_DEV_FB_USED{{{expected_labels}}} {value}");
        assert!(used.contains(line.as_str()), "{line} of {used:#?}");
    }
    assert!(used.contains(format!("DCGM_FI_DEV_FB_USED{{{}}} 10240", labels(0, "1B")).as_str()));
}

#[test]
fn a_replacing_view_removes_only_the_rows_that_it_shows() {
    let fake = fake();
    let observer = Observer::builder().model("m").replace_with_view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    let page = wait_until(&observer, has_all_readings);
    for removed in
        ["hw_temperature_celsius{", "hw_gpu_utilization_ratio", "hw_energy_joules", "llmobs_gpu_pcie_replays"]
    {
        assert!(!page.contains(removed), "{removed}");
    }
    for present in ["hw_temperature_limit_celsius{", "hw_status{", "hw_errors_total{", "llmobs_gpu_sm_active_ratio{"] {
        assert!(page.contains(present), "{present}");
    }
}

#[test]
fn a_view_at_the_lowest_level_lacks_only_recorded_rows() {
    let fake = fake();
    let observer = Observer::builder().model("m").level(Level::Core).view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    let page = wait_until(&observer, has_all_readings);
    let names: BTreeSet<_> = view(&page).lines().filter_map(|line| Some(line.split_once('{')?.0.to_owned())).collect();
    let recorded = [
        "DCGM_FI_DEV_PCIE_REPLAY_COUNTER",
        "DCGM_FI_DEV_UNCORRECTABLE_REMAPPED_ROWS",
        "DCGM_FI_DEV_CORRECTABLE_REMAPPED_ROWS",
    ];
    let known = LIST.iter().filter(|(_, _, _, value)| value.is_some()).map(|(name, ..)| *name);
    assert_eq!(names, known.filter(|name| !recorded.contains(name)).map(str::to_owned).collect());
    assert!(!page.contains("hw_temperature_celsius{"), "the rows of llmobs must follow the level");
    assert!(page.contains("} 70143\n"), "reserved memory must not count as free at any level");
}

#[test]
fn open_metrics_has_the_type_unknown_for_a_counter_without_the_total_suffix() {
    let fake = fake();
    let observer = Observer::builder().model("m").view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    wait_until(&observer, has_all_readings);
    let page = llmobs::prometheus::page(&observer, Some("application/openmetrics-text")).body;
    assert!(page.contains("# TYPE DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION unknown\n"));
    assert!(page.contains("# TYPE DCGM_FI_DEV_GPU_TEMP gauge\n"));
    assert!(!view(&page).contains("_total{"));
}

#[test]
fn opentelemetry_has_none_of_the_dcgm_names() {
    let fake = fake();
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder().with_periodic_exporter(exporter.clone()).build();
    let observer =
        Observer::builder().model("m").meter_provider(&provider).replace_with_view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    wait_until(&observer, has_all_readings);
    provider.force_flush().unwrap();
    let batches = exporter.get_finished_metrics().unwrap();
    let metrics = batches.iter().flat_map(|batch| batch.scope_metrics()).flat_map(|scope| scope.metrics());
    let names: BTreeSet<_> = metrics.map(|metric| metric.name().to_owned()).collect();
    assert!(
        names.contains("hw.temperature") && names.contains("hw.energy"),
        "the rows of llmobs must be exported: {names:?}"
    );
    assert!(!format!("{batches:?}").contains("DCGM"));
}

#[test]
fn promtool_has_the_same_remarks_on_the_view_as_on_the_exporter() {
    let fake = fake();
    let observer = Observer::builder().model("m").view(&DCGM_VIEW).build().unwrap();
    let _sampler = start_sampler(&fake, &observer);
    let page = wait_until(&observer, has_all_readings);
    let promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = match promtool {
        Ok(promtool) => promtool,
        Err(error) if error.kind() == ErrorKind::NotFound && std::env::var_os("CI").is_none() => {
            println!("skipped, since promtool (of the Debian package prometheus) is not there");
            return;
        }
        Err(error) => panic!("promtool is needed, of the Debian package prometheus: {error}"),
    };
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    // Exit code 3: the page is valid, with remarks on style.
    assert_eq!(output.status.code(), Some(3), "{text}");
    for line in text.lines() {
        let exporter_remarks = [
            "metric name should not include type 'counter'",
            "counter metrics should have \"_total\" suffix",
            "label names should be written in 'snake_case' not 'camelCase'",
            "metric names should be written in 'snake_case' not 'camelCase'",
        ];
        assert!(line.starts_with("DCGM_FI_") && exporter_remarks.iter().any(|remark| line.contains(remark)), "{line}");
    }
}
