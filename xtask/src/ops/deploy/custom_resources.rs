//! `cargo xtask ops-crds`: checks the manifests of operators (docs/ops/kubernetes) against the types of their custom
//! resources. npm has these types as packages, made from the operators' sources. A manifest is written as a constant of its
//! type, so the TypeScript compiler refuses a field that the operator does not know, a wrong type and a missing field.
//! Needs Node.js and npm.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::list;
use super::read;
use super::yaml;
use crate::ops::node;

/// The group of each API, and the package with its types.
const PACKAGES: [(&str, &str); 3] = [
    ("keda.sh", "@kubernetes-models/keda"),
    ("monitoring.coreos.com", "@kubernetes-models/prometheus-operator"),
    ("opentelemetry.io", "@kubernetes-models/opentelemetry-operator"),
];

/// The options of the compiler. The packages are not checked: only the manifests are.
const OPTIONS: [&str; 9] = [
    "--noEmit",
    "--strict",
    "--skipLibCheck",
    "--target",
    "es2022",
    "--module",
    "nodenext",
    "--moduleResolution",
    "nodenext",
];

/// Members that are not checked: the kind, the path of the object and the name. The types of the package want there the names
/// of a resource of the operator, which an embedded one is not.
const UNCHECKED: [(&str, &str, &str); 1] = [("Prometheus", "/spec/storage", "volumeClaimTemplate")];

/// Runs the check, and then on a copy with a field that no type has, which must fail.
pub(crate) fn run() -> Result<(), String> {
    let folder = node::install()?;
    let resources = custom_resources()?;
    compile(&folder, "custom_resources.ts", &typed(&resources)?)?
        .map_err(|errors| format!("docs/ops/kubernetes: {errors}"))?;
    let broken = typed(&with_unknown_field(&resources))?;
    match compile(&folder, "custom_resources_broken.ts", &broken)? {
        Err(errors) if errors.matches("TS2353").count() == resources.len() => {
            println!("ops-crds: {} custom resources have the types of their operators", resources.len());
            Ok(())
        }
        found => Err(format!("an unknown field in each of {} resources was not found: {found:?}", resources.len())),
    }
}

/// Reads the resources of the manifests whose API belongs to an operator.
fn custom_resources() -> Result<Vec<Value>, String> {
    let mut resources = Vec::new();
    for file in list("kubernetes", &[".yaml"])? {
        let documents = yaml::parse_all(&file, &read(&file)?)?;
        resources.extend(documents.into_iter().filter(|document| package(document).is_some()));
    }
    resources.iter_mut().for_each(remove_unchecked);
    Ok(resources)
}

fn remove_unchecked(resource: &mut Value) {
    for (kind, path, name) in UNCHECKED {
        let is_kind = yaml::text(resource, &["kind"]) == Some(kind);
        if let Some(object) = resource.pointer_mut(path).and_then(Value::as_object_mut).filter(|_| is_kind) {
            object.remove(name);
        }
    }
}

/// Returns the group, the version and the package of the types of a resource of an operator.
fn package(resource: &Value) -> Option<(&str, &str, &'static str)> {
    let (group, version) = yaml::text(resource, &["apiVersion"])?.split_once('/')?;
    let (_, package) = PACKAGES.iter().find(|(known, _)| *known == group)?;
    Some((group, version, package))
}

/// Writes each resource as a constant of its type.
fn typed(resources: &[Value]) -> Result<String, String> {
    let mut source = String::new();
    for (index, resource) in resources.iter().enumerate() {
        let kind = yaml::text(resource, &["kind"]).unwrap_or_default();
        let (group, version, package) = package(resource).ok_or_else(|| format!("{kind}: not of an operator"))?;
        let value = serde_json::to_string_pretty(resource).map_err(|error| format!("{kind}: {error}"))?;
        let _ = writeln!(source, "import type {{ I{kind} as T{index} }} from \"{package}/{group}/{version}/{kind}\";");
        let _ = writeln!(source, "export const resource{index}: T{index} = {value};");
    }
    Ok(source)
}

fn with_unknown_field(resources: &[Value]) -> Vec<Value> {
    let mut resources = resources.to_vec();
    for resource in &mut resources {
        resource["spec"]["fieldThatNoOperatorKnows"] = Value::from(1);
    }
    resources
}

/// Compiles a source file. The inner error is what the compiler writes.
fn compile(folder: &Path, name: &str, source: &str) -> Result<Result<(), String>, String> {
    fs::write(folder.join(name), source).map_err(|error| format!("{name}: {error}"))?;
    let mut compiler = Command::new("node");
    compiler.arg("node_modules/typescript/bin/tsc").args(OPTIONS).arg(name).current_dir(folder);
    let output = compiler.output().map_err(|error| format!("node: {error}"))?;
    let errors = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(if output.status.success() { Ok(()) } else { Err(errors) })
}
