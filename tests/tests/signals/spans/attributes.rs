//! The attributes of a span, and their types.

use llmobs::FinishReason;
use llmobs::Role;
use llmobs::Usage;
use llmobs::capture::ContentCapture;
use llmobs::catalog::Profile;
use llmobs::semconv::value::OutputType;
use opentelemetry::Value;
use opentelemetry::trace::SpanKind;

use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;
use llmobs_tests::tracing_backend::attributes;
use llmobs_tests::tracing_backend::text;
use llmobs_tests::tracing_backend::texts;

#[test]
fn the_attributes_of_a_request_are_those_of_the_profile() {
    for (profile, top_k) in [(Profile::V1_41, Value::F64(40.0)), (Profile::Latest, Value::I64(40))] {
        let backend = TracingBackend::new();
        let builder = backend.builder(Role::Client).profile(profile);
        let observer = builder.capture(ContentCapture::Spans).build().unwrap();
        let operation = observer
            .chat(MODEL)
            .conversation("conv_5j66")
            .server("api.example.com", 443)
            .output_type(OutputType::Json)
            .choices(2)
            .max_tokens(64)
            .seed(7)
            .temperature(0.5)
            .top_p(0.9)
            .top_k(40.0)
            .frequency_penalty(0.1)
            .presence_penalty(-0.1)
            .stop_sequences(&["END", "STOP"])
            .reasoning_level("high")
            .previous_response("resp_1")
            .prompt_name("greeting")
            .prompt_version("3")
            .start();
        operation.complete();
        let span = backend.span(&format!("chat {MODEL}"));
        let found = attributes(&span);
        let expected = [
            ("gen_ai.operation.name", text("chat")),
            ("gen_ai.provider.name", text("candle")),
            ("gen_ai.request.model", text(MODEL)),
            ("gen_ai.conversation.id", text("conv_5j66")),
            ("server.address", text("api.example.com")),
            ("server.port", Value::I64(443)),
            ("gen_ai.output.type", text("json")),
            ("gen_ai.request.choice.count", Value::I64(2)),
            ("gen_ai.request.max_tokens", Value::I64(64)),
            ("gen_ai.request.seed", Value::I64(7)),
            ("gen_ai.request.temperature", Value::F64(0.5)),
            ("gen_ai.request.top_p", Value::F64(0.9)),
            ("gen_ai.request.top_k", top_k),
            ("gen_ai.request.frequency_penalty", Value::F64(0.1)),
            ("gen_ai.request.presence_penalty", Value::F64(-0.1)),
            ("gen_ai.request.stop_sequences", texts(&["END", "STOP"])),
        ];
        for (name, value) in expected {
            assert_eq!(found.get(name), Some(&value), "{name}, {profile:?}");
        }
        for newer in [
            "gen_ai.request.reasoning.level",
            "gen_ai.request.previous_response.id",
            "gen_ai.prompt.name",
            "gen_ai.prompt.version",
        ] {
            assert_eq!(found.contains_key(newer), profile == Profile::Latest, "{newer}, {profile:?}");
        }
        assert_eq!(span.span_kind, SpanKind::Client);
    }
}

#[test]
fn the_attributes_of_an_answer_are_set_when_the_span_ends() {
    for (profile, written) in [
        (Profile::V1_41, "gen_ai.usage.cache_creation.input_tokens"),
        (Profile::Latest, "gen_ai.usage.cache_write.input_tokens"),
    ] {
        let backend = TracingBackend::new();
        let observer = backend.builder(Role::Gateway).profile(profile).build().unwrap();
        let operation = observer.chat(MODEL).start();
        let marker = operation.marker().clone();
        marker.response_id("chatcmpl-1");
        marker.response_model("smollm2-135m-instruct-q4");
        marker.usage(Usage::new().input(100).cache_read(60).cache_write(10).output(30).reasoning(20));
        marker.finish_reason_for(1, FinishReason::Length);
        marker.finish_reason_for(0, FinishReason::Stop);
        marker.finish_reason_for(1, FinishReason::Stop);
        operation.complete();
        let found = attributes(&backend.span(&format!("chat {MODEL}")));
        for (name, value) in [
            ("gen_ai.response.id", text("chatcmpl-1")),
            ("gen_ai.response.model", text("smollm2-135m-instruct-q4")),
            ("gen_ai.response.finish_reasons", texts(&["stop", "length"])),
            ("gen_ai.usage.input_tokens", Value::I64(100)),
            ("gen_ai.usage.output_tokens", Value::I64(30)),
            ("gen_ai.usage.cache_read.input_tokens", Value::I64(60)),
            (written, Value::I64(10)),
            ("gen_ai.usage.reasoning.output_tokens", Value::I64(20)),
            ("llmobs.operation.outcome", text("completed")),
        ] {
            assert_eq!(found.get(name), Some(&value), "{name}, {profile:?}");
        }
        assert!(!found.contains_key("error.type"));
        assert!(!found.contains_key("gen_ai.conversation.id"), "none was set");
    }
}

#[test]
fn a_server_does_not_record_an_undeclared_model() {
    let backend = TracingBackend::new();
    backend.observer(Role::Server).chat("canary-model").start().complete();
    let span = backend.span("chat _OTHER");
    assert_eq!(attributes(&span)["gen_ai.request.model"], text("_OTHER"));
    backend.observer(Role::Client).chat("made-to-order").start().complete();
    assert_eq!(attributes(&backend.span("chat made-to-order"))["gen_ai.request.model"], text("made-to-order"));
}

#[test]
fn a_server_runs_the_model_itself_so_its_span_is_internal() {
    let backend = TracingBackend::new();
    for (role, kind) in
        [(Role::Server, SpanKind::Internal), (Role::Gateway, SpanKind::Client), (Role::Client, SpanKind::Client)]
    {
        let observer = backend.observer(role);
        observer.embeddings(MODEL).dimensions(384).encoding_formats(&["float"]).start().complete();
        let span = backend.spans().pop().unwrap();
        assert_eq!((span.name.as_ref(), span.span_kind.clone()), (&*format!("embeddings {MODEL}"), kind), "{role:?}");
        let found = attributes(&span);
        assert_eq!(found["gen_ai.embeddings.dimension.count"], Value::I64(384));
        assert_eq!(found["gen_ai.request.encoding_formats"], texts(&["float"]));
    }
}
