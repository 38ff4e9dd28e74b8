//! A loaded copy of the fake NVML library, with separate state.

#![expect(unsafe_code, reason = "the library is told what to do through functions of C")]

use std::env;
use std::ffi::CString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

/// The device number that selects every device.
pub const EVERY: u32 = u32::MAX;

/// A copy of the library's file, loaded into this process. Dropping this value removes the file.
#[derive(Debug)]
pub struct Fake {
    path: PathBuf,
    library: libloading::Library,
}

impl Fake {
    pub fn new() -> Self {
        Self::without(&[])
    }

    /// Loads a library that lacks these functions: their names are overwritten in the file before it is loaded. Panics
    /// if the library never had one of them.
    pub fn without(functions: &[&str]) -> Self {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let directory = env::current_exe().unwrap().parent().unwrap().to_owned();
        // An example's binary is in another folder than a test's binary.
        let candidates = [directory.join("libfake_nvml.so"), directory.join("../deps/libfake_nvml.so")];
        let original = candidates.iter().find(|path| path.exists()).expect("cargo builds it for tests");
        let mut bytes = fs::read(original).unwrap();
        for function in functions {
            let name = [b"\0", function.as_bytes(), b"\0"].concat();
            let offsets: Vec<usize> = bytes
                .windows(name.len())
                .enumerate()
                .filter(|(_, window)| *window == name)
                .map(|(offset, _)| offset)
                .collect();
            assert!(!offsets.is_empty(), "the library has no {function}");
            offsets.iter().for_each(|offset| bytes[offset + 1] = b'x');
        }
        let copy = COPIES.fetch_add(1, Ordering::Relaxed);
        let path = directory.join(format!("fake-nvml-{}-{copy}.so", process::id()));
        fs::write(&path, bytes).unwrap();
        // SAFETY: the library has no initialisation code.
        let library = unsafe { libloading::Library::new(&path) }.unwrap();
        Self { path, library }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Replaces the devices by this number of devices with constant values. Errors, delays and counts of the functions
    /// stay.
    pub fn devices(&self, count: u32) {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn(u32)>(b"fake_devices\0").unwrap()(count) }
    }

    /// Replaces the devices by devices that run by a script. Panics if the script is not valid.
    pub fn run(&self, script: &str) {
        let script = CString::new(script).unwrap();
        // SAFETY: the type matches the exported function, and the script outlives the call.
        let code = unsafe {
            let run = self.library.get::<unsafe extern "C" fn(*const std::ffi::c_char) -> u32>(b"fake_run\0");
            run.unwrap()(script.as_ptr())
        };
        assert_eq!(code, 0, "the script must be valid");
    }

    /// Sets a value of a device. The value `lost` is the error code that all calls for the device return.
    pub fn set(&self, device: u32, key: &str, value: u64) {
        let key = CString::new(key).unwrap();
        // SAFETY: the type matches the exported function, and the key outlives the call.
        unsafe {
            let set = self.library.get::<unsafe extern "C" fn(u32, *const std::ffi::c_char, u64)>(b"fake_set\0");
            set.unwrap()(device, key.as_ptr(), value);
        }
    }

    /// Removes a value of a device, so that it is not supported.
    pub fn unset(&self, device: u32, key: &str) {
        let key = CString::new(key).unwrap();
        // SAFETY: the type matches the exported function, and the key outlives the call.
        unsafe {
            let unset = self.library.get::<unsafe extern "C" fn(u32, *const std::ffi::c_char)>(b"fake_unset\0");
            unset.unwrap()(device, key.as_ptr());
        }
    }

    /// Sets the name of a device.
    pub fn name(&self, device: u32, name: &str) {
        let name = CString::new(name).unwrap();
        // SAFETY: the type matches the exported function, and the name outlives the call.
        unsafe {
            let set_name = self.library.get::<unsafe extern "C" fn(u32, *const std::ffi::c_char)>(b"fake_name\0");
            set_name.unwrap()(device, name.as_ptr());
        }
    }

    /// Makes a function return an error code for a device, or with [`EVERY`] for all; zero removes the error.
    pub fn fail(&self, function: &str, device: u32, code: u32) {
        let function = CString::new(function).unwrap();
        // SAFETY: the type matches the exported function, and the name outlives the call.
        unsafe {
            let fail = self.library.get::<unsafe extern "C" fn(*const std::ffi::c_char, u32, u32)>(b"fake_fail\0");
            fail.unwrap()(function.as_ptr(), device, code);
        }
    }

    /// Delays every call of a function by `micros` microseconds.
    pub fn delay(&self, function: &str, micros: u64) {
        let function = CString::new(function).unwrap();
        // SAFETY: the type matches the exported function, and the name outlives the call.
        unsafe {
            let delay = self.library.get::<unsafe extern "C" fn(*const std::ffi::c_char, u64)>(b"fake_delay\0");
            delay.unwrap()(function.as_ptr(), micros);
        }
    }

    /// Makes a function hang; with `hangs` false, ends the hang.
    pub fn hang(&self, function: &str, hangs: bool) {
        let function = CString::new(function).unwrap();
        // SAFETY: the type matches the exported function, and the name outlives the call.
        unsafe {
            let hang = self.library.get::<unsafe extern "C" fn(*const std::ffi::c_char, bool)>(b"fake_hang\0");
            hang.unwrap()(function.as_ptr(), hangs);
        }
    }

    /// Returns the number of calls of a function.
    pub fn calls(&self, function: &str) -> u64 {
        let function = CString::new(function).unwrap();
        // SAFETY: the type matches the exported function, and the name outlives the call.
        unsafe {
            let calls = self.library.get::<unsafe extern "C" fn(*const std::ffi::c_char) -> u64>(b"fake_calls\0");
            calls.unwrap()(function.as_ptr())
        }
    }

    /// Returns the number of calls of all functions.
    pub fn all_calls(&self) -> u64 {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn() -> u64>(b"fake_all_calls\0").unwrap()() }
    }

    /// Makes a device report an XID error.
    pub fn xid(&self, device: u32, code: u64) {
        // SAFETY: the type matches the exported function.
        unsafe {
            let event = self.library.get::<unsafe extern "C" fn(u32, u64, u64)>(b"fake_event\0");
            event.unwrap()(device, 8, code);
        }
    }

    /// Splits a device into MIG instances; zero removes them.
    pub fn mig(&self, device: u32, instances: u32) {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn(u32, u32)>(b"fake_mig\0").unwrap()(device, instances) }
    }

    /// Adds a process to a device: its memory in bytes, and its use of the multiprocessors' time in percent.
    pub fn process(&self, device: u32, pid: u32, memory: u64, work: u32) {
        self.process_that(device, pid, memory, work, false);
    }

    /// Adds a process as [`process`](Self::process) does. With `draws` the process uses graphics instead of compute.
    pub fn process_that(&self, device: u32, pid: u32, memory: u64, work: u32, draws: bool) {
        // SAFETY: the type matches the exported function.
        unsafe {
            let process = self.library.get::<unsafe extern "C" fn(u32, u32, u64, u32, bool)>(b"fake_process\0");
            process.unwrap()(device, pid, memory, work, draws);
        }
    }

    /// Removes all processes from a device.
    pub fn no_processes(&self, device: u32) {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn(u32)>(b"fake_no_processes\0").unwrap()(device) }
    }

    /// Returns the number of times that the library was initialised.
    pub fn inits(&self) -> u32 {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn() -> u32>(b"fake_inits\0").unwrap()() }
    }

    /// Returns the number of event sets and samples that were not freed.
    pub fn alive(&self) -> i64 {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn() -> i64>(b"fake_alive\0").unwrap()() }
    }

    /// Returns the number of times that devices were registered for events.
    pub fn registered(&self) -> u32 {
        // SAFETY: the type matches the exported function.
        unsafe { self.library.get::<unsafe extern "C" fn() -> u32>(b"fake_registered\0").unwrap()() }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        // A process that has the file loaded keeps its mapping after the removal.
        let _ = fs::remove_file(&self.path);
    }
}
