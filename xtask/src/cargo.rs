//! Runs cargo and reads its output.

use std::env;
use std::ffi::OsString;
use std::process::Command;
use std::process::Stdio;

use crate::workspace_root;

/// A cargo command in the workspace, run with `--locked`: the lock file changes only by commits.
pub(crate) struct CargoCommand {
    args: Vec<String>,
    envs: Vec<(&'static str, &'static str)>,
}

impl CargoCommand {
    /// Creates a command from `line`, split at whitespace; the first word is the subcommand.
    pub(crate) fn new(line: &str) -> Self {
        let mut args: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        // `cargo fmt` has no option `--locked`.
        if args.first().is_some_and(|word| word != "fmt") {
            args.insert(1, "--locked".to_owned());
        }
        Self { args, envs: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.envs.push((name, value));
        self
    }

    /// Prints the command and runs it with inherited output. Fails if the command fails.
    pub(crate) fn run(&self) -> Result<(), String> {
        println!("$ {}", self.command_line());
        match self.command().status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{}` failed: {status}", self.command_line())),
            Err(error) => Err(format!("`{}`: {error}", self.command_line())),
        }
    }

    /// Returns the standard output of the command.
    pub(crate) fn output(&self) -> Result<String, String> {
        let failed = |reason: String| format!("`{}`: {reason}", self.command_line());
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
    }

    /// Returns whether the command exists and succeeds; its output is discarded.
    pub(crate) fn succeeds(&self) -> bool {
        let status = self.command().stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(&self.args).envs(self.envs.iter().copied()).current_dir(workspace_root()).stdin(Stdio::null());
        command
    }

    fn command_line(&self) -> String {
        let envs = self.envs.iter().map(|(name, value)| format!("{name}={value} "));
        format!("{}cargo {}", envs.collect::<String>(), self.args.join(" "))
    }
}
