//! A real llama.cpp server: the one in the Python package `xllamacpp`, with the model that `axum-chat` fetches.

use std::fs;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use super::process::Chat;

/// The package, and its version: what it sends may change with it.
const PACKAGE: &str = "xllamacpp==2026.10.11549";

/// How long the download of 34 MB may take, and the start of the server.
const INSTALL: Duration = Duration::from_secs(300);
const START: Duration = Duration::from_secs(60);

/// It listens as soon as it is made, and ends with the pipe to it.
const PROGRAM: &str = r"
import sys
import xllamacpp

params = xllamacpp.CommonParams()
params.model.path = sys.argv[1]
params.model_alias = {'smollm2'}
params.api_keys = sys.argv[2:]
params.n_ctx = 2048
params.n_parallel = 1
params.cpuparams.n_threads = 1
params.cpuparams_batch.n_threads = 1
params.port = 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
sys.stdin.read()
";

pub(crate) struct Llama {
    pub(crate) address: SocketAddr,
    child: Child,
}

impl Llama {
    /// Starts it. With a key, only requests that have it are answered.
    pub(crate) fn start(key: Option<&str>) -> Self {
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM])
            .arg(model())
            .args(key)
            .env("PYTHONPATH", package())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("python3 runs");
        let lines = BufReader::new(child.stdout.take().expect("its output is a pipe")).lines();
        let (listening, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if let Some(address) = line.strip_prefix("http://") {
                    let _ = listening.send(address.parse());
                }
            }
        });
        let address = heard.recv_timeout(START).expect("llama.cpp listens").expect("it says where");
        Self { address, child }
    }
}

impl Drop for Llama {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The model, in the cache of `axum-chat`. The first time on a machine its own program fetches it.
fn model() -> PathBuf {
    let path = cache().join("smollm2-135m-instruct.q4_1.gguf");
    if !path.exists() {
        let once = Chat::command().args(["--once", "Hello", "--max-tokens", "1"]).stdout(Stdio::null()).status();
        assert!(once.expect("axum-chat runs").success(), "axum-chat said above why it could not fetch the model");
    }
    path
}

/// The package's folder. The first time on a machine pip fetches it.
fn package() -> PathBuf {
    let cache = cache();
    let target = cache.join(PACKAGE);
    fs::create_dir_all(&cache).expect("the cache folder can be made");
    let lock = File::create(cache.join("xllamacpp.lock")).expect("the cache folder can be written");
    lock.lock().expect("the cache folder can be locked");
    if !target.exists() {
        let part = cache.join("xllamacpp.part");
        let _ = fs::remove_dir_all(&part);
        install(&part);
        fs::rename(&part, &target).expect("one file system");
    }
    target
}

/// `--target` needs no environment of its own, and leaves that of the system alone.
fn install(target: &Path) {
    let mut pip = Command::new("python3")
        .args(["-m", "pip", "--disable-pip-version-check", "--timeout", "20", "--retries", "2"])
        .args(["install", "--quiet", "--no-deps", "--only-binary", ":all:", "--target"])
        .arg(target)
        .arg(PACKAGE)
        .stdin(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("the llama.cpp server is a Python package, and python3 does not run: {error}"));
    let ended = (0..INSTALL.as_secs() * 10).find_map(|_| {
        std::thread::sleep(Duration::from_millis(100));
        pip.try_wait().expect("pip can be waited for")
    });
    if ended.is_none() {
        let _ = pip.kill();
        let _ = pip.wait();
    }
    assert!(
        ended.is_some_and(|status| status.success()),
        "`python3 -m pip install {PACKAGE}` {}. It needs pip, a way to a Python package index, and one of the machines \
         that the package has a wheel for (Linux, macOS, Windows).",
        ended.map_or_else(|| format!("took longer than {INSTALL:?}"), |_| "failed, for the reason above".to_owned())
    );
}

/// `$XDG_CACHE_HOME/llmobs`, else `~/.cache/llmobs`, as `axum-chat` has it.
fn cache() -> PathBuf {
    let absolute = |variable| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.expect("HOME or XDG_CACHE_HOME is set").join("llmobs")
}
