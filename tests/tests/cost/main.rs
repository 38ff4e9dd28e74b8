//! Costs: price books, own prices, and the prices of whole requests; the costs of operations on the rows, on the span, in
//! the record and in budgets, to the nano-dollar.

mod allocations;
mod attempts;
mod denial;
mod fixture;
mod gateway;
mod litellm;
mod overlay;
mod own_gpus;
mod pinned;
mod properties;
mod records;
mod reload;
mod rows;
mod shapes;
mod spans;

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use llmobs::Usage;
use llmobs::cost::PriceBook;
use llmobs::cost::Unpriced;
use llmobs_tests::allocator::CountingAllocator;

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;

/// 2026-11-20, 00:00 UTC, in seconds since 1970.
const MIDNIGHT: u64 = 1_795_132_800;

/// Returns a time of 2026-11-20 in UTC.
fn at(hour: u64, minute: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(MIDNIGHT + hour * 3_600 + minute * 60)
}

/// Returns the cost in nano-dollars at noon of 2026-11-20.
fn nanos(book: &PriceBook, provider: &str, model: &str, usage: Usage) -> Result<u64, Unpriced> {
    book.cost(provider, model, &usage, at(12, 0)).map(|cost| cost.total().nanos())
}
