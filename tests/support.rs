//! Code that several tests share: both backends read into a common form, the naming rules, random traffic.

#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

pub mod allocator;
pub mod collector;
pub mod conventions;
pub mod families;
pub mod leaks;
pub mod otel_backend;
pub mod prometheus_names;
pub mod prometheus_page;
pub mod random;
pub mod requests;
pub mod traffic;
