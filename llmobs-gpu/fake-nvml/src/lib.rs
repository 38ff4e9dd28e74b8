//! A fake `libnvidia-ml` controlled by tests, for programs that load NVIDIA's library by name or path.
//!
//! Struct layouts follow NVIDIA's header, not a binding of it; [`layout`] contains the header's sizes. The state
//! belongs to the loaded file, so a test that loads a copy of the file has a separate library. The behaviour is
//! controlled by the functions of `control`, which are exported beside NVIDIA's. Values are constant until a test
//! sets others, except those that a script of `load` changes: `FAKE_NVML_WATTS=350` in the environment of any program
//! simulates a GPU that draws 350 W, and `FAKE_NVML_VALUES` beside it changes other values.

mod control;
mod devices;
mod events;
mod gpm;
pub mod layout;
mod load;
mod processes;
mod readings;
mod state;
mod system;

/// The return code of a call of the library, with NVIDIA's numbers: [`OK`] or an error.
pub(crate) type Ret = u32;

pub(crate) const OK: Ret = 0;
pub(crate) const UNINITIALIZED: Ret = 1;
pub(crate) const INVALID_ARGUMENT: Ret = 2;
pub(crate) const NOT_SUPPORTED: Ret = 3;
pub(crate) const NOT_FOUND: Ret = 6;
pub(crate) const INSUFFICIENT_SIZE: Ret = 7;
pub(crate) const TIMEOUT: Ret = 10;
pub(crate) const VERSION_MISMATCH: Ret = 25;

/// Exports functions of the library: each call is counted, and delayed, hung or failed by its script, before the body
/// runs.
macro_rules! exported {
    ($($name:ident($($argument:ident: $type:ty),*) $body:block)*) => {$(
        /// See NVIDIA's header.
        ///
        /// # Safety
        ///
        /// As NVIDIA's header requires: pointers are valid for the types they point to.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name($($argument: $type),*) -> $crate::Ret {
            if let Err(code) = $crate::state::enter(stringify!($name)) {
                return code;
            }
            let body = || -> Result<(), $crate::Ret> { $body };
            body().err().unwrap_or($crate::OK)
        }
    )*};
}

/// Exports functions of one device, whose handle is the first argument, as [`exported`] does. If the device is unknown
/// or lost, or if the script fails for it, the call returns the error code, and the body does not run.
macro_rules! of_device {
    ($($name:ident($device:ident $(, $argument:ident: $type:ty)*) $body:block)*) => {$(
        /// See NVIDIA's header.
        ///
        /// # Safety
        ///
        /// As NVIDIA's header requires: pointers are valid for the types they point to.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(handle: *mut std::ffi::c_void $(, $argument: $type)*) -> $crate::Ret {
            let found = $crate::state::enter(stringify!($name))
                .and_then(|()| $crate::state::device(stringify!($name), handle));
            let $device = match found {
                Ok(device) => device,
                Err(code) => return code,
            };
            let body = || -> Result<(), $crate::Ret> { $body };
            body().err().unwrap_or($crate::OK)
        }
    )*};
}

pub(crate) use exported;
pub(crate) use of_device;

/// Writes one value through an out-pointer. Returns [`INVALID_ARGUMENT`] as the error if the pointer is null.
///
/// # Safety
///
/// `to` is null or valid for a write.
pub(crate) unsafe fn put<T>(to: *mut T, value: T) -> Result<(), Ret> {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    // SAFETY: not null, and valid as guaranteed by the caller.
    unsafe { to.write(value) };
    Ok(())
}

/// Writes a string with its terminating zero. Returns an error and writes nothing if the pointer is null
/// ([`INVALID_ARGUMENT`]), or if the string with the zero has more than `size` bytes ([`INSUFFICIENT_SIZE`]).
///
/// # Safety
///
/// `to` is null or valid for a write of `size` bytes.
pub(crate) unsafe fn put_text(text: &str, to: *mut std::ffi::c_char, size: u32) -> Result<(), Ret> {
    if to.is_null() {
        return Err(INVALID_ARGUMENT);
    }
    if text.len() >= size as usize {
        return Err(INSUFFICIENT_SIZE);
    }
    // SAFETY: there is room for the text and its terminator.
    unsafe {
        std::ptr::copy_nonoverlapping(text.as_ptr().cast(), to, text.len());
        to.add(text.len()).write(0);
    }
    Ok(())
}
