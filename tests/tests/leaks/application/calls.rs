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
pub struct VerboseError(pub String);

impl fmt::Display for VerboseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for VerboseError {}

impl Application {
    pub fn run_calls(&self) {
        self.run_identifiers();
        self.run_long_texts();
        self.run_errors();
        self.run_streams();
        self.run_panics();
    }

    /// Passes values that exceed the length limits.
    fn run_long_texts(&self) {
        let long = |place| self.canary(place).repeat(100);
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
        self.observer.record_evaluation(&long("response"), Evaluation::new(&name).label(&label));
        let (call, source) = (long("tool.call"), long("data_source"));
        self.observer.execute_tool("clock").call_id(&call).conversation(&conversation).start().complete();
        self.observer.retrieval(&source).start().complete();
    }

    fn run_identifiers(&self) {
        let operation = self
            .observer
            .chat(self.model())
            .conversation(self.canary("conversation"))
            .previous_response(self.canary("response.previous"))
            .stop_sequences(&["END", self.canary("stop")])
            .label("tier", self.canary("label.value"))
            .label(self.canary("label.name"), "free")
            .start();
        let marker = operation.marker().clone();
        drop(marker.phase(self.canary("phase")));
        marker.response_id(self.canary("response"));
        marker.response_model(self.canary("model.response"));
        marker.finish_reason(FinishReason::other(self.canary("finish").to_owned()));
        operation.feedback(
            Evaluation::new(self.canary("evaluation.name")).label(self.canary("evaluation.label")).score(0.1),
        );
        operation.complete();
        let evaluation = Evaluation::new("relevance").label(self.canary("evaluation.label"));
        marker.feedback(evaluation.clone());
        self.observer.record_evaluation(self.canary("response"), evaluation);
        if self.role == Role::Server {
            // Callers of a server choose the model name freely; a client's model name is its own choice.
            let undeclared = self.observer.chat(self.canary("model.undeclared")).start();
            undeclared.reject(ErrorType::InvalidRequest);
            drop(self.observer.text_completion(self.canary("model.undeclared")).start());
        }
        let pseudonym = self.observer.pseudonym("user.id", self.canary("user.id")).unwrap();
        tracing::info_span!(target: "llmobs", "request", user.id = pseudonym).in_scope(|| tracing::info!("in it"));
    }

    fn run_errors(&self) {
        let cause = VerboseError(self.canary("failure.cause").to_owned());
        let failure = |kind, place| Failure::new(kind).message(self.canary(place)).caused_by(&cause);
        self.observer.chat(self.model()).start().fail(failure(ErrorType::Inference, "failure.message"));
        self.observer.chat(self.model()).start().reject(failure(ErrorType::InvalidRequest, "rejection.message"));
        let operation = self.observer.chat(self.model()).start();
        let attempt = operation.start_attempt(AttemptKind::Retry);
        attempt.fail(failure(ErrorType::Upstream, "attempt.failure"));
        println!("debug| {:?} {operation:?}", failure(ErrorType::Inference, "failure.message"));
        operation.complete();
    }

    fn run_streams(&self) {
        let failing = [Ok("one"), Ok(" two"), Err(VerboseError(self.canary("stream.error").to_owned()))];
        drain(self.observer.chat(self.model()).start().observe(stream::iter(failing)));
        let marked = [Ok::<_, VerboseError>("one"), Err(VerboseError(self.canary("stream.error").to_owned()))];
        let operation = self.observer.chat(self.model()).start();
        operation.marker().set_error(ErrorType::Upstream);
        drain(operation.observe_with(stream::iter(marked), |item| match item {
            Ok(_) => Chunk::tokens(1),
            Err(_) => Chunk::failed(ErrorType::Upstream),
        }));
    }

    fn run_panics(&self) {
        let operation = self.observer.chat(self.model()).start();
        let text = self.canary("stream.panic").to_owned();
        let stream = operation.observe(stream::poll_fn(move |_| -> std::task::Poll<Option<&str>> { panic!("{text}") }));
        assert!(catch_unwind(AssertUnwindSafe(|| drain(stream))).is_err());
        let panicking = AssertUnwindSafe(|| {
            let operation = self.observer.chat(self.model()).start();
            let _operation = operation;
            panic_any(self.canary("panic").to_owned());
        });
        assert!(catch_unwind(panicking).is_err());
    }
}

/// Polls a stream to its end. Panics if the stream pends.
pub fn drain<S: Stream>(stream: S) {
    let mut stream = Box::pin(stream);
    for _ in 0..10_000 {
        if stream.next().now_or_never().expect("the stream is never pending").is_none() {
            return;
        }
    }
}
