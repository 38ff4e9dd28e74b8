//! The rows of an admission control, from its handle to both backends.

mod backends;
mod builder;
mod decisions;
mod fixture;
mod lifetime;
mod priorities;
mod properties;
