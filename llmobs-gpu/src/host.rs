//! The name of this machine.

use std::env;
use std::fs;

/// The node's, where an orchestrator says it, else the kernel's: what NVIDIA's exporter takes too.
pub(crate) fn name() -> Option<String> {
    let said = |variable| env::var(variable).ok().filter(|name| !name.is_empty());
    let kernel = || fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = said("NODE_NAME").or_else(kernel).or_else(|| said("COMPUTERNAME"))?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
