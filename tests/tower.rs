//! The server layer over real sockets: the telemetry of a request while it lasts, and at every kind of end.

#[path = "support"]
mod support {
    #![allow(dead_code, unused_imports, reason = "other tests use the rest")]

    pub mod allocator;
    pub mod conventions;
    pub mod families;
    pub mod otel_backend;
    pub mod prometheus_names;
    pub mod prometheus_page;
}

#[path = "tower/bodies.rs"]
mod bodies;
#[path = "tower/context.rs"]
mod context;
#[path = "tower/events.rs"]
mod events;
#[path = "tower/fixture.rs"]
mod fixture;
#[path = "tower/grpc.rs"]
mod grpc;
#[path = "tower/handlers.rs"]
mod handlers;
#[path = "tower/overhead.rs"]
mod overhead;
#[path = "tower/pages.rs"]
mod pages;
#[path = "tower/request_ends.rs"]
mod request_ends;
#[path = "tower/requests.rs"]
mod requests;

use crate::support::allocator::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
