//! Who the devices are, for views.

use llmobs::catalog::Fact;
use llmobs::catalog::Figure;
use llmobs::companion;
use llmobs::companion::Word;

use super::board::Board;
use super::board::Device;
use crate::backend::Call;
use crate::backend::DeviceInfo;

impl Board {
    pub(super) fn named(&self) -> Vec<companion::Device> {
        let now = self.now();
        let state = self.lock();
        state.devices.iter().map(|device| device.named(self.host(), now)).collect()
    }
}

impl Device {
    fn named(&self, host: Option<&Word>, now: u64) -> companion::Device {
        let info = &self.report.info;
        let part = Part::of(info);
        // The number tells parts of one GPU apart. Where it is not known, the part's own id must.
        let whole = info.parent.as_ref().filter(|_| info.instance.is_some()).unwrap_or(&info.id);
        let number = |number: u32| number.to_string();
        let mut device = companion::Device::new(&self.words.id);
        for (fact, word) in [
            (Fact::Index, info.index.map(number)),
            (Fact::Uuid, Some(whole.clone())),
            (Fact::Pci, info.pci.clone()),
            (Fact::Name, Some(part.name.to_owned())),
            (Fact::Model, part.model.map(str::to_owned)),
            (Fact::Profile, part.profile.map(str::to_owned)),
            (Fact::Instance, info.instance.map(number)),
            (Fact::Driver, info.driver.clone()),
        ] {
            if let Some(word) = word {
                device = device.with(fact, word);
            }
        }
        if let Some(host) = host {
            device = device.with(Fact::Host, host);
        }
        if let Some(xid) = self.last_xid.and_then(|xid| u32::try_from(xid).ok()) {
            device = device.figure(Figure::LastXid, f64::from(xid));
        }
        if let Some(failed) = self.report.reading.rows_failed.filter(|_| self.holds(Call::Rows, now)) {
            device = device.figure(Figure::RowsFailed, f64::from(u8::from(failed)));
        }
        let reading = &self.report.reading;
        for (figure, rate) in
            [(Figure::BusSent, reading.io_sent_per_second), (Figure::BusReceived, reading.io_received_per_second)]
        {
            if let Some(rate) = rate.filter(|_| self.holds(Call::Activity, now)) {
                device = device.figure(figure, rate);
            }
        }
        device
    }
}

/// The names of a device, taken apart where it is a part of another one.
struct Part<'a> {
    name: &'a str,
    model: Option<&'a str>,
    profile: Option<&'a str>,
}

impl<'a> Part<'a> {
    fn of(info: &'a DeviceInfo) -> Self {
        let (name, model) = (info.name.as_str(), info.model.as_deref());
        if info.parent.is_none() {
            return Self { name, model, profile: None };
        }
        let name = name.split('/').next().unwrap_or(name);
        match model.and_then(|model| model.split_once(" MIG ")) {
            Some((model, profile)) => Self { name, model: Some(model), profile: Some(profile) },
            None => Self { name, model, profile: None },
        }
    }
}
