//! The library's own table, for what the safe wrapper gets wrong or hides: scopes of fields, all seven kinds of their
//! values, reasons that it drops, the first version of the memory figures, events that survive a device without them.

#![expect(unsafe_code, reason = "NVML's functions can only be called so; everything else of this crate is safe")]

use std::mem::size_of;

use nvml_wrapper::Device;
use nvml_wrapper::Nvml;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::error::nvml_sym;
use nvml_wrapper::error::nvml_try;
use nvml_wrapper::event::EventSet;
use nvml_wrapper::gpm::GpmSample;
use nvml_wrapper_sys::bindings::nvmlFieldValue_t;
use nvml_wrapper_sys::bindings::nvmlMarginTemperature_t;
use nvml_wrapper_sys::bindings::nvmlMemory_t;
use nvml_wrapper_sys::bindings::nvmlProcessInfo_t;
use nvml_wrapper_sys::bindings::nvmlProcessUtilizationSample_t;
use nvml_wrapper_sys::bindings::nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE;
use nvml_wrapper_sys::bindings::nvmlReturn_t;
use nvml_wrapper_sys::bindings::nvmlTemperature_t;

use super::field::Field;
use super::field::NvmlValue;

/// Reads fields, each with its scope. The answers stand in the order of the questions: the library may renumber them.
pub(super) fn fields<const N: usize>(
    device: &Device<'_>,
    asked: [Field; N],
) -> Result<[Result<NvmlValue, NvmlError>; N], NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetFieldValues.as_ref())?;
    let mut values = asked.map(|field| {
        // SAFETY: a struct of numbers, for which zero is a value.
        let mut value: nvmlFieldValue_t = unsafe { std::mem::zeroed() };
        (value.fieldId, value.scopeId) = (field.id, field.scope);
        value
    });
    let count = i32::try_from(N).unwrap_or(i32::MAX);
    // SAFETY: the handle is the device's, and there are as many values as is said.
    nvml_try(unsafe { sym(device.handle(), count, values.as_mut_ptr()) })?;
    Ok(values.map(|value| {
        nvml_try(value.nvmlReturn)?;
        // SAFETY: the kind says which member was written; the others are numbers too.
        unsafe {
            match value.valueType {
                0 => Ok(NvmlValue::Float(value.value.dVal)),
                1 => Ok(NvmlValue::Unsigned(value.value.uiVal.into())),
                2 => Ok(NvmlValue::Unsigned(value.value.ulVal)),
                3 => Ok(NvmlValue::Unsigned(value.value.ullVal)),
                4 => Ok(NvmlValue::Signed(value.value.sllVal)),
                5 => Ok(NvmlValue::Signed(value.value.siVal.into())),
                6 => Ok(NvmlValue::Unsigned(value.value.usVal.into())),
                other => Err(NvmlError::UnexpectedVariant(other)),
            }
        }
    }))
}

/// Why clocks are held down, by the function of new libraries, else by that of old ones.
pub(super) fn clock_reasons(device: &Device<'_>) -> Result<u64, NvmlError> {
    let lib = device.nvml().lib();
    let sym = match lib.nvmlDeviceGetCurrentClocksEventReasons.as_ref() {
        Ok(sym) => sym,
        Err(_) => nvml_sym(lib.nvmlDeviceGetCurrentClocksThrottleReasons.as_ref())?,
    };
    let mut reasons = 0;
    // SAFETY: the handle is the device's, and the number is ours.
    nvml_try(unsafe { sym(device.handle(), &raw mut reasons) })?;
    Ok(reasons)
}

/// Degrees of the chip, by the function of new libraries; an error of an old library says to use the old one.
pub(super) fn temperature(device: &Device<'_>) -> Result<i32, NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetTemperatureV.as_ref())?;
    let mut asked = nvmlTemperature_t { version: version::<nvmlTemperature_t>(1), sensorType: 0, temperature: 0 };
    // SAFETY: the handle is the device's, and the struct is ours.
    nvml_try(unsafe { sym(device.handle(), &raw mut asked) })?;
    Ok(asked.temperature)
}

/// Degrees that the chip may still grow hotter before clocks are held down.
pub(super) fn temperature_margin(device: &Device<'_>) -> Result<i32, NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetMarginTemperature.as_ref())?;
    let mut asked = nvmlMarginTemperature_t { version: version::<nvmlMarginTemperature_t>(1), marginTemperature: 0 };
    // SAFETY: the handle is the device's, and the struct is ours.
    nvml_try(unsafe { sym(device.handle(), &raw mut asked) })?;
    Ok(asked.marginTemperature)
}

/// Memory as drivers before 510 tell it: total and used, where used holds what is reserved.
pub(super) fn memory(device: &Device<'_>) -> Result<(u64, u64), NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref())?;
    let mut memory = nvmlMemory_t { total: 0, free: 0, used: 0 };
    // SAFETY: the handle is the device's, and the struct is ours.
    nvml_try(unsafe { sym(device.handle(), &raw mut memory) })?;
    Ok((memory.total, memory.used))
}

/// Fills a sample again, instead of making a new one each time: a GPU's, or that of an instance of it.
pub(super) fn fill(device: &Device<'_>, instance: Option<u32>, sample: &GpmSample<'_>) -> Result<(), NvmlError> {
    if let Some(instance) = instance {
        let sym = nvml_sym(device.nvml().lib().nvmlGpmMigSampleGet.as_ref())?;
        // SAFETY: both handles are alive as long as what they were borrowed from.
        return nvml_try(unsafe { sym(device.handle(), instance, sample.handle()) });
    }
    let sym = nvml_sym(device.nvml().lib().nvmlGpmSampleGet.as_ref())?;
    // SAFETY: both handles are alive as long as what they were borrowed from.
    nvml_try(unsafe { sym(device.handle(), sample.handle()) })
}

/// Processes that hold something on a device: those that compute, and those that draw.
///
/// Unlike the wrapper's, it does not ask for the number first, which takes as long again, and goes on where a process
/// came while it asked.
pub(super) fn processes(device: &Device<'_>) -> Result<[Vec<nvmlProcessInfo_t>; 2], NvmlError> {
    let lib = device.nvml().lib();
    let computing = nvml_sym(lib.nvmlDeviceGetComputeRunningProcesses_v3.as_ref())?;
    let drawing = lib.nvmlDeviceGetGraphicsRunningProcesses_v3.as_ref();
    let none = nvmlProcessInfo_t { pid: 0, usedGpuMemory: 0, gpuInstanceId: 0, computeInstanceId: 0 };
    // SAFETY: the handle is the device's, and there is room for as many as is said.
    let computing = list(none, |room, count| unsafe { computing(device.handle(), count, room) })?;
    // SAFETY: as above.
    let drawing = drawing.map(|sym| list(none, |room, count| unsafe { sym(device.handle(), count, room) }));
    // A GPU without graphics has no such list.
    Ok([computing, drawing.ok().and_then(Result::ok).unwrap_or_default()])
}

/// How busy each process kept a device since a moment of the driver's clock.
pub(super) fn process_work(device: &Device<'_>, since: u64) -> Result<Vec<nvmlProcessUtilizationSample_t>, NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetProcessUtilization.as_ref())?;
    let none = nvmlProcessUtilizationSample_t { pid: 0, timeStamp: 0, smUtil: 0, memUtil: 0, encUtil: 0, decUtil: 0 };
    // SAFETY: the handle is the device's, and there is room for as many as is said.
    list(none, |room, count| unsafe { sym(device.handle(), room, count, since) })
}

/// Asks with more and more room, until there is enough. `ask` is given the room, and how much of it there is.
fn list<T: Copy>(none: T, ask: impl Fn(*mut T, *mut u32) -> nvmlReturn_t) -> Result<Vec<T>, NvmlError> {
    let mut room = ROOM;
    for _ in 0..TRIES {
        let mut items = vec![none; room as usize];
        let mut count = room;
        let code = ask(items.as_mut_ptr(), &raw mut count);
        if code == nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE {
            room = count.max(room).min(MAX_LIST_LENGTH) + ROOM;
            continue;
        }
        nvml_try(code)?;
        items.truncate(count as usize);
        return Ok(items);
    }
    Err(NvmlError::InsufficientSize(None))
}

/// Processes that there is room for at first, and beyond what the library asks for: more may come meanwhile.
const ROOM: u32 = 16;

/// The most that the library is believed to need.
const MAX_LIST_LENGTH: u32 = 16_384;

/// How often the list may grow while one asks for it.
const TRIES: usize = 4;

/// Adds a device's events to a set. Unlike the wrapper's, it leaves the set alone where a device has none.
pub(super) fn register(device: &Device<'_>, kinds: u64, set: &EventSet<'_>) -> Result<(), NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceRegisterEvents.as_ref())?;
    // SAFETY: both handles are alive as long as what they were borrowed from.
    nvml_try(unsafe { sym(device.handle(), kinds, set.handle()) })
}

/// The number of the instance that a part of a GPU is.
pub(super) fn instance(part: &Device<'_>) -> Result<u32, NvmlError> {
    let sym = nvml_sym(part.nvml().lib().nvmlDeviceGetGpuInstanceId.as_ref())?;
    let mut number = 0;
    // SAFETY: the handle is the device's, and the number is ours.
    nvml_try(unsafe { sym(part.handle(), &raw mut number) })?;
    Ok(number)
}

/// The address that tells one device's handle from another's.
pub(super) fn address(device: &Device<'_>) -> usize {
    // SAFETY: it is compared and never followed.
    unsafe { device.handle() }.addr()
}

/// Whether the library has what frees an event set: the wrapper panics without it.
pub(super) fn can_free_events(nvml: &Nvml) -> bool {
    nvml.lib().nvmlEventSetFree.is_ok()
}

/// Whether the library has what frees a sample: the wrapper panics without it.
pub(super) fn can_free_samples(nvml: &Nvml) -> bool {
    nvml.lib().nvmlGpmSampleFree.is_ok()
}

/// The word that says which version of a struct was passed.
fn version<T>(number: u32) -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(0) | (number << 24)
}
