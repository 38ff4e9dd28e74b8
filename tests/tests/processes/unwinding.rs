//! A second panic while a thread unwinds aborts the process. These tests check that dropping a value of llmobs never
//! panics again, and never calls a stream or body that panicked.
//!
//! Each case runs in a child process, which must survive the panic and print `alive`.

use std::convert::Infallible;
use std::future::Ready;
use std::future::ready;
use std::pin::Pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::thread;

use bytes::Bytes;
use futures_util::Stream;
use http::Request;
use http::Response;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::capture::ContentCapture;
use llmobs::capture::Gate;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::llm_span;
use llmobs::redact::Detector;
use llmobs::redact::Redactor;
use llmobs::semconv::value::Outcome;
use llmobs::sse;
use llmobs::sse::Dialect;
use llmobs::testing::Readings;
use llmobs::tower::ServerLayer;
use tower_layer::Layer;
use tower_service::Service;

/// The environment variable that names the case that the child runs.
const CASE: &str = "LLMOBS_UNWINDING_CASE";

type Case = fn(&Observer);

/// The cases; each of them panics.
const CASES: &[(&str, Case)] = &[
    ("body", body),
    ("stream", stream),
    ("provider_stream", provider_stream),
    ("step_stream", step_stream),
    ("closure", stream_dropped_while_unwinding),
    ("companion", companion),
    ("detector", detector),
];

#[test]
fn no_drop_polls_a_stream_or_body_that_panicked() {
    if let Ok(name) = std::env::var(CASE) {
        run(&name);
        return;
    }
    for (name, _) in CASES {
        let mut child = Command::new(std::env::current_exe().unwrap());
        let child = child
            .args(["--exact", "unwinding::no_drop_polls_a_stream_or_body_that_panicked", "--nocapture"])
            .env(CASE, name);
        let output = child.output().unwrap();
        let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success() && stdout.contains("alive"), "{name}: {}\n{stdout}{stderr}", output.status);
    }
}

fn run(name: &str) {
    let (_, case) = CASES.iter().find(|(known, _)| *known == name).unwrap();
    let detector = Detector::new("BADGE", "EMP-[0-9]{6}").check(|_| panic!("the detector panics"));
    let redactor = Redactor::builder().detector(detector).build().unwrap();
    let gate = Gate::builder().redactor(redactor).capture(ContentCapture::Events);
    let observer = Observer::builder().model("m").capture(gate).build().unwrap();
    let shared = observer.clone();
    assert!(thread::spawn(move || case(&shared)).join().is_err(), "{name} panics");
    let readings = Readings::new(&observer);
    let failed = readings.value("llmobs.operation.ended", &[("llmobs.operation.outcome", "failed")]);
    let started = readings.value("llmobs.operation.started", &[]);
    assert!((failed - started).abs() < 1e-9, "{failed} of {started} operations failed");
    println!("alive");
}

/// A stream and body that panics when polled, and after that at every other call, because its lock is poisoned.
#[derive(Clone, Default)]
struct PanickingStream(Arc<Mutex<()>>);

impl PanickingStream {
    fn panic(&self) -> ! {
        let _guard = self.0.lock().unwrap();
        panic!("the poll panics");
    }

    fn panic_if_polled(&self) {
        drop(self.0.lock().unwrap());
    }
}

impl Stream for PanickingStream {
    type Item = Result<Vec<u8>, Infallible>;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.panic()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.panic_if_polled();
        (0, None)
    }
}

impl Body for PanickingStream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.panic()
    }

    fn is_end_stream(&self) -> bool {
        self.panic_if_polled();
        false
    }

    fn size_hint(&self) -> SizeHint {
        self.panic_if_polled();
        SizeHint::default()
    }
}

fn poll(stream: impl Stream) {
    let _ = std::pin::pin!(stream).poll_next(&mut Context::from_waker(Waker::noop()));
}

struct Handler;

impl Service<Request<()>> for Handler {
    type Response = Response<PanickingStream>;
    type Error = Infallible;
    type Future = Ready<Result<Response<PanickingStream>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(Response::new(PanickingStream::default())))
    }
}

fn body(observer: &Observer) {
    let mut future = std::pin::pin!(ServerLayer::new(observer.clone()).layer(Handler).call(Request::new(())));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(response) = future.as_mut().poll(&mut context) else { panic!("it is ready") };
    let _ = std::pin::pin!(response.unwrap().into_body()).poll_frame(&mut context);
}

fn stream(observer: &Observer) {
    poll(observer.chat("m").start().observe_with(PanickingStream::default(), |_| Chunk::tokens(1)));
}

fn provider_stream(observer: &Observer) {
    poll(sse::observe(observer.chat("m").start(), Dialect::OpenAi, PanickingStream::default()));
}

/// A stream that is dropped because of another panic is not called either.
fn stream_dropped_while_unwinding(observer: &Observer) {
    let poisoned = PanickingStream::default();
    let lock = Arc::clone(&poisoned.0);
    let _observed = observer.chat("m").start().observe_with(poisoned, |_| Chunk::tokens(1));
    let _guard = lock.lock().unwrap();
    panic!("the consumer panics");
}

#[llm_span(tool, name = "search", stream)]
fn scripted_search() -> impl Stream<Item = Result<Vec<u8>, Infallible>> {
    PanickingStream::default()
}

fn step_stream(_: &Observer) {
    poll(scripted_search());
}

struct PanickingCompanion;

impl Companion for PanickingCompanion {
    fn on_start(&self, _: OperationRef, _: Moment) {}

    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}

    fn on_end(&self, _: u64, _: Outcome, _: Moment) {
        panic!("the companion panics");
    }
}

fn companion(observer: &Observer) {
    let companion = Arc::new(PanickingCompanion);
    observer.attach_companion(&companion);
    let _operation = observer.chat("m").start();
    panic!("the handler panics");
}

fn detector(observer: &Observer) {
    let operation = observer.chat("m").start();
    operation.marker().output_text(0, "EMP-123456");
    panic!("the handler panics");
}
