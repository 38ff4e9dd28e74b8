//! What the GPU did, and which request it did it for.
