//! The metrics as a whole: the catalog's rows, their series in both back ends, and the limits of their labels.

mod backends;
mod cardinality;
mod catalog;
mod exemplars;
mod exposition;
mod metric_naming;
mod registered;

use llmobs_tests::allocator::CountingAllocator;

// For `cardinality`, which measures memory.
#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator;
