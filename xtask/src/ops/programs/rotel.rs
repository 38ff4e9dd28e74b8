//! A running Rotel: a collector that is published as a Python package.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use super::free_address;
use super::is_installed;
use super::program::Program;
use super::python;

/// The names of the program: in its Python package, and in its releases.
const NAMES: [&str; 2] = ["rotel-agent", "rotel"];

/// A running collector that receives OTLP and forwards it.
#[derive(Debug)]
pub(crate) struct Rotel {
    pub(crate) grpc: String,
    pub(crate) http: String,
    /// Ends with the value.
    _program: Program,
}

impl Rotel {
    /// Starts the collector in front of a receiver of OTLP over HTTP. Returns `None` if it is not installed.
    pub(crate) fn start(forwards_to: &str) -> Result<Option<Self>, String> {
        let Some(path) = installed() else { return Ok(None) };
        let (grpc, http) = (free_address()?, free_address()?);
        let mut command = Command::new(path);
        command
            .args(["start", "--otlp-grpc-endpoint", &grpc, "--otlp-http-endpoint", &http])
            .args(["--exporter", "otlp", "--otlp-exporter-protocol", "http", "--batch-timeout", "1s"])
            .args(["--otlp-exporter-endpoint", &format!("http://{forwards_to}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let program = Program::start("rotel-agent", &mut command)?;
        let listens = (0..100).any(|_| {
            let listens = [&grpc, &http].iter().all(|address| TcpStream::connect(address).is_ok());
            if !listens {
                thread::sleep(Duration::from_millis(100));
            }
            listens
        });
        if listens { Ok(Some(Self { grpc, http, _program: program })) } else { Err("Rotel does not listen".to_owned()) }
    }
}

/// Returns the program: on the path, in the Python package that the interpreter finds, or in the cache of the tests.
fn installed() -> Option<PathBuf> {
    let on_path = NAMES.iter().find(|name| is_installed(name));
    on_path.map(PathBuf::from).or_else(in_python).or_else(in_cache)
}

/// Returns the program in the package `rotel` of Python, which has no command of its own.
fn in_python() -> Option<PathBuf> {
    let script = "import importlib.util; print(importlib.util.find_spec('rotel').origin)";
    let output = python().args(["-c", script]).stderr(Stdio::null()).output().ok()?;
    let module = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    Some(module.with_file_name("rotel-agent")).filter(|path| path.is_file())
}

/// Returns the program in the cache folder in which the tests install it (`tests/src/python_package.rs`).
fn in_cache() -> Option<PathBuf> {
    let absolute = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?.join("llmobs");
    let folders = fs::read_dir(cache).ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let is_package =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("rotel=="));
    folders.filter(is_package).map(|path| path.join("rotel/rotel-agent")).find(|path| path.is_file())
}
