//! The recordings of the example `gateway`.

use super::recordings::Fault;
use super::recordings::Recordings;
use crate::ops::programs::folder::Folder;
use crate::ops::programs::listener;
use crate::ops::programs::listener::Answer;
use crate::ops::programs::service::ANY_PORT;
use crate::ops::programs::service::Service;
use crate::ops::stack::faulty;
use crate::ops::stack::pages::faults::PRICES;
use crate::ops::stack::pages::traffic::CLIENT;
use crate::ops::stack::pages::traffic::Clients;

/// The program, in the words of the header of a page.
const CORE: &str = "the example `gateway` at level core";
const STANDARD: &str = "the example `gateway`";

/// The argument of the level core.
pub(super) const AT_CORE: [&str; 2] = ["--level", "core"];

/// One client whose answers are not streamed: only these report their tokens without being asked.
const WHOLE: Clients = Clients { stream: false, ..CLIENT };

/// The prices of [`PRICES`], with a budget that is not spent within a day; and three times these prices.
const USUAL_PRICES: &str = "\
[[price]]
model = \"synthetic\"
input = 1
output = 1000
[[budget]]
name = \"test\"
limit_usd = 100000
period = \"month\"
action = \"deny\"
";
const NEW_PRICES: &str = "\
[[price]]
model = \"synthetic\"
input = 3
output = 3000
";

/// A stream with a frame that is not JSON.
const BROKEN: &str = "\
data: {\"id\":\"1\",\"object\":\"chat.completion.chunk\",\"model\":\"synthetic\",\"choices\":\
[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":null}]}

data: {\"id\":

data: [DONE]

";

/// Adds the recordings.
pub(super) fn add(all: &mut Recordings, folder: &Folder) -> Result<(), String> {
    add_upstreams(all)?;
    add_money(all, folder)?;

    let (upstream, gateway) = start(all, &[&AT_CORE, &["--other-models", "1"]])?;
    let models = ["a", "b", "c"].map(|model| Clients { model, ..WHOLE });
    let fault = Fault::Requests(models.into_iter().chain([WHOLE]).collect());
    all.upstreams.push(upstream);
    let words = "requests for more models than have labels, and answers without a price that end at their limit";
    all.add("gateway-of-models", CORE, words, gateway, fault);

    let (upstream, gateway) = start(all, &[&AT_CORE])?;
    all.upstreams.push(upstream);
    all.send(&gateway, CLIENT);
    all.add("gateway-down", CORE, "the process ends", gateway, Fault::End);
    Ok(())
}

/// Adds the gateways whose upstream has the fault.
fn add_upstreams(all: &mut Recordings) -> Result<(), String> {
    let (upstream, gateway) = start(all, &[&AT_CORE])?;
    all.send(&gateway, Clients { count: 3, ..CLIENT });
    let fault = Fault::Upstream(Some(upstream), Some(&faulty::HUNG));
    let words = "the step of the second token of the upstream does not end";
    all.add("gateway-of-hung", CORE, words, gateway, fault);

    let (upstream, gateway) = start(all, &[&AT_CORE])?;
    all.send(&gateway, CLIENT);
    let fault = Fault::Upstream(Some(upstream), None);
    all.add("gateway-of-nothing", CORE, "the upstream does not listen", gateway, fault);

    let (upstream, gateway) = start(all, &[&AT_CORE, &["--first-token", "2"]])?;
    all.send(&gateway, Clients { count: 6, tokens: 30, ..CLIENT });
    let fault = Fault::Upstream(Some(upstream), Some(&faulty::QUEUE));
    let words = "six clients; the upstream makes one answer of three seconds at a time, and the objective allows two";
    all.add("gateway-of-queue", CORE, words, gateway, fault);

    let second = all.chat(&[])?;
    let fallback = format!("http://{}", second.address);
    all.upstreams.push(second);
    let (upstream, gateway) = start(all, &[&["--fallback", &fallback]])?;
    all.send(&gateway, CLIENT);
    let fault = Fault::Upstream(Some(upstream), None);
    let words = "the first of two upstreams does not listen";
    all.add("gateway-with-fallback", STANDARD, words, gateway, fault);

    let broken = listener::serve(|_| Answer::events(BROKEN))?;
    let gateway = Service::gateway(&all.binaries, ANY_PORT, &broken, &AT_CORE)?;
    let fault = Fault::Requests(vec![CLIENT]);
    all.add("gateway-of-broken", CORE, "each stream of the upstream has a frame that is not JSON", gateway, fault);
    Ok(())
}

/// Adds the gateways with prices.
fn add_money(all: &mut Recordings, folder: &Folder) -> Result<(), String> {
    let spending = Clients { count: 3, tokens: 100, ..WHOLE };
    let recordings = [
        ("gateway-of-money", PRICES, "three clients spend the budget, and requests are denied from then on", spending),
        ("gateway-with-prices", USUAL_PRICES, "none; one client, and prices", WHOLE),
        (
            "gateway-spends",
            USUAL_PRICES,
            "twelve clients ask for 200 tokens, and the budget is large",
            Clients { count: 12, tokens: 200, ..WHOLE },
        ),
        ("gateway-with-new-prices", NEW_PRICES, "one client, and three times the prices", WHOLE),
    ];
    for (name, prices, words, clients) in recordings {
        let path = folder.write(&format!("{name}.toml"), prices)?.display().to_string();
        let (upstream, gateway) = start(all, &[&AT_CORE, &["--prices", &path]])?;
        all.upstreams.push(upstream);
        all.add(name, CORE, words, gateway, Fault::Requests(vec![clients]));
    }
    Ok(())
}

/// Starts a server that works and a gateway in front of it.
fn start(all: &Recordings, arguments: &[&[&str]]) -> Result<(Service, Service), String> {
    let upstream = Service::chat(&all.binaries, ANY_PORT, &[], &["--max-running", "16"])?;
    let gateway = Service::gateway(&all.binaries, ANY_PORT, &upstream.address, &arguments.concat())?;
    Ok((upstream, gateway))
}
