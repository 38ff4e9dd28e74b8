//! One run of the application, and everything that it exported or printed.

use std::collections::BTreeSet;
use std::process::Command;
use std::process::Stdio;

use llmobs::capture::ContentCapture;

use crate::application;
use crate::exposure;
use llmobs_tests::collector::Collector;
use llmobs_tests::collector::ReceivedData;
use llmobs_tests::leaks::Canaries;
use llmobs_tests::leaks::CanarySearch;
use llmobs_tests::leaks::TextField;
use llmobs_tests::leaks::json_text_fields;
use llmobs_tests::leaks::page_text_fields;
use llmobs_tests::leaks::received_bytes;
use llmobs_tests::leaks::received_text_fields;
use llmobs_tests::temp_dir::TempDir;

#[derive(Debug, Clone, Copy)]
pub struct RunSettings {
    /// The value of the standard capture variable. `canary` is replaced by a canary.
    pub capture: Option<&'static str>,
    pub has_hook: bool,
    pub profile: &'static str,
    pub level: &'static str,
    pub protocol: &'static str,
    pub is_idle: bool,
    pub has_tight_limits: bool,
    /// If set, the application prints its spans as well.
    pub has_printing_subscriber: bool,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            capture: None,
            has_hook: false,
            profile: "",
            level: "full",
            protocol: "http/protobuf",
            is_idle: false,
            has_tight_limits: false,
            has_printing_subscriber: false,
        }
    }
}

pub struct Run {
    pub settings: RunSettings,
    pub mode: ContentCapture,
    pub canaries: Canaries,
    /// The content that the application's own hook received.
    pub hook_output: String,
    stdout: String,
    stderr: Vec<u8>,
    bodies: Vec<u8>,
    received: ReceivedData,
}

impl Run {
    /// Runs the application to its end, with a collector that receives its telemetry.
    pub fn execute(settings: &RunSettings) -> Self {
        let canaries = exposure::canaries(Canaries::seed());
        let (collector, folder) = (Collector::start(), TempDir::new("leaks"));
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
            .env(application::FOLDER, folder.path())
            .env("LLMOBS_PSEUDONYM_KEY", canaries.text("pseudonym.key"))
            .env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint())
            .env("OTEL_EXPORTER_OTLP_PROTOCOL", settings.protocol)
            .env("OTEL_EXPORTER_OTLP_HEADERS", format!("x-token={}", canaries.text("exporter.header")))
            .env("OTEL_SERVICE_NAME", "leaks")
            .env("OTEL_SEMCONV_STABILITY_OPT_IN", settings.profile)
            .env("RUST_LOG", "info,llmobs=trace")
            .stdin(Stdio::null());
        if settings.is_idle {
            child.env(application::IDLE, "1");
        }
        if settings.has_printing_subscriber {
            child.env(application::PRINTING_SUBSCRIBER, "1");
        }
        if settings.has_tight_limits {
            child.env(application::TIGHT_LIMITS, "1");
        }
        if settings.has_hook {
            child.env(application::HOOKED, "1");
        }
        if let Some(value) = settings.capture {
            let value = if value == "canary" { canaries.text("variable") } else { value };
            child.env(ContentCapture::VARIABLE, value);
        }
        let output = child.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        let (hook_lines, stdout): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("hook| "));
        let received = collector.inbox().snapshot();
        Self {
            settings: *settings,
            mode: capture_mode(settings),
            canaries,
            hook_output: hook_lines.join("\n"),
            stdout: stdout.join("\n"),
            stderr: output.stderr,
            bodies: received_bytes(&received),
            received,
        }
    }

    /// Returns all outputs as bytes.
    pub fn outlets(&self) -> [(&'static str, &[u8]); 3] {
        assert!(self.bodies.len() > 10_000 && self.stdout.len() > 10_000, "the outputs are almost empty");
        [("OTLP", &self.bodies), ("standard output", self.stdout.as_bytes()), ("standard error", &self.stderr)]
    }

    /// Returns all outputs, split into single texts.
    pub fn text_fields(&self) -> Vec<TextField> {
        let mut fields = received_text_fields(&self.received);
        for line in self.stdout.lines() {
            fields.extend(match line.split_once("| ") {
                Some(("metrics" | "open", line)) => page_text_fields(line),
                Some(("recorder" | "file", line)) => json_text_fields("recorder", &parse_line(line)),
                _ if line.starts_with('{') => json_text_fields("line", &parse_line(line)),
                Some(("in_flight", line)) if line.starts_with('{') => json_text_fields("in_flight", &parse_line(line)),
                // A page may contain the declared model inside a line.
                Some((_, line)) => vec![plain_text_field(&line.replace(self.canaries.text("model.declared"), ""))],
                None => vec![plain_text_field(line)],
            });
        }
        fields.sort();
        fields.dedup();
        fields
    }

    /// Returns the places whose canary appears in the exported telemetry.
    pub fn exposed_places(&self) -> BTreeSet<&'static str> {
        let search = CanarySearch::for_all(self.canaries.all());
        search.find_in_bytes(&self.bodies).into_iter().map(|found| found.place).collect()
    }
}

fn capture_mode(settings: &RunSettings) -> ContentCapture {
    match settings.has_hook {
        true => ContentCapture::Hook,
        false => settings.capture.and_then(ContentCapture::from_value).unwrap_or_default(),
    }
}

fn parse_line(line: &str) -> serde_json::Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

fn plain_text_field(line: &str) -> TextField {
    TextField { signal: "text", owner: String::new(), key: String::new(), text: line.to_owned() }
}
