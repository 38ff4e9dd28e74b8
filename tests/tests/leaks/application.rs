//! An application in a separate process that passes a canary to the library in every place. Apart from telemetry, the
//! application prints the library's pages, each line after the name of its page.

mod calls;
mod content;
mod functions;
mod gateway;
mod server;
mod steps;

use std::path::PathBuf;
use std::time::Duration;

use llmobs::Objective;
use llmobs::Observer;
use llmobs::Role;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentHook;
use llmobs::capture::ContentLimits;
use llmobs::capture::Gate;
use llmobs::capture::HookPayload;
use llmobs::catalog::Level;
use llmobs::otlp::Pipeline;
use llmobs::semconv::value::OperationName;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::exposure;
use llmobs_tests::leaks::Canaries;

/// The names of the environment variables with the application's settings.
pub const SEED: &str = "LLMOBS_LEAKS_SEED";
pub const IDLE: &str = "LLMOBS_LEAKS_IDLE";
pub const HOOKED: &str = "LLMOBS_LEAKS_HOOKED";
/// Sets small content limits, and exports full tool definitions.
pub const TIGHT_LIMITS: &str = "LLMOBS_LEAKS_TIGHT";
pub const LEVEL: &str = "LLMOBS_LEAKS_LEVEL";
pub const PRINTING_SUBSCRIBER: &str = "LLMOBS_LEAKS_OWN_SUBSCRIBER";
pub const FOLDER: &str = "LLMOBS_LEAKS_FOLDER";

pub struct Application {
    pub observer: Observer,
    pub role: Role,
    canaries: Canaries,
}

pub fn run(seed: u64) {
    // Rust's own panic message is outside the library's control.
    std::panic::set_hook(Box::new(|_| {}));
    let pipeline = match std::env::var_os(PRINTING_SUBSCRIBER) {
        None => llmobs::otlp::init().unwrap(),
        Some(_) => init_with_printing_subscriber(),
    };
    let application = Application::new(exposure::canaries(seed));
    if std::env::var_os(IDLE).is_none() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(application.run_everything());
    }
    application.print_pages();
    drop(application);
    pipeline.shutdown(Duration::from_secs(20)).unwrap();
}

/// Installs the application's own subscriber, which prints every `llmobs` event and span with all fields, except events
/// that contain only content.
fn init_with_printing_subscriber() -> Pipeline {
    let pipeline = llmobs::otlp::builder().filter("trace").without_subscriber().init().unwrap();
    let is_llmobs = filter_fn(|metadata| metadata.target() == "llmobs");
    let lines = tracing_subscriber::fmt::layer().with_span_events(FmtSpan::FULL).with_writer(std::io::stderr);
    let registry = tracing_subscriber::registry().with(pipeline.layer()).with(lines.with_filter(is_llmobs));
    registry.with(LevelFilter::TRACE).init();
    pipeline
}

impl Application {
    fn new(canaries: Canaries) -> Self {
        let level = match std::env::var(LEVEL).as_deref() {
            Ok("core") => Level::Core,
            Ok("standard") => Level::Standard,
            _ => Level::Full,
        };
        let builder = Observer::builder()
            .role(Role::Server)
            .provider("candle")
            .model(canaries.text("model.declared"))
            .operations([OperationName::Chat, OperationName::TextCompletion])
            .level(level)
            .label("tier", ["free", "paid"])
            .phases(["tokenize"])
            .evaluation("relevance", ["pass", "fail"])
            .objective(Objective::new("interactive").time_to_first_token(Duration::from_secs(2)))
            .operation_details(true)
            .flight_recorder_folder(folder());
        let with_hook = Gate::builder().capture(ContentCapture::Hook).hook(PrintingHook);
        let builder = if std::env::var_os(HOOKED).is_some() { builder.capture(with_hook) } else { builder };
        let limits = ContentLimits::default().part(90).attribute(900).span(4_000);
        let with_tight_limits = Gate::builder().limits(limits).full_definitions(true);
        let builder =
            if std::env::var_os(TIGHT_LIMITS).is_some() { builder.capture(with_tight_limits) } else { builder };
        Self { observer: builder.build().unwrap(), role: Role::Server, canaries }
    }

    async fn run_everything(&self) {
        for role in [Role::Server, Role::Gateway, Role::Client] {
            let other = Self { observer: self.observer.as_role(role), role, canaries: self.canaries.clone() };
            other.run_calls();
            other.run_content();
            other.run_steps();
            other.run_functions().await;
            other.run_gateway().await;
        }
        self.run_server().await;
    }

    /// Returns the canary of a place.
    pub fn canary(&self, place: &str) -> &str {
        self.canaries.text(place)
    }

    pub fn secrets(&self) -> String {
        self.canaries.secrets_text()
    }

    pub fn model(&self) -> &str {
        self.canary("model.declared")
    }

    fn print_pages(&self) {
        print_lines("metrics", &llmobs::prometheus::page(&self.observer, None).body);
        print_lines("open", &llmobs::prometheus::page(&self.observer, Some("application/openmetrics-text")).body);
        print_lines("recorder", &self.observer.recent_operations());
        print_lines("debug", &format!("{:#?} {:?}", self.observer, self.observer.in_flight()));
        for file in recorder_files() {
            print_lines("file", &std::fs::read_to_string(file).unwrap());
        }
        if let Some(gate) = self.observer.gate() {
            assert!(gate.flush(Duration::from_secs(10)));
        }
    }
}

/// Prints a page, each line after the page's name.
pub fn print_lines(name: &str, page: &str) {
    for line in page.lines().filter(|line| !line.is_empty()) {
        println!("{name}| {line}");
    }
}

/// Returns the files of the flight recorder. A separate thread writes the first one; an idle application writes none.
fn recorder_files() -> Vec<PathBuf> {
    if std::env::var_os(IDLE).is_some() {
        return Vec::new();
    }
    for _ in 0..1_000 {
        let files = std::fs::read_dir(folder()).unwrap().map(|file| file.unwrap().path());
        let complete: Vec<_> = files.filter(|path| path.extension().is_some_and(|ending| ending == "jsonl")).collect();
        if !complete.is_empty() {
            return complete;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the flight recorder wrote no file within ten seconds");
}

fn folder() -> PathBuf {
    std::env::var_os(FOLDER).map(PathBuf::from).unwrap()
}

/// The application's own hook, which prints the captured content.
struct PrintingHook;

impl ContentHook for PrintingHook {
    fn reference(&self, id: &str, name: &str) -> Option<String> {
        Some(format!("queue://{id}/{name}"))
    }

    fn on_content(&self, captured: HookPayload) {
        for (name, value) in captured.iter() {
            print_lines("hook", &format!("{name} {value}"));
        }
    }
}
