//! Runs the programs that are installed on the files of the kit: `promtool`, `systemd-analyze`, `kubernetes-validate`,
//! `docker compose`, `node` and Python. A program that is missing is reported on the standard output.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::list;
use super::path;
use super::report::Report;
use crate::ops::programs;

/// The manifests whose kinds are not part of Kubernetes: `custom_resources` checks them.
const CUSTOM: [&str; 5] = ["keda.yaml", "monitors.yaml", "operator.yaml", "prometheus.yaml", "rules.yaml"];

pub(super) fn check(report: &mut Report) -> Result<(), String> {
    check_prometheus(report)?;
    check_units(report)?;
    check_kubernetes(report)?;
    check_compose(report);
    check_load(report)?;
    Ok(())
}

fn check_prometheus(report: &mut Report) -> Result<(), String> {
    if !is_installed("promtool") {
        return Ok(());
    }
    let mut configs = vec!["prometheus/prometheus.yml".to_owned()];
    configs.extend(list("prometheus/remote-write", &[".yml"])?);
    for file in configs {
        run(Command::new("promtool").args(["check", "config"]).arg(path(&file)), &file, report);
    }
    for file in list("prometheus/semantics", &[".yml"])? {
        run(Command::new("promtool").args(["test", "rules"]).arg(path(&file)), &file, report);
    }
    Ok(())
}

/// The units name programs that a developer's machine lacks: they are verified in a folder with empty programs.
fn check_units(report: &mut Report) -> Result<(), String> {
    if !is_installed("systemd-analyze") {
        return Ok(());
    }
    let folder = std::env::temp_dir().join(format!("llmobs-units-{}", std::process::id()));
    let result = verify_units(&folder, report);
    // An error is ignored: leftovers in the temporary folder are harmless.
    let _ = fs::remove_dir_all(&folder);
    result
}

fn verify_units(folder: &Path, report: &mut Report) -> Result<(), String> {
    let failed = |error| format!("{}: {error}", folder.display());
    fs::create_dir_all(folder).map_err(failed)?;
    for file in list("systemd", &[".service"])? {
        let unit = super::read(&file)?;
        let copy = folder.join(file.trim_start_matches("systemd/"));
        fs::write(&copy, with_present_program(&unit)).map_err(failed)?;
        run(Command::new("systemd-analyze").arg("verify").arg(&copy), &file, report);
    }
    Ok(())
}

/// Replaces the program of a unit by one that every machine has; its arguments stay.
fn with_present_program(unit: &str) -> String {
    let replace = |line: &str| match line.strip_prefix("ExecStart=").and_then(|rest| rest.split_once(' ')) {
        Some((_, arguments)) => format!("ExecStart=/bin/true {arguments}\n"),
        None if line.starts_with("ExecStart=") => "ExecStart=/bin/true\n".to_owned(),
        None => format!("{line}\n"),
    };
    unit.lines().map(replace).collect()
}

fn check_kubernetes(report: &mut Report) -> Result<(), String> {
    let Some(program) = python_program("kubernetes-validate") else { return Ok(()) };
    let files = list("kubernetes", &[".yaml"])?;
    let of_kubernetes = files.iter().filter(|file| !CUSTOM.iter().any(|custom| file.ends_with(custom)));
    // One call for all files: the program needs a second to load its schemas.
    let paths = of_kubernetes.map(|file| path(file));
    run(Command::new(program).args(["--strict", "--quiet"]).args(paths), "kubernetes", report);
    Ok(())
}

/// Docker without Compose accepts `compose` as the name of an unknown command, so the plugin itself is asked.
fn check_compose(report: &mut Report) {
    let file = "compose/compose.yaml";
    let version = Command::new("docker").args(["compose", "version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        return println!("skipped the checks by docker compose: it is not installed");
    }
    let mut command = Command::new("docker");
    command.args(["compose", "--file"]).arg(path(file)).args(["config", "--quiet"]);
    // The file has no default for a password.
    run(command.env("GRAFANA_ADMIN_PASSWORD", "checked"), file, report);
}

fn check_load(report: &mut Report) -> Result<(), String> {
    if let Some(python) = python_program("python3") {
        run(Command::new(python).arg(path("load/shape.py")), "load/shape.py", report);
    }
    let file = "load/chat.js";
    if is_installed("node") {
        check_script(&path(file), file, report)?;
    }
    Ok(())
}

/// Checks the syntax of a script for k6. It is a module, which `node` assumes of the standard input only by this argument.
fn check_script(script: &Path, file: &str, report: &mut Report) -> Result<(), String> {
    let text = fs::File::open(script).map_err(|error| format!("{file}: {error}"))?;
    run(Command::new("node").args(["--check", "--input-type=module"]).stdin(text), file, report);
    Ok(())
}

/// Returns a program of the Python environment of the tests (`LLMOBS_PYTHON`), or of the path.
fn python_program(name: &str) -> Option<OsString> {
    let python = std::env::var_os("LLMOBS_PYTHON").map(PathBuf::from);
    let beside = python.and_then(|python| Some(python.parent()?.join(name))).filter(|program| program.exists());
    match beside {
        Some(program) => Some(program.into_os_string()),
        None => is_installed(name).then(|| name.into()),
    }
}

/// Returns whether a program is on the path, and prints a line if it is not.
fn is_installed(program: &str) -> bool {
    let found = programs::is_installed(program);
    if !found {
        println!("skipped the checks by {program}: it is not installed");
    }
    found
}

/// Runs a program and adds its output as a finding if it fails.
fn run(command: &mut Command, file: &str, report: &mut Report) {
    let program = command.get_program().to_string_lossy().into_owned();
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let text = [output.stdout, output.stderr].concat();
            report.add(file, &program, String::from_utf8_lossy(&text).trim());
        }
        Err(error) => report.add(file, &program, &error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_program_is_a_finding_and_a_missing_one_is_not() {
        let mut report = Report::default();
        run(&mut Command::new("true"), "a", &mut report);
        assert_eq!(report.findings(), [""; 0]);
        run(&mut Command::new("false"), "a", &mut report);
        assert_eq!(report.findings().len(), 1);
        assert!(!is_installed("llmobs-no-such-program"));
    }

    #[test]
    fn a_script_with_a_wrong_syntax_is_a_finding() {
        if !is_installed("node") {
            return;
        }
        let findings = |text: &str| {
            let script = std::env::temp_dir().join(format!("llmobs-script-{}.js", std::process::id()));
            fs::write(&script, text).unwrap();
            let mut report = Report::default();
            check_script(&script, "a.js", &mut report).unwrap();
            fs::remove_file(&script).unwrap();
            report.findings().len()
        };
        let script = super::super::read("load/chat.js").unwrap();
        assert_eq!(findings(&script), 0);
        assert_eq!(findings(&script.replacen("export default function", "export default fonction", 1)), 1);
    }

    #[test]
    fn the_program_of_a_unit_is_replaced_and_its_arguments_stay() {
        let unit = "[Service]\nExecStart=/usr/bin/a \\\n    --b\nRestart=always\n";
        assert_eq!(with_present_program(unit), "[Service]\nExecStart=/bin/true \\\n    --b\nRestart=always\n");
        assert_eq!(with_present_program("ExecStart=/usr/bin/a"), "ExecStart=/bin/true\n");
    }
}
