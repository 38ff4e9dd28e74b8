//! Tenants: their names, the sums over all of them, floods of names, and the tenant of a request.

mod exposure;
mod flood;
mod names;
mod page;
mod requests;
mod sums;

use llmobs_tests::allocator::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
