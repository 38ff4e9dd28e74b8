//! XID events, from NVML's event sets.

use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::event::EventSet;

use super::error;
use super::handle::DeviceHandle;
use super::raw;
use crate::backend::ErrorWatcher;
use crate::backend::XidEvent;
use crate::error::GpuError;

pub(super) struct XidWatcher {
    set: EventSet<'static>,
    /// Address of each device's handle, in the order of the devices, and whether its events are registered.
    devices: Vec<(usize, bool)>,
}

impl XidWatcher {
    /// Returns a watcher, or `None` if no device reports errors.
    pub(super) fn new(nvml: &'static Nvml, handles: &[DeviceHandle]) -> Option<Self> {
        if !raw::can_free_events(nvml) {
            return None;
        }
        let set = nvml.create_event_set().ok()?;
        let wanted = EventTypes::CRITICAL_XID_ERROR;
        // A device without XID events must not prevent the registration of others.
        let register = |handle: &DeviceHandle| {
            let kinds = handle.device.supported_event_types();
            kinds.is_ok_and(|kinds| kinds.contains(wanted))
                && raw::register(&handle.device, wanted.bits(), &set).is_ok()
        };
        let devices: Vec<_> = handles.iter().map(|handle| (raw::address(&handle.device), register(handle))).collect();
        let any = devices.iter().any(|(_, comes)| *comes);
        any.then(|| Self { set, devices })
    }
}

impl ErrorWatcher for XidWatcher {
    fn wait(&mut self, at_most: Duration) -> Result<Option<XidEvent>, GpuError> {
        let millis = u32::try_from(at_most.as_millis()).unwrap_or(u32::MAX);
        match self.set.wait(millis) {
            Ok(event) => {
                let place = self.devices.iter().position(|(address, _)| *address == raw::address(&event.device));
                let code = match event.event_data {
                    Some(XidError::Value(code)) => Some(code),
                    Some(XidError::Unknown) => Some(999),
                    None => None,
                };
                Ok(place.zip(code).map(|(device, code)| XidEvent { device, code }))
            }
            Err(NvmlError::Timeout) => Ok(None),
            Err(other) => Err(error(other)),
        }
    }

    fn is_watching(&self, device: usize) -> bool {
        self.devices.get(device).is_some_and(|(_, comes)| *comes)
    }
}
