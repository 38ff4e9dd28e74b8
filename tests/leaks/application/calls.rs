//! Model calls: names, ids and errors.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::panic::panic_any;

use futures_util::FutureExt;
use futures_util::Stream;
use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::FinishReason;
use llmobs::Role;
use llmobs::operation::Evaluation;
use llmobs::semconv::value::AttemptKind;

use super::Application;

/// An error whose `Display` and `Debug` print its whole text.
#[derive(Debug)]
pub struct Talkative(pub String);

impl fmt::Display for Talkative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Talkative {}

impl Application {
    pub fn calls(&self) {
        self.words();
        self.long_words();
        self.errors();
        self.streams();
        self.panics();
    }

    /// Passes values that exceed the length limits.
    fn long_words(&self) {
        let long = |place| self.of(place).repeat(100);
        let (conversation, previous) = (long("conversation"), long("response.previous"));
        let operation =
            self.observer.chat(self.model()).conversation(&conversation).previous_response(&previous).start();
        let marker = operation.marker().clone();
        marker.response_id(&long("response"));
        marker.response_model(&long("model.response"));
        marker.finish_reason(FinishReason::other(long("finish")));
        let (name, label) = (long("evaluation.name"), long("evaluation.label"));
        operation.feedback(Evaluation::new(&name).label(&label));
        operation.complete();
        self.observer.evaluation(&long("response"), Evaluation::new(&name).label(&label));
        let (call, source) = (long("tool.call"), long("data_source"));
        self.observer.execute_tool("clock").call_id(&call).conversation(&conversation).start().complete();
        self.observer.retrieval(&source).start().complete();
    }

    fn words(&self) {
        let operation = self
            .observer
            .chat(self.model())
            .conversation(self.of("conversation"))
            .previous_response(self.of("response.previous"))
            .stop_sequences(&["END", self.of("stop")])
            .label("tier", self.of("label.value"))
            .label(self.of("label.name"), "free")
            .start();
        let marker = operation.marker().clone();
        drop(marker.phase(self.of("phase")));
        marker.response_id(self.of("response"));
        marker.response_model(self.of("model.response"));
        marker.finish_reason(FinishReason::other(self.of("finish").to_owned()));
        operation.feedback(Evaluation::new(self.of("evaluation.name")).label(self.of("evaluation.label")).score(0.1));
        operation.complete();
        let judged = Evaluation::new("relevance").label(self.of("evaluation.label"));
        marker.feedback(judged.clone());
        self.observer.evaluation(self.of("response"), judged);
        if self.role == Role::Server {
            // Callers of a server choose the model name freely; a client's model name is its own choice.
            let nobody = self.observer.chat(self.of("model.undeclared")).start();
            nobody.reject(ErrorType::InvalidRequest);
            drop(self.observer.text_completion(self.of("model.undeclared")).start());
        }
        let kept = self.observer.pseudonym("user.id", self.of("user.id")).unwrap();
        tracing::info_span!(target: "llmobs", "request", user.id = kept).in_scope(|| tracing::info!("in it"));
    }

    fn errors(&self) {
        let cause = Talkative(self.of("failure.cause").to_owned());
        let failure = |kind, place| Failure::new(kind).message(self.of(place)).caused_by(&cause);
        self.observer.chat(self.model()).start().fail(failure(ErrorType::Inference, "failure.message"));
        self.observer.chat(self.model()).start().reject(failure(ErrorType::InvalidRequest, "rejection.message"));
        let operation = self.observer.chat(self.model()).start();
        let attempt = operation.start_attempt(AttemptKind::Retry);
        attempt.fail(failure(ErrorType::Upstream, "attempt.failure"));
        println!("debug| {:?} {operation:?}", failure(ErrorType::Inference, "failure.message"));
        operation.complete();
    }

    fn streams(&self) {
        let broken = [Ok("one"), Ok(" two"), Err(Talkative(self.of("stream.error").to_owned()))];
        read(self.observer.chat(self.model()).start().observe(stream::iter(broken)));
        let marked = [Ok::<_, Talkative>("one"), Err(Talkative(self.of("stream.error").to_owned()))];
        let operation = self.observer.chat(self.model()).start();
        operation.marker().set_error(ErrorType::Upstream);
        read(operation.observe_with(stream::iter(marked), |item| match item {
            Ok(_) => Chunk::tokens(1),
            Err(_) => Chunk::failed(ErrorType::Upstream),
        }));
    }

    fn panics(&self) {
        let operation = self.observer.chat(self.model()).start();
        let text = self.of("stream.panic").to_owned();
        let stream = operation.observe(stream::poll_fn(move |_| -> std::task::Poll<Option<&str>> { panic!("{text}") }));
        assert!(catch_unwind(AssertUnwindSafe(|| read(stream))).is_err());
        let held = AssertUnwindSafe(|| {
            let operation = self.observer.chat(self.model()).start();
            let _held = operation;
            panic_any(self.of("panic").to_owned());
        });
        assert!(catch_unwind(held).is_err());
    }
}

/// Polls a stream to its end. Panics if the stream pends.
pub fn read<S: Stream>(stream: S) {
    let mut stream = Box::pin(stream);
    for _ in 0..10_000 {
        if stream.next().now_or_never().expect("it never waits").is_none() {
            return;
        }
    }
}
