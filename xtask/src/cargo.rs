//! Runs cargo and reads its output.

use std::env;
use std::ffi::OsString;
use std::process::Command;
use std::process::Stdio;

use crate::root;

/// A cargo command in the workspace, run with `--locked`: the lock file changes only by commits.
pub(crate) struct Cargo {
    words: Vec<String>,
    variables: Vec<(&'static str, &'static str)>,
}

impl Cargo {
    /// Creates a command from `line`, split at whitespace; the first word is the subcommand.
    pub(crate) fn new(line: &str) -> Self {
        let mut words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        // `cargo fmt` has no option `--locked`.
        if words.first().is_some_and(|word| word != "fmt") {
            words.insert(1, "--locked".to_owned());
        }
        Self { words, variables: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &'static str, value: &'static str) -> Self {
        self.variables.push((name, value));
        self
    }

    /// Prints the command and runs it with inherited output. Fails if the command fails.
    pub(crate) fn run(&self) -> Result<(), String> {
        println!("$ {}", self.line());
        match self.command().status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("`{}` failed: {status}", self.line())),
            Err(error) => Err(format!("`{}`: {error}", self.line())),
        }
    }

    /// Returns the standard output of the command.
    pub(crate) fn output(&self) -> Result<String, String> {
        let failed = |why: String| format!("`{}`: {why}", self.line());
        let output = self.command().stderr(Stdio::inherit()).output().map_err(|error| failed(error.to_string()))?;
        if !output.status.success() {
            return Err(failed(output.status.to_string()));
        }
        String::from_utf8(output.stdout).map_err(|error| failed(error.to_string()))
    }

    /// Returns whether the command exists and succeeds; its output is discarded.
    pub(crate) fn works(&self) -> bool {
        let status = self.command().stdout(Stdio::null()).stderr(Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    }

    fn command(&self) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.args(&self.words).envs(self.variables.iter().copied()).current_dir(root()).stdin(Stdio::null());
        command
    }

    fn line(&self) -> String {
        let variables = self.variables.iter().map(|(name, value)| format!("{name}={value} "));
        format!("{}cargo {}", variables.collect::<String>(), self.words.join(" "))
    }
}
