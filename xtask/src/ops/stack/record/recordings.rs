//! The services of the recordings and their faults.

use std::path::Path;
use std::path::PathBuf;

use super::reduced::Keep;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;
use crate::ops::programs::sink::Sink;
use crate::ops::stack::pages::traffic::Clients;
use crate::ops::stack::pages::traffic::Traffic;

/// The arguments of all servers with GPUs: one answer at a time, so that some requests wait.
pub(super) const GPU_ARGUMENTS: &[&str] = &["--max-running", "1"];

/// A service whose page is recorded.
#[derive(Debug)]
pub(super) struct Recording {
    /// The name of the files. Those of gateways and clients begin with the role.
    pub(super) name: &'static str,
    /// The program, for the header of the page.
    pub(super) program: &'static str,
    pub(super) fault_in_words: &'static str,
    pub(super) keep: Keep,
    pub(super) address: String,
    /// `None` while the service is down.
    service: Option<Service>,
    fault: Fault,
}

/// The fault of a recording.
#[derive(Debug)]
pub(super) enum Fault {
    /// The service goes on as before.
    Nothing,
    /// Clients begin to send requests to a service that was started with its fault.
    Requests(Vec<Clients>),
    /// The process ends.
    End,
    /// The process restarts with other simulated GPUs.
    Gpus(Vec<(&'static str, &'static str)>),
    /// The process restarts without a library of GPUs.
    NoDriver,
    /// The receiver of exports refuses them.
    Refusal(Sink),
    /// The server that the service calls ends, and with arguments starts again.
    Upstream(Option<Service>, Option<&'static [&'static str]>),
}

/// All recordings, and the traffic on their services.
#[derive(Debug)]
pub(super) struct Recordings {
    pub(super) list: Vec<Recording>,
    /// Upstreams that work until the end.
    pub(super) upstreams: Vec<Service>,
    traffic: Traffic,
    pub(super) binaries: PathBuf,
}

impl Recordings {
    /// Starts without services.
    pub(super) fn new(binaries: &Path) -> Self {
        let traffic = Traffic::default();
        Self { list: Vec::new(), upstreams: Vec::new(), traffic, binaries: binaries.to_owned() }
    }

    /// Causes all faults.
    pub(super) fn cause(&mut self) -> Result<(), String> {
        for recording in &mut self.list {
            match &mut recording.fault {
                Fault::Nothing => {}
                Fault::Requests(clients) => {
                    clients.iter().for_each(|clients| self.traffic.send(&recording.address, *clients));
                }
                Fault::End => recording.service = None,
                Fault::Gpus(variables) => {
                    recording.service = None;
                    let service = Service::with_gpus(&self.binaries, &recording.address, variables, GPU_ARGUMENTS)?;
                    recording.service = Some(service);
                }
                Fault::NoDriver => {
                    recording.service = None;
                    let arguments = [GPU_ARGUMENTS, &["--gpu", "nvml:/nonexistent/libnvidia-ml.so.1"]].concat();
                    recording.service = Some(Service::chat(&self.binaries, &recording.address, &[], &arguments)?);
                }
                Fault::Refusal(sink) => sink.refuse(true),
                Fault::Upstream(upstream, arguments) => {
                    let Some(address) = upstream.take().map(|upstream| upstream.address) else { continue };
                    if let Some(arguments) = arguments {
                        *upstream = Some(Service::chat(&self.binaries, &address, &[], arguments)?);
                    }
                }
            }
        }
        Ok(())
    }

    /// Adds a recording of a program.
    pub(super) fn add(
        &mut self,
        name: &'static str,
        program: &'static str,
        fault_in_words: &'static str,
        service: Service,
        fault: Fault,
    ) {
        let address = service.address.clone();
        let service = Some(service);
        let keep = Keep::Used;
        self.list.push(Recording { name, program, fault_in_words, keep, address, service, fault });
    }

    /// Sets which rows of the last recording are kept.
    pub(super) fn keep(&mut self, keep: Keep) {
        if let Some(last) = self.list.last_mut() {
            last.keep = keep;
        }
    }

    pub(super) fn send(&self, service: &Service, clients: Clients) {
        self.traffic.send(&service.address, clients);
    }

    pub(super) fn chat(&self, arguments: &[&str]) -> Result<Service, String> {
        Service::chat(&self.binaries, ANY_PORT, &[], arguments)
    }
}
