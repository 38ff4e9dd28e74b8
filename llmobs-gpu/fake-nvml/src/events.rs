//! Functions for events.

use std::ffi::c_uint;
use std::ffi::c_ulonglong;
use std::ffi::c_void;
use std::sync::PoisonError;
use std::time::Duration;

use crate::NOT_SUPPORTED;
use crate::TIMEOUT;
use crate::exported;
use crate::layout::EventData;
use crate::load::Load;
use crate::of_device;
use crate::put;
use crate::state::CHANGED;
use crate::state::handle_of;
use crate::state::state;

/// NVIDIA's kind of event for an XID error.
const XID: u64 = 8;

exported! {
    nvmlEventSetCreate(set: *mut *mut c_void) {
        state().event_sets += 1;
        // SAFETY: guaranteed by the caller.
        unsafe { put(set, std::ptr::without_provenance_mut(0xE5E7)) }
    }

    nvmlEventSetFree(_set: *mut c_void) {
        state().event_sets -= 1;
        Ok(())
    }

    nvmlEventSetWait_v2(_set: *mut c_void, data: *mut EventData, millis: c_uint) {
        let mut state = state();
        if let Some(xid) = state.load.as_mut().and_then(Load::next_xid) {
            state.events.push_back((0, XID, xid));
        }
        let (mut state, _) = CHANGED
            .wait_timeout_while(state, Duration::from_millis(u64::from(millis)), |state| state.events.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let (device, kind, value) = state.events.pop_front().ok_or(TIMEOUT)?;
        let event = EventData {
            device: handle_of(device),
            kind,
            data: value,
            gpu_instance: u32::MAX,
            compute_instance: u32::MAX,
        };
        // SAFETY: guaranteed by the caller.
        unsafe { put(data, event) }
    }
}

of_device! {
    nvmlDeviceGetSupportedEventTypes(device, kinds: *mut c_ulonglong) {
        let has_no_events = state().devices[device].values.contains_key("no_events");
        // SAFETY: guaranteed by the caller.
        unsafe { put(kinds, if has_no_events { 0 } else { 0x800B }) }
    }

    nvmlDeviceRegisterEvents(device, _kinds: c_ulonglong, _set: *mut c_void) {
        let mut state = state();
        if state.devices[device].values.contains_key("no_events") {
            return Err(NOT_SUPPORTED);
        }
        state.registered += 1;
        Ok(())
    }
}
