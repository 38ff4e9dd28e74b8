//! AMD's GPUs, read from the files of the Linux kernel driver `amdgpu` in sysfs. No library is needed.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::DeviceInfo;
use super::DriverCall;
use super::GpuBackend;
use super::Reading;
use crate::error::GpuError;
use crate::numbers::to_f64;

/// A backend for the GPUs with AMD's PCI vendor id, 0x1002. Their values are read from the files of the kernel driver
/// `amdgpu`; a value whose file is missing is not supported.
#[derive(Debug)]
pub struct AmdBackend {
    /// The directory with an entry for each card: `/sys/class/drm`.
    drm_root: PathBuf,
    /// The cards that the last call of `devices` found, in the order of their numbers.
    cards: Vec<Card>,
}

#[derive(Debug)]
struct Card {
    /// The directory of the PCI device, such as `card0/device`.
    device_dir: PathBuf,
    /// The directory of the sensors, such as `card0/device/hwmon/hwmon4`. `None` if there is none.
    hwmon_dir: Option<PathBuf>,
}

impl Default for AmdBackend {
    fn default() -> Self {
        Self::new()
    }
}

impl AmdBackend {
    /// Creates a backend for the GPUs of this machine.
    #[must_use]
    pub fn new() -> Self {
        Self::at("/sys/class/drm")
    }

    /// Creates a backend with another directory in place of `/sys/class/drm`, such as the path at which a container
    /// mounts it.
    #[must_use]
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { drm_root: root.into(), cards: Vec::new() }
    }

    /// Returns the name and the paths of each card of AMD, in the order of their numbers: `card2` before `card10`.
    fn discover_cards(&self) -> Vec<(String, Card)> {
        let Ok(entries) = fs::read_dir(&self.drm_root) else { return Vec::new() };
        let mut found: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok()?;
                // `card0-DP-1` is a display connector, not a card.
                let number = name.strip_prefix("card")?;
                number.parse::<u32>().ok()?;
                let device = entry.path().join("device");
                let vendor = read_text(&device.join("vendor")).ok()?;
                (vendor == "0x1002").then(|| (name, Card { hwmon_dir: find_hwmon_dir(&device), device_dir: device }))
            })
            .collect();
        found.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then_with(|| a.0.cmp(&b.0)));
        found
    }
}

impl GpuBackend for AmdBackend {
    fn name(&self) -> &'static str {
        "amd_sysfs"
    }

    fn open(&mut self) -> Result<(), GpuError> {
        if self.discover_cards().is_empty() { Err(GpuError::DriverNotLoaded) } else { Ok(()) }
    }

    fn devices(&mut self) -> Result<Vec<DeviceInfo>, GpuError> {
        let cards = self.discover_cards();
        let numbered = (0..).zip(&cards);
        let infos = numbered
            .map(|(index, (name, card))| DeviceInfo { index: Some(index), ..device_info(name, &card.device_dir) })
            .collect();
        self.cards = cards.into_iter().map(|(_, card)| card).collect();
        Ok(infos)
    }

    fn rediscover(&mut self, device: usize) -> Result<(), GpuError> {
        let card = self.cards.get_mut(device).ok_or(GpuError::NotFound)?;
        // After a reset, the directory of the sensors may have another number: `hwmon7` in place of `hwmon4`.
        card.hwmon_dir = find_hwmon_dir(&card.device_dir);
        read_text(&card.device_dir.join("vendor")).map(|_| ())
    }

    fn read(&mut self, device: usize, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        let card = self.cards.get(device).ok_or(GpuError::NotFound)?;
        card.read(call, into).map_err(|error| match error {
            // A missing file means an unsupported value, except if the directory of the card is missing too.
            GpuError::NotSupported if !card.device_dir.exists() => GpuError::Lost,
            other => other,
        })
    }
}

impl Card {
    fn read(&self, call: DriverCall, into: &mut Reading) -> Result<(), GpuError> {
        match call {
            DriverCall::Energy => into.energy_microjoules = Some(self.read_hwmon("energy1_input")?),
            DriverCall::Utilization => {
                into.utilization = Some(percent_to_ratio(read_u64(&self.device_dir.join("gpu_busy_percent"))?));
                into.memory_busy = read_u64(&self.device_dir.join("mem_busy_percent")).ok().map(percent_to_ratio);
            }
            DriverCall::Memory => {
                // A failed call must change no value, so both are read before one is set.
                let total = read_u64(&self.device_dir.join("mem_info_vram_total"))?;
                let used = read_u64(&self.device_dir.join("mem_info_vram_used"))?;
                (into.memory_total, into.memory_used) = (Some(total), Some(used));
            }
            DriverCall::Power => {
                // For some cards, newer kernels have no file of the average power, only that of the instantaneous
                // power, `power1_input`.
                let power = self.read_hwmon("power1_average").or_else(|_| self.read_hwmon("power1_input"))?;
                into.power = Some(from_micros(power));
                into.power_instant = self.read_hwmon("power1_input").ok().map(from_micros);
            }
            DriverCall::PowerLimit => into.power_limit = Some(from_micros(self.read_hwmon("power1_cap")?)),
            DriverCall::Temperature => {
                // The driver throttles by the temperature of the junction, `temp2`. Older cards have only that of the
                // edge, `temp1`. `temp3` is the memory.
                let chip = self.read_hwmon("temp2_input").or_else(|_| self.read_hwmon("temp1_input"))?;
                into.temperature = Some(from_millis(chip));
                into.temperature_memory = self.read_hwmon("temp3_input").ok().map(from_millis);
            }
            DriverCall::TemperatureLimit => {
                let critical = self.read_hwmon("temp2_crit").or_else(|_| self.read_hwmon("temp1_crit"))?;
                into.temperature_critical = Some(from_millis(critical));
            }
            DriverCall::Clocks => {
                // `freq1` is the graphics and compute clock, `freq2` the memory clock.
                into.clock_sm = Some(to_f64(self.read_hwmon("freq1_input")?));
                into.clock_memory = self.read_hwmon("freq2_input").ok().map(to_f64);
            }
            _ => return Err(GpuError::NotSupported),
        }
        Ok(())
    }

    /// Returns the number in a file of the card's sensors.
    fn read_hwmon(&self, file: &str) -> Result<u64, GpuError> {
        read_u64(&self.hwmon_dir.as_ref().ok_or(GpuError::NotSupported)?.join(file))
    }
}

fn device_info(name: &str, device: &Path) -> DeviceInfo {
    // `device` is a link to a directory whose name is the PCI address, such as `0000:03:00.0`.
    let real = fs::canonicalize(device).ok();
    let pci =
        real.as_deref().and_then(Path::file_name).and_then(|name| name.to_str()).filter(|name| name.contains(':'));
    let id = read_text(&device.join("unique_id")).ok().filter(|id| !id.is_empty());
    let driver = fs::read_to_string(device.join("driver/module/version")).ok();
    DeviceInfo {
        id: id.or_else(|| pci.map(str::to_owned)).unwrap_or_else(|| name.to_owned()),
        name: name.to_owned(),
        vendor: "AMD",
        model: read_text(&device.join("product_name")).ok().filter(|name| !name.is_empty()),
        pci_address: pci.map(crate::select::normalize_pci_address),
        serial_number: read_text(&device.join("serial_number")).ok(),
        firmware_version: read_text(&device.join("vbios_version")).ok(),
        driver_version: driver.map(|version| version.trim().to_owned()),
        ..DeviceInfo::default()
    }
}

/// Returns the directory of a device's sensors: the first entry of its `hwmon` directory in alphabetical order.
fn find_hwmon_dir(device: &Path) -> Option<PathBuf> {
    let mut folders: Vec<_> =
        fs::read_dir(device.join("hwmon")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    folders.sort();
    folders.into_iter().next()
}

/// Returns the number in a file. A text that is not a number is [`GpuError::NoData`].
fn read_u64(file: &Path) -> Result<u64, GpuError> {
    read_text(file)?.parse().map_err(|_| GpuError::NoData)
}

/// Returns the text of a file without white space at its ends.
fn read_text(file: &Path) -> Result<String, GpuError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(match (error.kind(), error.raw_os_error()) {
            (std::io::ErrorKind::NotFound, _) => GpuError::NotSupported,
            (std::io::ErrorKind::PermissionDenied, _) => GpuError::NoPermission,
            // ENXIO and ENODEV: the device is gone.
            (_, Some(6 | 19)) => GpuError::Lost,
            // EOPNOTSUPP: the device does not have this value.
            (_, Some(95)) => GpuError::NotSupported,
            (_, code) => GpuError::Other(code.unwrap_or(0).unsigned_abs()),
        }),
    }
}

/// Converts a percentage to a ratio, at most 1.
fn percent_to_ratio(percent: u64) -> f64 {
    (to_f64(percent) / 100.0).min(1.0)
}

/// Converts microwatts to watts.
fn from_micros(value: u64) -> f64 {
    to_f64(value) / 1e6
}

/// Converts thousandths of a degree Celsius to degrees.
fn from_millis(value: u64) -> f64 {
    to_f64(value) / 1e3
}
