//! AMD GPUs, read from a directory tree with the layout of the kernel driver.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use llmobs_gpu::AmdBackend;
use llmobs_gpu::DriverCall;
use llmobs_gpu::GpuBackend;
use llmobs_gpu::GpuError;
use llmobs_gpu::Reading;

/// A generated `/sys/class/drm` tree.
struct Tree(PathBuf);

impl Tree {
    /// Creates a tree with one AMD card, one connector of that card, and one card of another vendor.
    fn new() -> Self {
        static TREES: AtomicU32 = AtomicU32::new(0);
        let number = TREES.fetch_add(1, Ordering::Relaxed);
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("amd-{}-{number}", std::process::id()));
        let tree = Self(root);
        for (file, text) in [
            ("vendor", "0x1002"),
            ("unique_id", "1a2b3c4d5e6f7081"),
            ("product_name", "AMD Instinct MI300X"),
            ("serial_number", "692251001124"),
            ("vbios_version", "113-M3000100-102"),
            ("gpu_busy_percent", "83"),
            ("mem_busy_percent", "41"),
            ("mem_info_vram_total", "206141652992"),
            ("mem_info_vram_used", "103070826496"),
            ("hwmon/hwmon4/power1_average", "612000000"),
            ("hwmon/hwmon4/power1_cap", "750000000"),
            ("hwmon/hwmon4/energy1_input", "123456789"),
            ("hwmon/hwmon4/temp1_input", "45000"),
            ("hwmon/hwmon4/temp2_input", "61000"),
            ("hwmon/hwmon4/temp2_crit", "110000"),
            ("hwmon/hwmon4/temp3_input", "52000"),
            ("hwmon/hwmon4/freq1_input", "2100000000"),
            ("hwmon/hwmon4/freq2_input", "1300000000"),
        ] {
            tree.write(&format!("bus/0000:03:00.0/{file}"), text);
        }
        tree.write("bus/0000:00:02.0/vendor", "0x8086");
        for (card, address) in [("card0", "0000:00:02.0"), ("card1", "0000:03:00.0")] {
            fs::create_dir_all(tree.0.join("drm").join(card)).unwrap();
            let device = tree.0.join("drm").join(card).join("device");
            std::os::unix::fs::symlink(tree.0.join("bus").join(address), device).unwrap();
        }
        fs::create_dir_all(tree.0.join("drm/card1-DP-1")).unwrap();
        tree
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("{text}\n")).unwrap();
    }

    fn remove(&self, file: &str) {
        fs::remove_file(self.0.join("bus/0000:03:00.0").join(file)).unwrap();
    }

    fn backend(&self) -> AmdBackend {
        let mut backend = AmdBackend::at(self.0.join("drm"));
        backend.open().unwrap();
        assert_eq!(
            backend.devices().unwrap().len(),
            1,
            "neither the connector nor the card of the other vendor must be found"
        );
        backend
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn a_card_is_found_and_described() {
    let tree = Tree::new();
    let mut backend = AmdBackend::at(tree.0.join("drm"));
    backend.open().unwrap();
    let info = backend.devices().unwrap().remove(0);
    assert_eq!((info.id.as_str(), info.name.as_str(), info.vendor), ("1a2b3c4d5e6f7081", "card1", "AMD"));
    assert_eq!(info.model.as_deref(), Some("AMD Instinct MI300X"));
    assert_eq!(info.pci_address.as_deref(), Some("0000:03:00.0"));
    assert_eq!(info.serial_number.as_deref(), Some("692251001124"));
}

#[test]
fn every_reading_is_in_its_documented_unit() {
    let tree = Tree::new();
    let mut backend = tree.backend();
    let mut reading = Reading::default();
    let answers: Vec<_> = DriverCall::ALL.into_iter().map(|call| (call, backend.read(0, call, &mut reading))).collect();
    let answered: Vec<_> = answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(call, _)| *call).collect();
    assert_eq!(answered.len(), 8, "{answers:?}");
    assert_eq!((reading.utilization, reading.memory_busy), (Some(0.83), Some(0.41)));
    assert_eq!((reading.memory_total, reading.memory_used), (Some(206_141_652_992), Some(103_070_826_496)));
    assert_eq!((reading.power, reading.power_limit), (Some(612.0), Some(750.0)));
    assert_eq!(reading.energy_microjoules, Some(123_456_789), "microjoules");
    assert_eq!(
        (reading.temperature, reading.temperature_memory),
        (Some(61.0), Some(52.0)),
        "the temperature of the junction"
    );
    assert_eq!(reading.temperature_critical, Some(110.0));
    assert_eq!((reading.clock_sm, reading.clock_memory), (Some(2.1e9), Some(1.3e9)));
    assert_eq!(reading.memory_reserved, None);
}

#[test]
fn a_reading_without_its_file_is_absent() {
    let tree = Tree::new();
    let mut backend = tree.backend();
    let mut reading = Reading::default();
    tree.remove("mem_busy_percent");
    tree.remove("hwmon/hwmon4/energy1_input");
    tree.remove("hwmon/hwmon4/temp2_input");
    backend.read(0, DriverCall::Utilization, &mut reading).unwrap();
    assert_eq!((reading.utilization, reading.memory_busy), (Some(0.83), None));
    assert_eq!(backend.read(0, DriverCall::Energy, &mut reading), Err(GpuError::NotSupported));
    backend.read(0, DriverCall::Temperature, &mut reading).unwrap();
    assert_eq!(reading.temperature, Some(45.0), "the temperature of the edge, without that of the junction");
    tree.write("bus/0000:03:00.0/gpu_busy_percent", "N/A");
    assert_eq!(backend.read(0, DriverCall::Utilization, &mut reading), Err(GpuError::NoData));
    assert_eq!(backend.read(0, DriverCall::Ecc, &mut reading), Err(GpuError::NotSupported));
}

#[test]
fn the_power_file_of_a_newer_kernel_is_read() {
    let tree = Tree::new();
    let mut backend = tree.backend();
    tree.remove("hwmon/hwmon4/power1_average");
    tree.write("bus/0000:03:00.0/hwmon/hwmon4/power1_input", "598000000");
    let mut reading = Reading::default();
    backend.read(0, DriverCall::Power, &mut reading).unwrap();
    assert_eq!((reading.power, reading.power_instant), (Some(598.0), Some(598.0)));
}

#[test]
fn a_card_that_is_gone_is_lost_and_found_again() {
    let tree = Tree::new();
    let mut backend = tree.backend();
    let (original, moved) = (tree.0.join("bus/0000:03:00.0"), tree.0.join("bus/away"));
    fs::rename(&original, &moved).unwrap();
    let mut reading = Reading::default();
    assert_eq!(backend.read(0, DriverCall::Power, &mut reading), Err(GpuError::Lost));
    assert!(backend.rediscover(0).is_err());
    // The hwmon number of the sensors changes after a reset.
    fs::rename(moved.join("hwmon/hwmon4"), moved.join("hwmon/hwmon7")).unwrap();
    fs::rename(&moved, &original).unwrap();
    assert_eq!(backend.rediscover(0), Ok(()));
    assert_eq!(backend.read(0, DriverCall::Power, &mut reading), Ok(()));
}

#[test]
fn a_machine_without_an_amd_card_has_no_driver() {
    assert_eq!(AmdBackend::at("/nowhere").open(), Err(GpuError::DriverNotLoaded));
}
