//! The server layer over real sockets: the telemetry of a request while it lasts, and at every kind of end.

#[path = "support"]
mod support {
    #![allow(dead_code, unused_imports, reason = "other tests use the rest")]

    pub mod allocator;
    pub mod conventions;
    pub mod families;
    pub mod otel;
    pub mod page;
    pub mod translate;
}

#[path = "tower/bodies.rs"]
mod bodies;
#[path = "tower/calls.rs"]
mod calls;
#[path = "tower/context.rs"]
mod context;
#[path = "tower/cost.rs"]
mod cost;
#[path = "tower/ends.rs"]
mod ends;
#[path = "tower/events.rs"]
mod events;
#[path = "tower/handlers.rs"]
mod handlers;
#[path = "tower/kit.rs"]
mod kit;
#[path = "tower/pages.rs"]
mod pages;
#[path = "tower/requests.rs"]
mod requests;

use crate::support::allocator::Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;
