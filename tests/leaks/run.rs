//! One run of the application, and everything that it exported or printed.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering;

use llmobs::capture::ContentCapture;

use crate::application;
use crate::places;
use crate::support::collector::Collector;
use crate::support::collector::Seen;
use crate::support::leaks::Canaries;
use crate::support::leaks::Leaf;
use crate::support::leaks::Search;
use crate::support::leaks::of_bodies;
use crate::support::leaks::of_json;
use crate::support::leaks::of_page;
use crate::support::leaks::of_seen;

#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The value of the standard capture variable. `canary` is replaced by a canary.
    pub capture: Option<&'static str>,
    pub hooked: bool,
    pub profile: &'static str,
    pub level: &'static str,
    pub protocol: &'static str,
    pub idle: bool,
    pub tight: bool,
    /// If set, the application prints its spans as well.
    pub own_subscriber: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            capture: None,
            hooked: false,
            profile: "",
            level: "full",
            protocol: "http/protobuf",
            idle: false,
            tight: false,
            own_subscriber: false,
        }
    }
}

pub struct Run {
    pub settings: Settings,
    pub mode: ContentCapture,
    pub canaries: Canaries,
    /// The content that the application's own hook received.
    pub hook: String,
    stdout: String,
    stderr: Vec<u8>,
    bodies: Vec<u8>,
    seen: Seen,
}

impl Run {
    /// Runs the application to its end, with a collector that receives its telemetry.
    pub fn of(settings: &Settings) -> Self {
        let canaries = places::canaries(Canaries::seed());
        let (collector, folder) = (Collector::start(), Folder::new());
        let mut child = Command::new(std::env::current_exe().unwrap());
        for (name, _) in std::env::vars_os() {
            if ["OTEL_", "LLMOBS_", "RUST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
                child.env_remove(name);
            }
        }
        child
            .args(["the_application", "--exact", "--nocapture", "--test-threads=1"])
            .env(application::SEED, canaries.seed.to_string())
            .env(application::LEVEL, settings.level)
            .env(application::FOLDER, &folder.0)
            .env("LLMOBS_PSEUDONYM_KEY", canaries.of("pseudonym.key"))
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", settings.protocol)
            .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-token={}", canaries.of("exporter.header")))
            .env("OTEL_SERVICE_NAME", "leaks")
            .env("OTEL_SEMCONV_STABILITY_OPT_IN", settings.profile)
            .env("RUST_LOG", "info,llmobs=trace")
            .stdin(Stdio::null());
        if settings.idle {
            child.env(application::IDLE, "1");
        }
        if settings.own_subscriber {
            child.env(application::OWN_SUBSCRIBER, "1");
        }
        if settings.tight {
            child.env(application::TIGHT, "1");
        }
        if settings.hooked {
            child.env(application::HOOKED, "1");
        }
        if let Some(value) = settings.capture {
            let value = if value == "canary" { canaries.of("variable") } else { value };
            child.env(ContentCapture::VARIABLE, value);
        }
        let ended = child.output().unwrap();
        let said = String::from_utf8(ended.stdout).unwrap();
        assert!(ended.status.success(), "{said}{}", String::from_utf8_lossy(&ended.stderr));
        let (hook, stdout): (Vec<&str>, Vec<&str>) = said.lines().partition(|line| line.starts_with("hook| "));
        let seen = collector.inbox().seen();
        Self {
            settings: *settings,
            mode: mode(settings),
            canaries,
            hook: hook.join("\n"),
            stdout: stdout.join("\n"),
            stderr: ended.stderr,
            bodies: of_bodies(&seen),
            seen,
        }
    }

    /// Returns all outputs as bytes.
    pub fn outlets(&self) -> [(&'static str, &[u8]); 3] {
        assert!(self.bodies.len() > 10_000 && self.stdout.len() > 10_000, "nothing came");
        [("OTLP", &self.bodies), ("standard output", self.stdout.as_bytes()), ("standard error", &self.stderr)]
    }

    /// Returns all outputs, split into single texts.
    pub fn leaves(&self) -> Vec<Leaf> {
        let mut leaves = of_seen(&self.seen);
        for line in self.stdout.lines() {
            leaves.extend(match line.split_once("| ") {
                Some(("metrics" | "open", line)) => of_page(line),
                Some(("recorder" | "file", line)) => of_json("recorder", &parsed(line)),
                _ if line.starts_with('{') => of_json("line", &parsed(line)),
                Some(("in_flight", line)) if line.starts_with('{') => of_json("in_flight", &parsed(line)),
                // A page may contain the declared model inside a line.
                Some((_, line)) => vec![plain(&line.replace(self.canaries.of("model.declared"), ""))],
                None => vec![plain(line)],
            });
        }
        leaves.sort();
        leaves.dedup();
        leaves
    }

    /// Returns the places whose canary appears in the exported telemetry.
    pub fn seen(&self) -> BTreeSet<&'static str> {
        let search = Search::for_all(self.canaries.all());
        search.in_bytes(&self.bodies).into_iter().map(|found| found.place).collect()
    }
}

fn mode(settings: &Settings) -> ContentCapture {
    match settings.hooked {
        true => ContentCapture::Hook,
        false => settings.capture.and_then(ContentCapture::from_value).unwrap_or_default(),
    }
}

fn parsed(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn plain(line: &str) -> Leaf {
    Leaf { signal: "text", owner: String::new(), key: String::new(), text: line.to_owned() }
}

/// A folder that is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("llmobs-leaks-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
