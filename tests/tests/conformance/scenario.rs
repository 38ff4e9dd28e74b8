//! A scenario that makes the library record everything about model calls and the steps around them.

use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::time::Duration;

use llmobs::Chunk;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::Provider;
use llmobs::Role;
use llmobs::Usage;
use llmobs::clock::ManualClock;
use llmobs::content::Document;
use llmobs::content::Input;
use llmobs::content::Message;
use llmobs::content::ToolDefinition;
use llmobs::operation::Evaluation;
use llmobs::semconv::value::AttemptKind;
use llmobs::semconv::value::CacheKind;
use llmobs::semconv::value::CacheResult;
use llmobs::semconv::value::OperationName;
use llmobs::semconv::value::OutputType;
use llmobs::semconv::value::State;
use llmobs::step::Step;
use llmobs::testing::ScriptedStream;

use serde_json::json;

use llmobs_tests::admission_traffic::run_admission;
use llmobs_tests::engine_traffic::run_engine;
use llmobs_tests::traffic::next_item;

pub const MODEL: &str = "smollm2-135m";

/// Runs operations on an observer.
pub struct Scenario<'a> {
    pub observer: &'a Observer,
    pub manual_clock: &'a ManualClock,
}

impl Scenario<'_> {
    /// Runs calls of every kind in every role, with every end, then every step.
    pub fn run_all(&self) {
        for role in [Role::Server, Role::Gateway, Role::Client] {
            let observer = self.observer.as_role(role);
            let scenario = Scenario { observer: &observer, manual_clock: self.manual_clock };
            for name in [
                OperationName::Chat,
                OperationName::TextCompletion,
                OperationName::GenerateContent,
                OperationName::Embeddings,
                OperationName::other("rerank"),
            ] {
                scenario.run_endings(&name);
            }
            scenario.run_requests();
            scenario.run_steps();
        }
        self.run_standalone();
    }

    /// Ends a call in each possible way.
    fn run_endings(&self, name: &OperationName) {
        let call = || self.start_marked(name);
        call().complete();
        call().cancel();
        drop(call());
        for error in ErrorType::ALL {
            call().fail(*error);
            call().reject(*error);
        }
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _operation = call();
            std::panic::resume_unwind(Box::new("the handler panicked"));
        }));
        assert!(panicked.is_err());
        if *name != OperationName::Embeddings {
            self.run_streams(name);
        }
    }

    /// Starts a call, and sets every mark of an engine.
    fn start_marked(&self, name: &OperationName) -> Operation {
        let operation = self.observer.operation(name.clone(), MODEL).preparing().start();
        let marker = operation.marker().clone();
        if *name != OperationName::Embeddings {
            marker.input(full_input);
            marker.output_reasoning(0, "Paris, so weather.");
            marker.output_tool_call(0, 0, Some("call_1"), Some("weather"), r#"{"city":"Paris"}"#);
            marker.output_text(1, "Rain.");
        }
        drop(marker.phase("tokenize"));
        marker.enqueued();
        self.advance_clock();
        marker.scheduled();
        self.advance_clock();
        marker.scheduled();
        marker.usage(Usage::new().input(40).cache_read(10).cache_write(5));
        marker.response_id("resp-1");
        marker.response_model("smollm2-135m-instruct-q4");
        if *name != OperationName::Embeddings {
            marker.first_token();
            self.advance_clock();
            marker.usage(Usage::new().output(12).reasoning(4));
            marker.finish_reason(FinishReason::from_provider("tool_calls"));
            marker.finish_reason_for(1, FinishReason::from_provider("MAX_TOKENS"));
        }
        operation
    }

    fn run_streams(&self, name: &OperationName) {
        for (items, error) in [(0, None), (1, None), (9, None), (9, Some(ErrorType::Upstream))] {
            let operation = self.observer.operation(name.clone(), MODEL).start();
            let marker = operation.marker().clone();
            marker.enqueued();
            self.advance_clock();
            marker.scheduled();
            let mut script = ScriptedStream::new(self.manual_clock);
            for item in 0..items {
                let pause = if item == 4 { Duration::from_secs(2) } else { Duration::from_millis(20) };
                script = script.wait(pause).item(if item == 1 { Chunk::reasoning(2) } else { Chunk::tokens(1) });
            }
            if let Some(error) = error {
                script = script.item(Chunk::failed(error));
            }
            let mut stream = operation.observe(script);
            if next_item(&mut stream).is_some() && items > 1 {
                self.advance_clock();
            }
            while next_item(&mut stream).is_some() {}
        }
        // The caller drops the stream before its end.
        let operation = self.observer.operation(name.clone(), MODEL).start();
        let script = ScriptedStream::new(self.manual_clock)
            .wait(Duration::from_millis(20))
            .item(Chunk::tokens(1))
            .item(Chunk::tokens(1));
        let mut stream = operation.observe(script);
        assert!(next_item(&mut stream).is_some());
        self.advance_clock();
    }

    /// Starts calls with every attribute that a request can have.
    fn run_requests(&self) {
        let operation = self
            .observer
            .chat(MODEL)
            .conversation("conv_5j66")
            .server("api.example.com", 443)
            .output_type(OutputType::Json)
            .choices(2)
            .max_tokens(64)
            .seed(-7)
            .temperature(0.5)
            .top_p(0.9)
            .top_k(40.0)
            .frequency_penalty(0.1)
            .presence_penalty(-0.1)
            .stop_sequences(&["END", "STOP"])
            .reasoning_level("high")
            .previous_response("resp_0")
            .prompt_name("greeting")
            .prompt_version("3")
            .start();
        for kind in AttemptKind::ALL {
            let attempt = operation.attempt(*kind).provider("another-engine").model(MODEL).start();
            self.advance_clock();
            attempt.fail(ErrorType::Upstream);
        }
        let marker = operation.marker().clone();
        marker.add_superseded_tokens(3);
        marker.cache_lookup(CacheKind::Semantic, CacheResult::Miss);
        marker.response_id("resp-1");
        operation.feedback(Evaluation::new("relevance").label("pass").score(0.8));
        operation.complete();
        marker.feedback(0.5);
        self.observer.record_evaluation("resp-1", Evaluation::new("relevance").label("fail"));
        self.observer.record_evaluation("resp-of-nobody", Evaluation::new("relevance").score(0.1));
        let one = self.observer.chat(MODEL).choices(1).start();
        one.complete();
        let embeddings = self.observer.embeddings(MODEL).dimensions(384).encoding_formats(&["float"]);
        let embeddings = embeddings.server("::1", 8080).start();
        embeddings.marker().usage(Usage::new().input(8));
        embeddings.complete();
        // A call to another provider than the observer's default.
        let other = self.observer.chat(MODEL).provider(Provider::OpenAi).start();
        other.fail(ErrorType::RateLimited);
    }

    /// Runs each step, once with every attribute and once without any, with each kind of end.
    fn run_steps(&self) {
        let provider = Provider::OpenAi;
        let observer = self.observer;
        let retrieval = observer.retrieval("docs").model(MODEL).provider(&provider).server("db", 1234).top_k(5).start();
        retrieval.query(|| "weather in Paris");
        retrieval.documents(|| [Document::new("doc-1", 0.5)]);
        retrieval.complete();
        observer.retrieval("docs").start().fail(ErrorType::Timeout);
        let tool = observer.execute_tool("clock").kind("function").call_id("call_1").description("Tells the time");
        let tool = tool.agent("helper").conversation("conv_5j66").start();
        tool.arguments(|| json!({"zone": "CET"}));
        tool.result(|| json!({"time": "noon"}));
        tool.complete();
        observer.execute_tool("clock").start().fail(ErrorType::Tool);
        let agent = observer.invoke_agent("helper").description("Helps").model(MODEL).conversation("conv_5j66");
        let agent = agent.id("asst_5j66", Some("2")).server("api.example.com", 443).data_source("docs");
        let remote = agent.clone().provider(&provider).start();
        remote.usage(Usage::new().input(100).output(20));
        Self::add_agent_content(&remote);
        remote.complete();
        let local = agent.start();
        local.usage(Usage::new().input(100).output(20));
        Self::add_agent_content(&local);
        local.complete();
        drop(observer.invoke_agent("helper").start());
        observer.invoke_agent("helper").provider(&provider).start().fail(ErrorType::Upstream);
        let created = observer.create_agent("helper").description("Helps").id("asst_5j66").version("2").model(MODEL);
        let created = created.provider(&provider).server("api.example.com", 443).start();
        created.input(|| Input::new().system("Be kind."));
        created.complete();
        observer.create_agent("helper").start().fail(ErrorType::InvalidRequest);
        let workflow = observer.invoke_workflow("answer").conversation("conv_5j66").start();
        workflow.input(|| Message::user("Is it raining?"));
        workflow.output(|| [Message::assistant().part("Yes.")]);
        workflow.complete();
        observer.invoke_workflow("answer").start().fail(ErrorType::Internal);
        let query = observer.database("qdrant", "search", "docs").namespace("prod").server("db", 6333).start();
        query.complete();
        observer.database("postgresql", "SELECT", "docs").start().fail(ErrorType::Upstream);
        let cache = observer.database("redis", "GET", "answers").cache(CacheKind::Exact).start();
        cache.cache_result(CacheResult::Hit);
        cache.complete();
    }

    fn add_agent_content(agent: &Step) {
        agent.input(full_input);
        agent.output(|| [Message::assistant().part("Yes.")]);
    }

    /// Records values that belong to no call.
    fn run_standalone(&self) {
        self.observer.set_limit(MODEL, State::Decode, 8);
        self.observer.record_runtime_lag("tokio", Duration::from_millis(3));
        self.observer.backend("openai", MODEL).build().unwrap().record(Ok(()));
        // The numbers of an engine exist until its handle is dropped.
        std::mem::forget(run_engine(self.observer, self.manual_clock, MODEL));
        // As the numbers of an admission.
        std::mem::forget(run_admission(self.observer, MODEL));
        // An impossible time, an undeclared model and an undeclared label.
        let operation = self.observer.chat("nobody's").label("tier", "undeclared").start();
        let marker = operation.marker().clone();
        marker.first_token();
        marker.scheduled_at(llmobs::clock::Moment::from_nanos(1));
        operation.complete();
        self.observer.begin_shutdown();
        drop(self.observer.chat(MODEL).start());
    }

    fn advance_clock(&self) {
        self.manual_clock.advance(Duration::from_millis(7));
    }
}

fn full_input() -> Input {
    let weather = ToolDefinition::function("weather");
    Input::new().system("Be brief.").message(Message::user("Is it raining at jane@example.org?")).tool(weather)
}
