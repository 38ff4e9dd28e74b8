//! The layer for gateways: what passes through it, and what it records of each call.

mod endings;
mod fixture;
mod overhead;
mod parameters;
mod pass_through;
mod sockets;
mod usage_frames;

use llmobs_tests::allocator::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
