//! The services of the test and their faults. Each fault has a job of its own, named in the list of expected pages.

use std::path::Path;

use super::traffic::Traffic;
use crate::ops::programs;
use crate::ops::programs::folder::Folder;
use crate::ops::programs::http;
use crate::ops::programs::service;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;
use crate::ops::stack::faulty;

/// Own prices in dollars per million tokens, and a budget of some tens of answers of ten tokens.
pub(in crate::ops::stack) const PRICES: &str = "\
[[price]]
model = \"synthetic\"
input = 1
output = 1000
[[budget]]
name = \"test\"
limit_usd = 1
period = \"month\"
action = \"deny\"
";

/// The level of all services: an alert that pages works with the fewest metrics.
const LEVEL: [&str; 2] = ["--level", "core"];

/// A metric that every level has, and one that the level core lacks.
const OF_CORE: &str = "llmobs_operation_started_total";
const OF_STANDARD: &str = "llmobs_time_to_first_token_seconds";

/// The services, and the traffic on them.
#[derive(Debug)]
pub(super) struct Faults {
    /// Services that work until the end.
    healthy: [Service; 3],
    /// The services that are caused a fault: the one that ends, and the one that loses a GPU.
    down: Option<Service>,
    gpu: Option<Service>,
    /// Services that are started with their fault.
    faulty: Vec<Service>,
    /// The addresses of all jobs.
    addresses: Vec<(&'static str, String)>,
    traffic: Traffic,
}

impl Faults {
    /// Starts the services that work at first, with traffic on them.
    pub(super) fn start(binaries: &Path, folder: &Folder) -> Result<Self, String> {
        let chat = |listen: &str| Service::chat(binaries, listen, &[], &LEVEL);
        let healthy = chat(ANY_PORT)?;
        let down = chat(ANY_PORT)?;
        let gpu = Service::with_gpus(binaries, ANY_PORT, &service::TWO_GPUS, &LEVEL)?;
        let gateway = Service::gateway(binaries, ANY_PORT, &healthy.address, &LEVEL)?;
        let prices = folder.write("prices.toml", PRICES)?.display().to_string();
        let money = Service::gateway(binaries, ANY_PORT, &healthy.address, &with_level(&["--prices", &prices]))?;
        let traffic = Traffic::default();
        for (service, clients) in [(&healthy, 2), (&down, 1), (&gpu, 1), (&gateway, 1)] {
            traffic.add(&service.address, clients, (10, true));
        }
        let mut addresses = vec![
            ("healthy", healthy.address.clone()),
            ("gateway", gateway.address.clone()),
            ("down", down.address.clone()),
            ("gpu", gpu.address.clone()),
            ("gateway-of-money", money.address.clone()),
        ];
        for job in ["slow", "hung", "panics", "queue", "gateway-of-hung", "gateway-of-nothing"] {
            addresses.push((job, programs::free_address()?));
        }
        Ok(Self {
            healthy: [healthy, gateway, money],
            down: Some(down),
            gpu: Some(gpu),
            faulty: Vec::new(),
            addresses,
            traffic,
        })
    }

    /// Returns the jobs, each with the address of its service.
    pub(super) fn jobs(&self) -> Vec<(String, Vec<String>)> {
        self.addresses.iter().map(|(job, address)| ((*job).to_owned(), vec![address.clone()])).collect()
    }

    /// Causes all faults.
    pub(super) fn cause(&mut self, binaries: &Path) -> Result<(), String> {
        // The only replica of a service ends.
        self.down = None;
        // After a restart, a service sees one GPU instead of two.
        self.gpu = None;
        self.gpu = Some(Service::with_gpus(binaries, self.address("gpu")?, &service::ONE_GPU, &LEVEL)?);
        // The budget is spent soon, and requests are denied from then on. Only answers that are not streamed report their
        // tokens without being asked.
        self.traffic.add(self.address("gateway-of-money")?, 3, (100, false));
        // Each token takes longer than the objective of 100 ms allows.
        self.chat(binaries, "slow", &faulty::SLOW, (8, 5))?;
        // The engine panics at the fourth token of each answer.
        self.chat(binaries, "panics", &faulty::PANICS, (1, 10))?;
        // One answer of three seconds at a time, and six clients: the queue is longer than the objective of two seconds. The
        // answers are too few for a burn rate.
        self.chat(binaries, "queue", &faulty::QUEUE, (6, 30))?;
        // After the first token, the step of the second one does not end. The gateway in front of it sees streams that stall.
        self.chat(binaries, "hung", &faulty::HUNG, (0, 0))?;
        let hung = self.address("hung")?.to_owned();
        self.gateway(binaries, "gateway-of-hung", &hung, 3)?;
        // Nothing listens there.
        let nothing = programs::free_address()?;
        self.gateway(binaries, "gateway-of-nothing", &nothing, 1)
    }

    /// Fails if the page of a service lacks operations or has a metric above the level of the test.
    pub(super) fn check_level(&self) -> Result<(), String> {
        let services = self.healthy.iter().chain(&self.gpu).chain(&self.faulty);
        for address in services.map(|service| &service.address) {
            let page = http::metrics(address)?;
            if !page.contains(OF_CORE) || page.contains(OF_STANDARD) {
                return Err(format!("{address} is not at the level core"));
            }
        }
        Ok(())
    }

    fn address(&self, job: &str) -> Result<&str, String> {
        let found = self.addresses.iter().find(|(name, _)| *name == job);
        found.map(|(_, address)| address.as_str()).ok_or_else(|| format!("no job `{job}`"))
    }

    /// Starts `axum-chat` as a job, and clients that request a number of tokens.
    fn chat(
        &mut self,
        binaries: &Path,
        job: &str,
        arguments: &[&str],
        (clients, tokens): (usize, u64),
    ) -> Result<(), String> {
        let service = Service::chat(binaries, self.address(job)?, &[], &with_level(arguments))?;
        self.traffic.add(&service.address, clients, (tokens, true));
        self.faulty.push(service);
        Ok(())
    }

    /// Starts a gateway as a job, and clients of it.
    fn gateway(&mut self, binaries: &Path, job: &str, upstream: &str, clients: usize) -> Result<(), String> {
        let service = Service::gateway(binaries, self.address(job)?, upstream, &LEVEL)?;
        self.traffic.add(&service.address, clients, (10, true));
        self.faulty.push(service);
        Ok(())
    }
}

fn with_level<'a>(arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, &LEVEL].concat()
}
