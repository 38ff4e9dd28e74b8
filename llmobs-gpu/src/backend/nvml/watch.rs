//! XIDs, from NVML's event sets.

use std::time::Duration;

use nvml_wrapper::Nvml;
use nvml_wrapper::bitmasks::event::EventTypes;
use nvml_wrapper::enums::event::XidError;
use nvml_wrapper::error::NvmlError;
use nvml_wrapper::event::EventSet;

use super::error;
use super::handle::Handle;
use super::raw;
use crate::backend::Watch;
use crate::backend::Xid;
use crate::error::GpuError;

pub(super) struct Events {
    set: EventSet<'static>,
    /// The address of each device's handle, in the order of the devices, and whether its events come.
    devices: Vec<(usize, bool)>,
}

impl Events {
    /// None where no device reports errors.
    pub(super) fn new(nvml: &'static Nvml, handles: &[Handle]) -> Option<Self> {
        if !raw::can_free_events(nvml) {
            return None;
        }
        let set = nvml.create_event_set().ok()?;
        let wanted = EventTypes::CRITICAL_XID_ERROR;
        // A device without such events must not keep the others from theirs.
        let register = |handle: &Handle| {
            let kinds = handle.device.supported_event_types();
            kinds.is_ok_and(|kinds| kinds.contains(wanted))
                && raw::register(&handle.device, wanted.bits(), &set).is_ok()
        };
        let devices: Vec<_> = handles.iter().map(|handle| (raw::address(&handle.device), register(handle))).collect();
        let any = devices.iter().any(|(_, comes)| *comes);
        any.then(|| Self { set, devices })
    }
}

impl Watch for Events {
    fn wait(&mut self, at_most: Duration) -> Result<Option<Xid>, GpuError> {
        let millis = u32::try_from(at_most.as_millis()).unwrap_or(u32::MAX);
        match self.set.wait(millis) {
            Ok(event) => {
                let place = self.devices.iter().position(|(address, _)| *address == raw::address(&event.device));
                let code = match event.event_data {
                    Some(XidError::Value(code)) => Some(code),
                    Some(XidError::Unknown) => Some(999),
                    None => None,
                };
                Ok(place.zip(code).map(|(device, code)| Xid { device, code }))
            }
            Err(NvmlError::Timeout) => Ok(None),
            Err(other) => Err(error(other)),
        }
    }

    fn hears(&self, device: usize) -> bool {
        self.devices.get(device).is_some_and(|(_, comes)| *comes)
    }
}
