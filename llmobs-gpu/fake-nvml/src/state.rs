//! The state of the library: its devices, and the script of each function.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::Condvar;
use std::sync::LazyLock;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;
use std::time::Duration;

use crate::INVALID_ARGUMENT;
use crate::Ret;
use crate::UNINITIALIZED;
use crate::load::Load;

/// The device number in a script that means every device.
pub(crate) const EVERY: u32 = u32::MAX;

pub(crate) struct State {
    pub(crate) initialized: u32,
    pub(crate) inits: u32,
    pub(crate) driver: String,
    pub(crate) devices: Vec<Device>,
    /// Changes some of the devices' values over time.
    pub(crate) load: Option<Load>,
    pub(crate) scripts: HashMap<&'static str, Script>,
    /// Scripts set before the first call of their function.
    pub(crate) written: HashMap<String, Script>,
    pub(crate) events: VecDeque<(usize, u64, u64)>,
    pub(crate) registered: u32,
    pub(crate) event_sets: i64,
    pub(crate) gpm_samples: i64,
}

/// The behaviour of one function.
#[derive(Clone, Default)]
pub(crate) struct Script {
    pub(crate) calls: u64,
    /// The error code to return, by device.
    pub(crate) fails: BTreeMap<u32, Ret>,
    pub(crate) delay: Duration,
    pub(crate) hangs: bool,
}

/// A device with its values by name; a missing value is not supported.
#[derive(Clone, Default)]
pub(crate) struct Device {
    pub(crate) values: BTreeMap<String, u64>,
    pub(crate) name: String,
    pub(crate) uuid: String,
    /// Index of the parent device, if this device is a MIG instance.
    pub(crate) parent: Option<usize>,
    pub(crate) processes: Vec<Process>,
}

/// A process that uses a device.
#[derive(Clone)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    /// Bytes of memory; `u64::MAX` if unknown to the library.
    pub(crate) memory: u64,
    /// Percent of the multiprocessors' time.
    pub(crate) work: u32,
    pub(crate) draws: bool,
}

static STATE: LazyLock<Mutex<State>> = LazyLock::new(|| {
    Mutex::new(State {
        initialized: 0,
        inits: 0,
        driver: "580.95.05".to_owned(),
        devices: (0..2).map(Device::new).collect(),
        load: None,
        scripts: HashMap::new(),
        written: HashMap::new(),
        events: VecDeque::new(),
        registered: 0,
        event_sets: 0,
        gpm_samples: 0,
    })
});

/// Notified when a script changes or an event arrives.
pub(crate) static CHANGED: Condvar = Condvar::new();

pub(crate) fn state() -> MutexGuard<'static, State> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Device {
    /// Returns an H100 under load.
    pub(crate) fn new(index: usize) -> Self {
        let index = index as u64;
        let values = [
            ("clock_memory_mhz", 2_619),
            ("clock_memory_max_mhz", 2_619),
            ("clock_sm_mhz", 1_755),
            ("compute_major", 9),
            ("compute_minor", 0),
            ("cores", 16_896),
            ("decoder", 0),
            ("ecc_corrected", 3),
            ("ecc_uncorrected", 1),
            ("encoder", 0),
            ("energy_mj", 1_000_000),
            ("gpm", 1),
            ("gpm_dram", 7_700),
            ("gpm_engine", 9_100),
            ("gpm_occupancy", 3_125),
            ("gpm_pcie_rx", 25_650),
            ("gpm_pcie_tx", 51_200),
            ("gpm_sm", 8_850),
            ("gpm_tensor", 4_200),
            ("memory_bus_bits", 5_120),
            ("memory_reserved", 512 << 20),
            ("memory_total", 80 << 30),
            ("memory_used", (10 + index) << 30),
            ("mig", 0),
            ("nvlink_rx_kib", 2_000),
            ("nvlink_tx_kib", 1_000),
            ("pcie_replays", 2),
            ("pcie_rx_bytes", 8_000_000_000),
            ("pcie_tx_bytes", 9_000_000_000),
            ("power_instant_mw", 360_000),
            ("power_limit_mw", 700_000),
            ("power_mw", 350_000),
            ("reasons", 0),
            ("recovery_action", 0),
            ("remapped_corrected", 1),
            ("remapped_failure", 0),
            ("remapped_pending", 0),
            ("remapped_uncorrected", 0),
            ("temperature", 61),
            ("temperature_margin", 26),
            ("temperature_memory", 70),
            ("tlimit_shutdown", (-8_i64).cast_unsigned()),
            ("tlimit_slowdown", (-2_i64).cast_unsigned()),
            ("utilization", 37 + index),
            ("utilization_memory", 21),
            ("violation_board_limit_ns", 0),
            ("violation_power_ns", 7_000_000_000),
            ("violation_reliability_ns", 0),
            ("violation_thermal_ns", 1_000_000_000),
            ("work_us", 1_000_000),
        ];
        Self {
            values: values.into_iter().map(|(key, value)| (key.to_owned(), value)).collect(),
            name: "NVIDIA H100 80GB HBM3".to_owned(),
            uuid: format!("GPU-00000000-0000-0000-0000-{index:012}"),
            parent: None,
            processes: Vec::new(),
        }
    }
}

/// Begins a call: counts the call, applies the delay or hang of its script, and fails if its script fails for every
/// device.
pub(crate) fn enter(name: &'static str) -> Result<(), Ret> {
    let mut state = state();
    let script = state.script(name);
    script.calls += 1;
    let delay = script.delay;
    if !delay.is_zero() {
        drop(state);
        std::thread::sleep(delay);
        state = self::state();
    }
    // A hang ends at the latest with the test process.
    while state.script(name).hangs {
        state = CHANGED.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    match state.script(name).fails.get(&EVERY) {
        Some(code) => Err(*code),
        None => Ok(()),
    }
}

/// Returns the index of the device of a handle, or the error of this function for the device.
pub(crate) fn device(name: &'static str, handle: *mut c_void) -> Result<usize, Ret> {
    let mut state = state();
    if state.initialized == 0 {
        return Err(UNINITIALIZED);
    }
    let index = index_of(handle).filter(|index| *index < state.devices.len()).ok_or(INVALID_ARGUMENT)?;
    let lost = state.devices[index].values.get("lost").copied().unwrap_or(0);
    if lost != 0 {
        return Err(u32::try_from(lost).unwrap_or(INVALID_ARGUMENT));
    }
    match state.script(name).fails.get(&u32::try_from(index).unwrap_or(EVERY)) {
        Some(code) => Err(*code),
        None => Ok(index),
    }
}

impl State {
    /// Replaces the devices by devices that follow a load script.
    pub(crate) fn run(&mut self, load: Load) {
        self.devices = (0..load.devices()).map(Device::new).collect();
        self.load = Some(load);
    }

    /// Returns the id of an instance within its GPU. The driver counts from 7 if all instances have the smallest size.
    pub(crate) fn instance(&self, device: usize) -> Option<u32> {
        let parent = self.devices[device].parent?;
        let before = self.devices[..device].iter().filter(|other| other.parent == Some(parent)).count();
        u32::try_from(before + 7).ok()
    }

    pub(crate) fn script(&mut self, name: &'static str) -> &mut Script {
        let written = &mut self.written;
        self.scripts.entry(name).or_insert_with(|| written.remove(name).unwrap_or_default())
    }

    pub(crate) fn script_by(&mut self, name: &str) -> &mut Script {
        match self.scripts.keys().find(|known| **known == name).copied() {
            Some(known) => self.script(known),
            None => self.written.entry(name.to_owned()).or_default(),
        }
    }
}

pub(crate) fn value(device: usize, key: &str) -> Result<u64, Ret> {
    let state = state();
    let base = state.devices[device].values.get(key).copied().ok_or(crate::NOT_SUPPORTED)?;
    Ok(state.load.as_ref().map_or(base, |load| load.current_value(device, key, base)))
}

/// Returns a value as 32 bits (the low half).
pub(crate) fn value32(device: usize, key: &str) -> Result<u32, Ret> {
    value(device, key).map(|value| u32::try_from(value & u64::from(u32::MAX)).unwrap_or(0))
}

pub(crate) fn handle_of(index: usize) -> *mut c_void {
    std::ptr::without_provenance_mut(FIRST + index * STEP)
}

pub(crate) fn index_of(handle: *mut c_void) -> Option<usize> {
    let address = handle.addr();
    (address >= FIRST && (address - FIRST).is_multiple_of(STEP)).then(|| (address - FIRST) / STEP)
}

const FIRST: usize = 0x1000;
const STEP: usize = 0x100;
