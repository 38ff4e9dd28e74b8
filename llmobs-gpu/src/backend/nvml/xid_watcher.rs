//! XID events, from NVML's event sets.

use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::event::EventSet;

use super::error::to_gpu_error;
use super::handle::DeviceHandle;
use super::raw;
use crate::backend::ErrorWatcher;
use crate::backend::XidEvent;
use crate::error::GpuError;

pub(super) struct XidWatcher {
    event_set: EventSet<'static>,
    /// Address of each device's handle, in the order of the devices, and whether its events are registered.
    devices: Vec<(usize, bool)>,
}

impl XidWatcher {
    /// Returns a watcher, or `None` if the library cannot create and free event sets, or no device reports XID events.
    pub(super) fn new(nvml: &'static Nvml, handles: &[DeviceHandle]) -> Option<Self> {
        if !raw::has_event_set_free(nvml) {
            return None;
        }
        let set = nvml.create_event_set().ok()?;
        let xid_events = EventTypes::CRITICAL_XID_ERROR;
        // A device without XID events must not prevent the registration of others.
        let register = |handle: &DeviceHandle| {
            let kinds = handle.device.supported_event_types();
            kinds.is_ok_and(|kinds| kinds.contains(xid_events))
                && raw::register_events(&handle.device, xid_events.bits(), &set).is_ok()
        };
        let devices: Vec<_> =
            handles.iter().map(|handle| (raw::handle_address(&handle.device), register(handle))).collect();
        let has_registered = devices.iter().any(|(_, is_registered)| *is_registered);
        has_registered.then(|| Self { event_set: set, devices })
    }
}

impl ErrorWatcher for XidWatcher {
    fn wait(&mut self, at_most: Duration) -> Result<Option<XidEvent>, GpuError> {
        let millis = u32::try_from(at_most.as_millis()).unwrap_or(u32::MAX);
        match self.event_set.wait(millis) {
            Ok(event) => {
                let index = self.devices.iter().position(|(address, _)| *address == raw::handle_address(&event.device));
                let code = match event.event_data {
                    Some(XidError::Value(code)) => Some(code),
                    Some(XidError::Unknown) => Some(999),
                    None => None,
                };
                Ok(index.zip(code).map(|(device, code)| XidEvent { device, code }))
            }
            Err(NvmlError::Timeout) => Ok(None),
            Err(other) => Err(to_gpu_error(other)),
        }
    }

    fn is_watching(&self, device: usize) -> bool {
        self.devices.get(device).is_some_and(|(_, is_registered)| *is_registered)
    }
}
