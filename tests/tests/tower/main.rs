//! The server layer over real sockets: the telemetry of a request while it lasts, and at every kind of end.

mod bodies;
mod context;
mod dropped_operations;
mod events;
mod fixture;
mod grpc;
mod handlers;
mod model_call;
mod overhead;
mod pages;
mod request_ends;
mod requests;
mod span_filter;

use llmobs_tests::allocator::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
