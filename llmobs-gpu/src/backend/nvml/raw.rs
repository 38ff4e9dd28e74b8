//! Direct calls of NVML, for what the safe wrapper gets wrong or hides, such as scopes of fields, all seven types of
//! values, clock event reasons unknown to the wrapper, the first version of the memory info, and event registration per
//! device.

#![expect(unsafe_code, reason = "NVML is a C library; all other code of this crate is safe")]

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

/// Reads fields with their scopes. The results are assigned by their order, which is that of the request, and not by
/// their ids, since the library may renumber fields.
pub(super) fn field_values<const N: usize>(
    device: &Device<'_>,
    fields: [Field; N],
) -> Result<[Result<NvmlValue, NvmlError>; N], NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetFieldValues.as_ref())?;
    let mut values = fields.map(|field| {
        // SAFETY: a struct of numbers, for which all-zero bytes are valid.
        let mut value: nvmlFieldValue_t = unsafe { std::mem::zeroed() };
        (value.fieldId, value.scopeId) = (field.id, field.scope);
        value
    });
    let count = i32::try_from(N).unwrap_or(i32::MAX);
    // SAFETY: the handle is the device's, and `values` has `count` elements.
    nvml_try(unsafe { sym(device.handle(), count, values.as_mut_ptr()) })?;
    Ok(values.map(|value| {
        nvml_try(value.nvmlReturn)?;
        // SAFETY: the type names the written member; the other members are numbers too, so any bytes are valid.
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

/// Reads the reasons of reduced clocks, with the function of new libraries, or else that of old ones.
pub(super) fn clocks_event_reasons(device: &Device<'_>) -> Result<u64, NvmlError> {
    let lib = device.nvml().lib();
    let sym = match lib.nvmlDeviceGetCurrentClocksEventReasons.as_ref() {
        Ok(sym) => sym,
        Err(_) => nvml_sym(lib.nvmlDeviceGetCurrentClocksThrottleReasons.as_ref())?,
    };
    let mut reasons = 0;
    // SAFETY: the handle is the device's, and the number is a local variable.
    nvml_try(unsafe { sym(device.handle(), &raw mut reasons) })?;
    Ok(reasons)
}

/// Reads the temperature of the chip in degrees Celsius. An old library without the function returns an error, after
/// which the caller uses the old function.
pub(super) fn temperature(device: &Device<'_>) -> Result<i32, NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetTemperatureV.as_ref())?;
    let mut request =
        nvmlTemperature_t { version: struct_version::<nvmlTemperature_t>(1), sensorType: 0, temperature: 0 };
    // SAFETY: the handle is the device's, and the struct is a local variable.
    nvml_try(unsafe { sym(device.handle(), &raw mut request) })?;
    Ok(request.temperature)
}

/// Reads the margin in degrees Celsius until clocks are reduced.
pub(super) fn temperature_margin(device: &Device<'_>) -> Result<i32, NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetMarginTemperature.as_ref())?;
    let mut request =
        nvmlMarginTemperature_t { version: struct_version::<nvmlMarginTemperature_t>(1), marginTemperature: 0 };
    // SAFETY: the handle is the device's, and the struct is a local variable.
    nvml_try(unsafe { sym(device.handle(), &raw mut request) })?;
    Ok(request.marginTemperature)
}

/// Reads total and used memory in bytes from drivers before 510, where used memory includes reserved memory.
pub(super) fn memory_info_v1(device: &Device<'_>) -> Result<(u64, u64), NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetMemoryInfo.as_ref())?;
    let mut memory = nvmlMemory_t { total: 0, free: 0, used: 0 };
    // SAFETY: the handle is the device's, and the struct is a local variable.
    nvml_try(unsafe { sym(device.handle(), &raw mut memory) })?;
    Ok((memory.total, memory.used))
}

/// Fills an existing sample of a GPU or of one of its MIG instances.
pub(super) fn fill_gpm_sample(
    device: &Device<'_>,
    instance: Option<u32>,
    sample: &GpmSample<'_>,
) -> Result<(), NvmlError> {
    if let Some(instance) = instance {
        let sym = nvml_sym(device.nvml().lib().nvmlGpmMigSampleGet.as_ref())?;
        // SAFETY: both handles are valid as long as the borrowed device and sample.
        return nvml_try(unsafe { sym(device.handle(), instance, sample.handle()) });
    }
    let sym = nvml_sym(device.nvml().lib().nvmlGpmSampleGet.as_ref())?;
    // SAFETY: both handles are valid as long as the borrowed device and sample.
    nvml_try(unsafe { sym(device.handle(), sample.handle()) })
}

/// Reads the processes on a device: those that compute, and those that draw.
///
/// Unlike the wrapper, this function does not query the count first, which would take as long again, and retries if a
/// process was added meanwhile.
pub(super) fn processes(device: &Device<'_>) -> Result<[Vec<nvmlProcessInfo_t>; 2], NvmlError> {
    let lib = device.nvml().lib();
    let computing = nvml_sym(lib.nvmlDeviceGetComputeRunningProcesses_v3.as_ref())?;
    let drawing = lib.nvmlDeviceGetGraphicsRunningProcesses_v3.as_ref();
    let empty = nvmlProcessInfo_t { pid: 0, usedGpuMemory: 0, gpuInstanceId: 0, computeInstanceId: 0 };
    // SAFETY: the handle is the device's, and `buffer` has space for `count` elements.
    let computing = read_list(empty, |buffer, count| unsafe { computing(device.handle(), count, buffer) })?;
    // SAFETY: as above.
    let drawing = drawing.map(|sym| read_list(empty, |buffer, count| unsafe { sym(device.handle(), count, buffer) }));
    // A GPU without graphics has no list of drawing processes.
    Ok([computing, drawing.ok().and_then(Result::ok).unwrap_or_default()])
}

/// Reads the utilization by each process since a moment of the driver's clock, in microseconds.
pub(super) fn process_utilization(
    device: &Device<'_>,
    since: u64,
) -> Result<Vec<nvmlProcessUtilizationSample_t>, NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceGetProcessUtilization.as_ref())?;
    let empty = nvmlProcessUtilizationSample_t { pid: 0, timeStamp: 0, smUtil: 0, memUtil: 0, encUtil: 0, decUtil: 0 };
    // SAFETY: the handle is the device's, and `buffer` has space for `count` elements.
    read_list(empty, |buffer, count| unsafe { sym(device.handle(), buffer, count, since) })
}

/// Reads a list with growing buffers until it fits. `read` receives the buffer and its capacity, and replaces the
/// capacity by the number of elements.
fn read_list<T: Copy>(empty: T, read: impl Fn(*mut T, *mut u32) -> nvmlReturn_t) -> Result<Vec<T>, NvmlError> {
    let mut capacity = LIST_HEADROOM;
    for _ in 0..MAX_LIST_READS {
        let mut items = vec![empty; capacity as usize];
        let mut count = capacity;
        let code = read(items.as_mut_ptr(), &raw mut count);
        if code == nvmlReturn_enum_NVML_ERROR_INSUFFICIENT_SIZE {
            capacity = count.max(capacity).min(MAX_LIST_LENGTH) + LIST_HEADROOM;
            continue;
        }
        nvml_try(code)?;
        items.truncate(count as usize);
        return Ok(items);
    }
    Err(NvmlError::InsufficientSize(None))
}

/// The initial capacity, and the reserve beyond the capacity that the library requests, since processes may be added.
const LIST_HEADROOM: u32 = 16;

/// The largest capacity request that is trusted.
const MAX_LIST_LENGTH: u32 = 16_384;

/// The maximum number of attempts while the list grows.
const MAX_LIST_READS: usize = 4;

/// Registers a device's events in a set. Unlike the wrapper, the set remains valid if a device has no events.
pub(super) fn register_events(device: &Device<'_>, kinds: u64, set: &EventSet<'_>) -> Result<(), NvmlError> {
    let sym = nvml_sym(device.nvml().lib().nvmlDeviceRegisterEvents.as_ref())?;
    // SAFETY: both handles are valid as long as the borrowed device and set.
    nvml_try(unsafe { sym(device.handle(), kinds, set.handle()) })
}

/// Returns the number of a MIG instance.
pub(super) fn gpu_instance_id(instance: &Device<'_>) -> Result<u32, NvmlError> {
    let sym = nvml_sym(instance.nvml().lib().nvmlDeviceGetGpuInstanceId.as_ref())?;
    let mut number = 0;
    // SAFETY: the handle is the device's, and the number is a local variable.
    nvml_try(unsafe { sym(instance.handle(), &raw mut number) })?;
    Ok(number)
}

/// Returns the address of a device's handle, which identifies the device.
pub(super) fn handle_address(device: &Device<'_>) -> usize {
    // SAFETY: the address is compared and never dereferenced.
    unsafe { device.handle() }.addr()
}

/// Returns whether the library can free event sets. The wrapper panics without that function.
pub(super) fn has_event_set_free(nvml: &Nvml) -> bool {
    nvml.lib().nvmlEventSetFree.is_ok()
}

/// Returns whether the library can free samples. The wrapper panics without that function.
pub(super) fn has_gpm_sample_free(nvml: &Nvml) -> bool {
    nvml.lib().nvmlGpmSampleFree.is_ok()
}

/// Returns the version word of a struct: its size and version number.
fn struct_version<T>(number: u32) -> u32 {
    u32::try_from(size_of::<T>()).unwrap_or(0) | (number << 24)
}
