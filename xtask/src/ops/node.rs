//! The packages of npm that checks of the kit need, with their versions. They are installed into a folder: the one that
//! `LLMOBS_NODE` names, which `.ci/run` keeps between runs, or one in the target folder.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use super::programs::is_installed;
use crate::workspace_root;

const PACKAGES: [&str; 9] = [
    "@grafana/lezer-logql@0.3.0",
    "@grafana/lezer-traceql@1.0.0",
    "@grafana/schema@13.2.3",
    "@kubernetes-models/keda@2.0.0",
    "@kubernetes-models/opentelemetry-operator@2.0.0",
    "@kubernetes-models/prometheus-operator@6.0.0",
    "ajv@8.20.0",
    "ts-json-schema-generator@2.4.0",
    "typescript@5.9.3",
];

/// The variable with the path of the folder.
const VARIABLE: &str = "LLMOBS_NODE";

/// The file with the packages that are installed.
const INSTALLED: &str = "packages.txt";

/// Returns whether Node.js is installed, and the packages or npm.
pub(crate) fn has_programs() -> bool {
    is_installed("node") && (has_packages() || is_installed("npm"))
}

/// Installs the packages unless they are, and returns the folder.
pub(super) fn install() -> Result<PathBuf, String> {
    let folder = folder();
    if has_packages() {
        return Ok(folder);
    }
    let failed = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(&folder).map_err(failed)?;
    fs::write(folder.join("package.json"), r#"{"private":true,"type":"module"}"#).map_err(failed)?;
    let mut install = Command::new("npm");
    install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts"]).args(PACKAGES).current_dir(&folder);
    let status = install.status().map_err(|error| format!("npm: {error}"))?;
    if !status.success() {
        return Err("npm cannot install the packages".to_owned());
    }
    fs::write(folder.join(INSTALLED), PACKAGES.join("\n")).map_err(failed)?;
    Ok(folder)
}

fn folder() -> PathBuf {
    std::env::var_os(VARIABLE).map_or_else(|| workspace_root().join("target/ops-node"), PathBuf::from)
}

fn has_packages() -> bool {
    fs::read_to_string(folder().join(INSTALLED)).is_ok_and(|installed| installed == PACKAGES.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ci_keeps_the_folder_of_the_packages() {
        let script = fs::read_to_string(workspace_root().join(".ci/run")).unwrap();
        assert!(script.contains(&format!("export {VARIABLE}=")));
    }
}
