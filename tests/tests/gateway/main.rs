//! The layer for gateways: what passes through it, and what it records of each call.

mod endings;
mod fixture;
mod parameters;
mod pass_through;
mod sockets;
mod usage_frames;
