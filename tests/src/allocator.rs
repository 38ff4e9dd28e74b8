//! A global allocator that counts the allocations and the live bytes of each thread.

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::cell::Cell;

/// The system allocator with counters per thread. Use as a `#[global_allocator]`; without it the counters remain zero.
pub struct CountingAllocator;

thread_local! {
    static LIVE_BYTES: Cell<i64> = const { Cell::new(0) };
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

/// Returns the bytes that this thread has allocated minus the bytes that it has freed, also those of other threads.
/// Negative if it has freed more than it has allocated.
pub fn live_bytes() -> i64 {
    LIVE_BYTES.get()
}

/// Returns the number of allocations of this thread, reallocations included.
pub fn allocation_count() -> u64 {
    ALLOCATIONS.get()
}

fn add_bytes(bytes: i64) {
    // Allocations are not counted while the thread-local counters of an ending thread are destroyed.
    let _ = LIVE_BYTES.try_with(|live| live.set(live.get() + bytes));
}

// SAFETY: every call is forwarded to the system allocator with unchanged arguments.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add_bytes(layout.size() as i64);
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller fulfils the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add_bytes(-(layout.size() as i64));
        // SAFETY: the caller fulfils the contract of `dealloc`, and `pointer` was allocated by the system allocator.
        unsafe { System.dealloc(pointer, layout) }
    }
}
