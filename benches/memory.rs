//! Measures the bytes that an operation in flight keeps allocated: for the operation, its stream and its entry in the
//! in-flight registry.

use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::Role;
use llmobs_benches::CountingAllocator;
use llmobs_benches::Table;
use llmobs_benches::report_budget;
use opentelemetry_sdk::metrics::SdkMeterProvider;

use self::support::meter_provider::MODEL;

mod support {
    pub(crate) mod meter_provider;
}

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

/// A power of two, so that the growth of the registry is not counted twice.
const OPERATIONS: usize = 1_024;

fn main() {
    let provider = support::meter_provider::meter_provider();
    let mut table = Table::new(&["in flight", "bytes an operation"]);
    let mut max_bytes = 0;
    for (name, role) in [("server", Role::Server), ("gateway", Role::Gateway), ("client", Role::Client)] {
        for (backends, provider) in [("Prometheus alone", None), ("both backends", Some(&provider))] {
            let bytes = bytes_per_operation(&observer(role, provider));
            table.row(&[&format!("{name}, {backends}"), &bytes.to_string()]);
            max_bytes = max_bytes.max(bytes);
        }
    }
    let tenants = Observer::builder().model(MODEL).tenants(["pro"]).build().expect("the observer is valid");
    table.row(&["server, with tenants", &bytes_per_operation(&tenants).to_string()]);
    table.row(&["disabled", &bytes_per_operation(&Observer::disabled()).to_string()]);
    table.print();
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    report_budget("an operation in flight", max_bytes as f64, 1_024.0, " bytes");
}

fn observer(role: Role, provider: Option<&SdkMeterProvider>) -> Observer {
    let observer = Observer::builder().role(role).model(MODEL);
    match provider {
        Some(provider) => observer.meter_provider(provider).build().expect("the observer is valid"),
        None => observer.build().expect("the observer is valid"),
    }
}

/// Returns the bytes per operation of streams that have yielded three tokens and now wait.
fn bytes_per_operation(observer: &Observer) -> usize {
    let tokens = || stream::iter([1_u32, 1, 1]).chain(stream::pending());
    let start = || observer.chat(MODEL).max_tokens(64).start().observe_with(tokens(), |_: &u32| Chunk::tokens(1));
    let inline = size_of_val(&start()) - size_of_val(&tokens());
    // Series and instruments are created at first use and remain allocated.
    poll_until_pending(&mut start());
    let mut streams = Vec::with_capacity(OPERATIONS);
    let before = ALLOCATOR.live_bytes();
    for _ in 0..OPERATIONS {
        let mut stream = start();
        poll_until_pending(&mut stream);
        streams.push(stream);
    }
    let retained = ALLOCATOR.live_bytes() - before;
    assert!(!observer.is_enabled() || observer.in_flight().len() == OPERATIONS, "every operation is in flight");
    retained.div_ceil(OPERATIONS) + inline
}

fn poll_until_pending(stream: &mut (impl Stream + Unpin)) {
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(item) = Pin::new(&mut *stream).poll_next(&mut context) {
        assert!(item.is_some(), "the stream has not ended");
    }
}
