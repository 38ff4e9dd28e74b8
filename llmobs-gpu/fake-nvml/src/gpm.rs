//! GPU performance monitoring (GPM): activity between two samples.

use std::ffi::c_uint;
use std::ffi::c_void;

use crate::INVALID_ARGUMENT;
use crate::NOT_SUPPORTED;
use crate::VERSION_MISMATCH;
use crate::exported;
use crate::layout::GpmInfo;
use crate::layout::GpmMetrics;
use crate::layout::GpmSupport;
use crate::of_device;
use crate::put;
use crate::state::state;
use crate::state::value;

exported! {
    nvmlGpmSampleAlloc(sample: *mut *mut c_void) {
        state().gpm_samples += 1;
        let storage: *mut usize = Box::into_raw(Box::new(0));
        // SAFETY: guaranteed by the caller.
        unsafe { put(sample, storage.cast()) }
    }

    nvmlGpmSampleFree(sample: *mut c_void) {
        state().gpm_samples -= 1;
        // SAFETY: every sample comes from `nvmlGpmSampleAlloc`.
        drop(unsafe { Box::from_raw(sample.cast::<usize>()) });
        Ok(())
    }

    nvmlGpmMetricsGet(request: *mut GpmMetrics) {
        // SAFETY: guaranteed by the caller.
        let (version, count, second) = unsafe { ((*request).version, (*request).count, (*request).second) };
        if version != 1 {
            return Err(VERSION_MISMATCH);
        }
        // SAFETY: every sample comes from `nvmlGpmSampleAlloc`.
        let device = unsafe { *second.cast::<usize>() };
        let code = state().script("nvmlGpmMetricsGet").fails.get(&u32::try_from(device).unwrap_or(0)).copied();
        if let Some(code) = code {
            return Err(code);
        }
        // SAFETY: the field lies within the request.
        let metrics = unsafe { (&raw mut (*request).metrics).cast::<crate::layout::GpmMetric>() };
        for index in 0..count as usize {
            // SAFETY: the request has `count` metrics, as guaranteed by the caller.
            let metric = unsafe { &mut *metrics.add(index) };
            metric.info = GpmInfo { short_name: c"m".as_ptr(), long_name: c"metric".as_ptr(), unit: c"%".as_ptr() };
            let key = match metric.id {
                1 => "gpm_engine",
                2 => "gpm_sm",
                3 => "gpm_occupancy",
                5 => "gpm_tensor",
                10 => "gpm_dram",
                20 => "gpm_pcie_tx",
                21 => "gpm_pcie_rx",
                _ => "",
            };
            match value(device, key) {
                // Hundredths of a percent or of a MiB/s; `u64::MAX` means NaN.
                Ok(u64::MAX) => (metric.ret, metric.value) = (crate::OK, f64::NAN),
                Ok(value) => (metric.ret, metric.value) = (crate::OK, value as f64 / 100.0),
                Err(code) => metric.ret = code,
            }
        }
        Ok(())
    }
}

of_device! {
    nvmlGpmQueryDeviceSupport(device, support: *mut GpmSupport) {
        // SAFETY: guaranteed by the caller.
        let version = unsafe { (*support).version };
        if version != 1 {
            return Err(VERSION_MISMATCH);
        }
        let supported = u32::from(value(device, "gpm").is_ok_and(|supported| supported != 0));
        // SAFETY: guaranteed by the caller.
        unsafe { put(support, GpmSupport { version, supported }) }
    }

    nvmlGpmMigSampleGet(device, instance: c_uint, sample: *mut c_void) {
        // Called with the handle of the GPU and the id of the instance.
        if value(device, "gpm")? == 0 || value(device, "mig")? == 0 {
            return Err(NOT_SUPPORTED);
        }
        let index = {
            let state = state();
            let mut indices = (0..state.devices.len()).filter(|index| state.devices[*index].parent == Some(device));
            indices.find(|index| state.instance(*index) == Some(instance)).ok_or(INVALID_ARGUMENT)?
        };
        // SAFETY: every sample comes from `nvmlGpmSampleAlloc`.
        unsafe { put(sample.cast::<usize>(), index) }
    }

    nvmlGpmSampleGet(device, sample: *mut c_void) {
        if value(device, "gpm")? == 0 {
            return Err(NOT_SUPPORTED);
        }
        // SAFETY: every sample comes from `nvmlGpmSampleAlloc`.
        unsafe { put(sample.cast::<usize>(), device) }
    }
}
