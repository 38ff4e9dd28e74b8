//! Shows: profiles of the processor whose samples are tagged with the phase of the model call, and a span that Grafana
//! links to its profile. `profiler.rs` is the file to copy.
//!
//! Run: `cargo run --release -p pyroscope-phases`
//!
//! Without `PYROSCOPE_URL` the profiles go to a small receiver in this process, which prints them. With
//! `PYROSCOPE_URL=http://127.0.0.1:4040` they go to that server.
//!
//! You will see: the samples of each phase with its innermost function, beside the duration of the phase from the
//! metrics page; and the span with its attribute `pyroscope.profile.id`, which all samples of its phases have.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::error::Error;
use std::hint::black_box;

use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Usage;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use pyroscope_phases::model::Model;
use pyroscope_phases::model::tokenize;
use pyroscope_phases::profiler::PHASE_TAG;
use pyroscope_phases::profiler::PROFILE_ATTRIBUTE;
use pyroscope_phases::profiler::Profiler;
use pyroscope_phases::profiler::SPAN_TAG;
use pyroscope_phases::receiver::Receiver;
use pyroscope_phases::receiver::Samples;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

const SERVICE: &str = "pyroscope-phases";
const MODEL: &str = "small";
const PHASES: [&str; 3] = ["tokenize", "prefill", "decode"];
const OUTPUT_TOKENS: usize = 400;

type AnyError = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), AnyError> {
    // This exporter stores spans in memory; a service uses an OTLP exporter here, such as that of `llmobs::otlp::init`.
    let spans = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(spans.clone()).build();
    tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer(SERVICE)))
        .try_init()?;
    let observer = Observer::builder().model(MODEL).phases(PHASES).build()?;

    let server = std::env::var("PYROSCOPE_URL").ok();
    let receiver = if server.is_none() { Some(Receiver::start()?) } else { None };
    let url = server.as_deref().or_else(|| receiver.as_ref().map(Receiver::url)).unwrap_or_default();

    let profiler = Profiler::start(url, SERVICE)?;
    answer(&observer, &profiler, &long_prompt())?;
    profiler.stop()?;

    for span in spans.get_finished_spans()? {
        let profile = span.attributes.iter().find(|attribute| attribute.key.as_str() == PROFILE_ATTRIBUTE);
        let profile = profile.map(|attribute| attribute.value.to_string()).unwrap_or_default();
        println!("span {:?}: {PROFILE_ATTRIBUTE}={profile}", span.name);
    }
    match receiver {
        Some(receiver) => print_samples(&receiver.samples()),
        None => println!("sent to {url}: query {{service_name=\"{SERVICE}\", {PHASE_TAG}=\"decode\"}}"),
    }
    let page = llmobs::prometheus::page(&observer, None).body;
    page.lines()
        .filter(|line| line.starts_with("llmobs_phase_duration_seconds_sum"))
        .for_each(|line| println!("{line}"));
    Ok(())
}

/// Answers a prompt on this thread, in three phases.
fn answer(observer: &Observer, profiler: &Profiler, prompt: &str) -> Result<(), AnyError> {
    let model = Model::default();
    let operation = observer.chat(MODEL).start();
    let marker = operation.marker().clone();
    let link = profiler.link(&operation.span())?;

    let phase = profiler.phase(&marker, "tokenize")?;
    let tokens = tokenize(prompt);
    drop(phase);

    let phase = profiler.phase(&marker, "prefill")?;
    let mut cache = model.prefill(&tokens);
    drop(phase);

    let phase = profiler.phase(&marker, "decode")?;
    let output = black_box(model.decode(&mut cache, OUTPUT_TOKENS));
    drop(phase);

    drop(link);
    marker.usage(Usage::new().input(tokens.len()).output(output.len()));
    marker.finish_reason(FinishReason::Length);
    operation.complete();
    println!("answered {} tokens with {}", tokens.len(), output.len());
    Ok(())
}

/// Prints the samples by phase, the most first.
fn print_samples(samples: &[Samples]) {
    let mut phases: BTreeMap<&str, i64> = BTreeMap::new();
    for sample in samples {
        *phases.entry(sample.label(PHASE_TAG).unwrap_or("(none)")).or_default() += sample.nanoseconds;
    }
    let total: i64 = phases.values().sum();
    let mut phases: Vec<_> = phases.into_iter().collect();
    phases.sort_by_key(|&(_, nanoseconds)| std::cmp::Reverse(nanoseconds));
    println!("{:<10} {:>8} {:>6}  most samples in", PHASE_TAG, "CPU", "share");
    for (phase, nanoseconds) in phases {
        let of_phase = samples.iter().filter(|sample| sample.label(PHASE_TAG).unwrap_or("(none)") == phase);
        let function = busiest_function(of_phase);
        println!("{phase:<10} {:>5} ms {:>4} %  {function}", nanoseconds / 1_000_000, nanoseconds * 100 / total.max(1));
    }
    let linked = samples.iter().filter(|sample| sample.label(SPAN_TAG).is_some());
    let nanoseconds: i64 = linked.clone().map(|sample| sample.nanoseconds).sum();
    let ids: BTreeSet<_> = linked.filter_map(|sample| sample.label(SPAN_TAG)).collect();
    println!("{SPAN_TAG} {ids:?}: {} ms", nanoseconds / 1_000_000);
}

/// Returns the function with the most samples, of those nearest to the top of a stack. Closures and generic functions of the
/// standard library are skipped.
fn busiest_function<'a>(samples: impl Iterator<Item = &'a Samples>) -> &'a str {
    let mut functions: BTreeMap<&str, i64> = BTreeMap::new();
    for sample in samples {
        let is_named =
            |function: &&String| !["{", "core::", "alloc::", "std::"].iter().any(|part| function.contains(part));
        let name = sample.functions.iter().find(is_named).map_or("", String::as_str);
        *functions.entry(name).or_default() += sample.nanoseconds;
    }
    functions.into_iter().max_by_key(|&(_, nanoseconds)| nanoseconds).map_or("", |(function, _)| function)
}

/// Returns a text of some pages, in which no long part repeats.
fn long_prompt() -> String {
    let words = ["the", "model", "reads", "a", "long", "prompt", "before", "it", "writes", "one", "token"];
    let mut state = 7_usize;
    let mut text = String::new();
    for _ in 0..6_000 {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12_345) % 2_147_483_648;
        text.push_str(words[(state >> 8) % words.len()]);
        text.push(' ');
    }
    text
}
