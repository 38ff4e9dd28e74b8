//! A global allocator that counts the allocations and the live bytes of each thread.

use std::alloc::GlobalAlloc;
use std::alloc::Layout;
use std::alloc::System;
use std::cell::Cell;

/// The system allocator with counters per thread. Use as a `#[global_allocator]`.
pub struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// Returns the bytes that this thread allocated and did not free. Negative if it freed memory of other threads.
pub fn held() -> i64 {
    HELD.get()
}

/// Returns the number of allocations of this thread, reallocations included.
pub fn made() -> u64 {
    MADE.get()
}

fn count(bytes: i64) {
    // Allocations are not counted while the thread-local counters of an ending thread are destroyed.
    let _ = HELD.try_with(|held| held.set(held.get() + bytes));
}

// SAFETY: every call is forwarded to the system allocator with unchanged arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        let _ = MADE.try_with(|made| made.set(made.get() + 1));
        // SAFETY: the caller fulfils the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller fulfils the contract of `dealloc`, and `place` was allocated by the system allocator.
        unsafe { System.dealloc(place, layout) }
    }
}
