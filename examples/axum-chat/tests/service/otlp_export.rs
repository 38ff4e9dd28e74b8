//! Tests the exported telemetry: a request is traced from HTTP to its last token, and all signals have the same
//! trace id.

use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;

use crate::support::Collector;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::attributes;
use crate::support::get;
use crate::support::hex;
use crate::support::lock_shared;
use crate::support::post_with;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

#[tokio::test]
async fn a_request_has_one_trace_id_in_all_three_signals_over_both_protocols() {
    let _lock = lock_shared().await;
    for protocol in ["grpc", "http/protobuf"] {
        let collector = Collector::start();
        let server = Server::start_with(
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
                ("OTEL_SERVICE_NAME", "chat"),
            ],
            &["--engine", "synthetic", "--synthetic-token", "1ms"],
        );
        let body = json!({
            "model": "synthetic", "max_tokens": 5, "temperature": 0.5, "top_p": 0.25, "seed": 7,
            "messages": [{ "role": "user", "content": "Good day" }],
        });
        let traceparent = format!("00-{TRACE}-{CALLER}-01");
        let headers = [("traceparent", traceparent.as_str())];
        let reply = post_with(server.address, "/v1/chat/completions", &headers, &body.to_string()).await;
        assert_eq!((reply.status, reply.header("x-trace-id")), (200, Some(TRACE)), "{protocol}: {}", reply.body);
        let response = reply.json();
        server.terminate();
        let (status, log) = server.wait();
        assert!(status.success(), "{protocol}: {log:?}");

        let spans: Vec<Span> = collector.inbox().spans().into_iter().map(|received| received.item).collect();
        let named = |name: &str| {
            let found = spans.iter().find(|span| span.name == name);
            found.unwrap_or_else(|| panic!("{protocol}: no {name} in {spans:?}"))
        };
        let http = named("POST /v1/chat/completions");
        let chat = named("chat synthetic");
        assert_eq!(http.kind, SpanKind::Server as i32);
        assert_eq!(chat.kind, SpanKind::Internal as i32);
        assert_eq!((hex(&http.trace_id), hex(&http.parent_span_id)), (TRACE.to_owned(), CALLER.to_owned()));
        assert_eq!((&chat.trace_id, &chat.parent_span_id), (&http.trace_id, &http.span_id));
        assert!(http.start_time_unix_nano <= chat.start_time_unix_nano);
        assert!(chat.end_time_unix_nano <= http.end_time_unix_nano);
        let chat_attributes = attributes(&chat.attributes);
        assert_eq!(chat_attributes["gen_ai.usage.output_tokens"], json!(5));
        assert_eq!(chat_attributes["gen_ai.request.max_tokens"], json!(5));
        assert_eq!(chat_attributes["gen_ai.request.temperature"], json!(0.5));
        assert_eq!(chat_attributes["gen_ai.request.top_p"], json!(0.25));
        assert_eq!(chat_attributes["gen_ai.request.seed"], json!(7));
        assert_eq!(chat_attributes["gen_ai.response.model"], json!("synthetic"));
        assert!(!chat_attributes.contains_key("gen_ai.request.stream"), "the answer is whole");
        assert_eq!(chat_attributes["gen_ai.response.finish_reasons"], json!(["length"]));
        assert_eq!(chat_attributes["gen_ai.response.id"], response["id"]);
        let phases: Vec<&str> = chat.events.iter().map(|event| event.name.as_str()).collect();
        assert_eq!(phases, ["queue", "prefill", "decode"]);

        let logs = collector.inbox().logs();
        let complete =
            logs.iter().find(|log| log.item.event_name == "llm_request_complete").expect("the event of the request");
        assert_eq!((&complete.item.trace_id, &complete.item.span_id), (&chat.trace_id, &chat.span_id));
        assert_eq!(attributes(&complete.item.attributes)["gen_ai.usage.output_tokens"], json!(5));
        assert_eq!(attributes(&complete.resource.attributes)["service.name"], json!("chat"));

        let metrics = collector.inbox().metrics();
        let duration = metrics.iter().rev().find(|metric| metric.item.name == "gen_ai.server.request.duration");
        let Some(Data::Histogram(duration)) = duration.and_then(|metric| metric.item.data.as_ref()) else {
            panic!("{protocol}: no histogram of durations");
        };
        assert_eq!(duration.data_points.iter().map(|point| point.count).sum::<u64>(), 1);
    }
}

#[tokio::test]
async fn an_option_selects_the_spans_of_requests_and_health_checks_have_none() {
    let _lock = lock_shared().await;
    for (option, expected) in [
        ("all", ["POST /v1/chat/completions", "chat synthetic"].as_slice()),
        ("none", &["chat synthetic"]),
        ("model", &["POST /v1/chat/completions", "chat synthetic"]),
    ] {
        let collector = Collector::start();
        let server = Server::start_with(
            &[
                ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.endpoint()),
                ("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "SPAN_ONLY"),
            ],
            &["--engine", "synthetic", "--synthetic-token", "1ms", "--http-spans", option],
        );
        let body = json!({ "model": "synthetic", "max_tokens": 2, "messages": [
            { "role": "system", "content": "canary-1" },
            { "role": "user", "content": "canary-2" },
        ] });
        let reply = post_with(server.address, "/v1/chat/completions", &[], &body.to_string()).await;
        assert_eq!(get(server.address, "/healthz", &[]).await.status, 200);
        server.terminate();
        assert!(server.wait().0.success());

        let mut spans: Vec<Span> = collector.inbox().spans().into_iter().map(|received| received.item).collect();
        spans.sort_by(|one, other| one.name.cmp(&other.name));
        assert_eq!(spans.iter().map(|span| span.name.as_str()).collect::<Vec<_>>(), expected, "{option}");
        assert_eq!(reply.header("x-trace-id"), Some(hex(&spans[0].trace_id).as_str()), "{option}");
        let first = attributes(&spans[0].attributes);
        let described = ["gen_ai.request.model", "input.value", "output.value"].map(|name| first.get(name).cloned());
        match option {
            "model" => assert_eq!(described, ["synthetic", "canary-2", "token token "].map(|text| Some(json!(text)))),
            "none" => assert_eq!(described, [Some(json!("synthetic")), None, None]),
            _ => assert_eq!(described, [None, None, None]),
        }
    }
}

#[tokio::test]
async fn a_service_serves_requests_if_its_collector_is_unreachable() {
    let _lock = lock_shared().await;
    let unused_address = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("its address");
    let server = Server::start_with(
        &[("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{unused_address}"))],
        &["--engine", "synthetic", "--synthetic-token", "1ms"],
    );
    let question = json!({ "model": "synthetic", "max_tokens": 5, "stream": true, "messages": [{ "role": "user", "content": "Hi" }] });
    let mut stream = StreamedAnswer::open(server.address, "/v1/chat/completions", &question).await;
    assert!(stream.read_token().await);
    stream.read_to_end(std::time::Duration::ZERO).await;
    server.terminate();
    let (status, _) = server.wait();
    assert!(status.success());
}
