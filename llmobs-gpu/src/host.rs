//! The name of this host.

use std::env;
use std::fs;

/// Returns the node's name from the orchestrator (`NODE_NAME`), otherwise the kernel's host name, on Windows
/// `COMPUTERNAME`. NVIDIA's exporter uses the same order.
pub(crate) fn hostname() -> Option<String> {
    let variable = |name| env::var(name).ok().filter(|value| !value.is_empty());
    let kernel = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = variable("NODE_NAME").or_else(kernel).or_else(|| variable("COMPUTERNAME"))?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
