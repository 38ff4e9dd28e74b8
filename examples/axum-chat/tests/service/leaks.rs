//! Tests that the whole service leaks no content: clients put a canary (a random text) into every field of a request,
//! and all output of the process is searched for parts of the canaries.

use llmobs::capture::ContentCapture;
use serde_json::Value;
use serde_json::json;

use crate::support::Collector;
use crate::support::Server;
use crate::support::StreamedAnswer;
use crate::support::command;
use crate::support::eventually;
use crate::support::leaks::Canaries;
use crate::support::leaks::CanarySearch;
use crate::support::leaks::SECRET_PREFIX;
use crate::support::leaks::TextField;
use crate::support::leaks::received_bytes;
use crate::support::leaks::received_text_fields;
use crate::support::lock_shared;
use crate::support::post_with;
use crate::support::request;

const CHAT: &str = "/v1/chat/completions";
const ROUTES: [&str; 2] = ["/v1/completions", "/v1/generate"];

/// The fields of requests. The prompts (`CONTENT_PLACES`) may be captured; all other fields (`NEVER_PLACES`) must not be
/// exported.
const CONTENT_PLACES: [&str; 5] = ["chat.system", "chat.user", "chat.part", "chat.assistant", "prompt"];
const NEVER_PLACES: [&str; 22] = [
    "refused",
    "model",
    "model.type",
    "user",
    "role",
    "stop",
    "type",
    "field",
    "field.value",
    "metadata",
    "tool",
    "garbage",
    "huge",
    "agent",
    "authorization",
    "cookie",
    "key",
    "forwarded",
    "parent",
    "baggage",
    "query",
    "variable",
];
const PATH_PLACE: &str = "path";

/// All output of a service.
struct ServiceOutput {
    canaries: Canaries,
    mode: ContentCapture,
    /// Raw output, searched byte by byte.
    outputs: Vec<(&'static str, Vec<u8>)>,
    /// Structured output, searched text by text.
    text_fields: Vec<TextField>,
}

impl ServiceOutput {
    /// Runs a service with this capture mode and sends it the requests of all clients.
    async fn collect(capture: Option<&str>, profile: &str) -> Self {
        let canaries =
            Canaries::new(Canaries::seed(), CONTENT_PLACES.into_iter().chain(NEVER_PLACES).chain([PATH_PLACE]))
                .with_secrets();
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let value = capture.map(|value| if value == "variable" { canaries.text("variable") } else { value });
        let mut variables = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_SEMCONV_STABILITY_OPT_IN", profile),
        ];
        variables.extend(value.map(|value| (ContentCapture::VARIABLE, value)));
        let mut server = Server::start_with(&variables, &ARGUMENTS);
        let pages = LeakClients { canaries: &canaries, server: &server }.send_everything().await;
        server.terminate();
        let stderr = server.stderr();
        let (status, log) = server.wait();
        assert!(status.success(), "{log:?}");
        let received = collector.inbox().snapshot();
        assert!(
            received.spans.len() > 20 && received.metrics.len() > 20 && received.logs.len() > 10,
            "too little telemetry was exported"
        );
        let outputs = vec![
            ("OTLP", received_bytes(&received)),
            ("pages", pages.into_bytes()),
            ("standard output", log.join("\n").into_bytes()),
            ("standard error", stderr.into_bytes()),
        ];
        let mode = value.and_then(ContentCapture::from_value).unwrap_or_default();
        Self { canaries, mode, outputs, text_fields: received_text_fields(&received) }
    }

    fn assert_no_leaks(&self) {
        let case = format!("{:?}, seed {}", self.mode, self.canaries.seed);
        let captured = self.mode.is_on_spans() || self.mode.is_on_events();
        for (name, bytes) in &self.outputs {
            let is_allowed =
                |place: &str| *name == "OTLP" && (place == PATH_PLACE || captured && CONTENT_PLACES.contains(&place));
            let search = CanarySearch::for_all(self.canaries.all().iter().filter(|canary| !is_allowed(canary.place)));
            assert_eq!(search.find_in_bytes(bytes), [], "{case}: {name}");
        }
        let search = CanarySearch::for_all(self.canaries.all());
        let mut seen = Vec::new();
        for field in &self.text_fields {
            for found in search.find_in_text(&field.text) {
                let is_allowed = match field.signal {
                    "span" if field.key == "url.path" => found.place == PATH_PLACE,
                    "span" if self.mode.is_on_spans() => field.key == "gen_ai.input.messages",
                    "log" if self.mode.is_on_events() => field.key == "gen_ai.input.messages",
                    _ => false,
                };
                assert!(is_allowed && !found.place.starts_with(SECRET_PREFIX), "{case}: {found:?} in {field:?}");
                seen.push((field.signal, found.place));
            }
        }
        assert!(seen.contains(&("span", PATH_PLACE)), "{case}: the search did not find the canary of the path");
        for place in CONTENT_PLACES {
            assert_eq!(seen.contains(&("span", place)), self.mode.is_on_spans(), "{case}: {place}");
            assert_eq!(seen.contains(&("log", place)), self.mode.is_on_events(), "{case}: {place}");
        }
    }
}

const ARGUMENTS: [&str; 6] = [
    "--engine",
    "synthetic",
    "--synthetic-token",
    "1ms",
    "--log",
    "info,llmobs=trace,axum_chat=trace,tower_http=trace",
];

/// The clients of a service.
struct LeakClients<'a> {
    canaries: &'a Canaries,
    server: &'a Server,
}

impl LeakClients<'_> {
    fn canary(&self, place: &str) -> &str {
        self.canaries.text(place)
    }

    /// Sends requests to every route, streamed and not, invalid requests, and one whose client disconnects. Returns the
    /// pages read meanwhile.
    async fn send_everything(&self) -> String {
        let mut pages = String::new();
        for stream in [false, true] {
            self.post(CHAT, &self.chat(stream), 200).await;
            for route in ROUTES {
                let status = if stream && route == "/v1/generate" { 400 } else { 200 };
                self.post(route, &self.prompt(stream), status).await;
            }
        }
        self.send_rejected().await;
        self.send_malformed().await;
        let mut disconnecting = StreamedAnswer::open(self.server.address, CHAT, &self.slow_request()).await;
        assert!(disconnecting.read_token().await);
        for (path, accept) in
            [("/debug/llmobs", "application/json"), ("/debug/llmobs", "text/html"), ("/metrics", "*/*")]
        {
            let page = self.send("GET", path, &[("accept", accept)], "").await;
            assert!(page.contains("synthetic"), "{page}");
            pages.push_str(&page);
        }
        drop(disconnecting);
        eventually("the operation of the disconnected client has ended", async || {
            let page = self.server.scrape().await;
            (page.count("llmobs_operation_active", &[]) == 0).then_some(())
        })
        .await;
        for path in ["/metrics", "/healthz", "/v1/models"] {
            pages.push_str(&self.send("GET", path, &[], "").await);
        }
        pages
    }

    fn chat(&self, stream: bool) -> Value {
        json!({"model": "synthetic", "max_tokens": 3, "stream": stream, "user": self.canary("user"),
        "metadata": {"note": self.canary("metadata")}, self.canary("field"): self.canary("field.value"),
        "tools": [{"type": "function", "function": {"name": self.canary("tool"), "description": self.canary("tool")}}],
        "messages": [
            {"role": "system", "content": self.canary("chat.system")},
            {"role": "user", "name": self.canary("user"), "content": self.canary("chat.user")},
            {"role": "assistant", "content": self.canary("chat.assistant")},
            {"role": "user", "content": [{"type": "text", "text": self.canary("chat.part")}]},
            {"role": "user", "content": self.canaries.secrets_text()},
        ]})
    }

    fn prompt(&self, stream: bool) -> Value {
        let prompt = format!("{} {}", self.canary("prompt"), self.canaries.secrets_text());
        json!({"model": "synthetic", "max_tokens": 3, "stream": stream, "user": self.canary("user"), "prompt": prompt})
    }

    /// Returns a request for a long answer, whose client disconnects.
    fn slow_request(&self) -> Value {
        json!({"model": "synthetic", "max_tokens": 8_000, "stream": true,
            "messages": [{"role": "user", "content": self.canary("chat.user")}]})
    }

    async fn send_rejected(&self) {
        let model = |name: &str| json!({"model": name, "prompt": self.canary("refused")});
        let message =
            |role: &str| json!({"model": "synthetic", "messages": [{"role": role, "content": self.canary("refused")}]});
        let with =
            |name: &str, value: Value| json!({"model": "synthetic", "prompt": self.canary("refused"), name: value});
        self.post("/v1/generate", &model(self.canary("model")), 404).await;
        self.post(
            "/v1/generate",
            &json!({"model": {self.canary("model.type"): 1}, "prompt": self.canary("refused")}),
            400,
        )
        .await;
        self.post(CHAT, &message(self.canary("role")), 400).await;
        self.post(CHAT, &json!(self.canary("garbage")), 400).await;
        for route in ROUTES {
            self.post(route, &with("stop", json!([self.canary("stop")])), 400).await;
            self.post(route, &with("temperature", json!(self.canary("type"))), 400).await;
            self.post(route, &with("max_tokens", json!(self.canary("type"))), 400).await;
            self.post(route, &with("prompt", json!({"text": self.canary("refused")})), 400).await;
            // The prompt is parsed and then rejected as too long.
            let wordy = format!("{} ", self.canary("prompt")).repeat(8_192);
            self.post(route, &with("prompt", json!(wordy)), 400).await;
        }
        let huge = json!({"model": "synthetic", "prompt": self.canary("huge").repeat(70_000)});
        self.post("/v1/generate", &huge, 413).await;
    }

    async fn send_malformed(&self) {
        let garbage = format!("{{\"{}", self.canary("garbage"));
        for route in ROUTES.into_iter().chain([CHAT]) {
            self.send("POST", route, &[], &garbage).await;
            self.send("GET", route, &[], "").await;
            self.send("PUT", &format!("{route}?{}", self.canary("query")), &[], &garbage).await;
        }
        let path = format!("/v1/{}?key={query}&{query}", self.canary(PATH_PLACE), query = self.canary("query"));
        self.send("GET", &path, &[], "").await;
        self.send("POST", &path, &[], self.canary("refused")).await;
        self.send("GET", &format!("/healthz?{}", self.canary("query")), &[], "").await;
    }

    async fn post(&self, path: &str, body: &Value, status: u16) {
        let headers = self.headers();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = format!("{path}?key={}", self.canary("query"));
        let reply = post_with(self.server.address, &path, &headers, &body.to_string()).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
    }

    async fn send(&self, method: &str, path: &str, extra_headers: &[(&str, &str)], body: &str) -> String {
        let headers = self.headers();
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).chain(extra_headers.iter().copied());
        request(self.server.address, method, path, &headers.collect::<Vec<_>>(), body).await.body
    }

    fn headers(&self) -> [(&'static str, String); 7] {
        [
            ("User-Agent", self.canary("agent").to_owned()),
            ("Authorization", format!("Bearer {}", self.canary("authorization"))),
            ("Cookie", format!("session={}", self.canary("cookie"))),
            ("X-Api-Key", self.canary("key").to_owned()),
            ("X-Real-Name", self.canary("forwarded").to_owned()),
            ("Traceparent", format!("00-{}-01", self.canary("parent"))),
            ("Baggage", format!("user.id={baggage},{baggage}=1", baggage = self.canary("baggage"))),
        ]
    }
}

#[tokio::test]
async fn with_capture_off_no_part_of_a_request_is_exported() {
    let _lock = lock_shared().await;
    for (capture, profile) in [(None, ""), (Some("variable"), "gen_ai_latest_experimental")] {
        ServiceOutput::collect(capture, profile).await.assert_no_leaks();
    }
}

#[tokio::test]
async fn captured_content_is_only_in_the_messages_of_the_enabled_signals() {
    let _lock = lock_shared().await;
    for capture in ["SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"] {
        ServiceOutput::collect(Some(capture), "").await.assert_no_leaks();
    }
}

/// The log contains no prompt in any capture mode, with or without a collector.
#[tokio::test]
async fn a_service_without_a_collector_writes_no_prompt() {
    let _lock = lock_shared().await;
    for capture in ["NO_CONTENT", "SPAN_AND_EVENT"] {
        let canaries =
            Canaries::new(Canaries::seed(), CONTENT_PLACES.into_iter().chain(NEVER_PLACES).chain([PATH_PLACE]))
                .with_secrets();
        let mut server = Server::start_with(&[(ContentCapture::VARIABLE, capture)], &ARGUMENTS);
        let pages = LeakClients { canaries: &canaries, server: &server }.send_everything().await;
        server.terminate();
        let stderr = server.stderr();
        let (_, log) = server.wait();
        assert!(log.iter().filter(|line| line.contains("llm_request_complete")).count() > 20);
        let search = CanarySearch::for_all(canaries.all().iter().filter(|canary| canary.place != PATH_PLACE));
        for text in [pages, stderr, log.join("\n")] {
            assert_eq!(search.find_in_text(&text), [], "{capture}, seed {}", canaries.seed);
        }
    }
}

/// With `--once`, the answer is printed on the terminal and the prompt appears in no other output.
#[test]
fn a_prompt_on_the_command_line_is_in_no_other_output() {
    let canaries = Canaries::new(Canaries::seed(), ["prompt"]);
    let collector = Collector::start();
    let mut once = command();
    once.args(["--engine", "synthetic", "--synthetic-token", "1ms", "--once", canaries.text("prompt")]);
    once.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()).env(ContentCapture::VARIABLE, "SPAN_AND_EVENT");
    let output = once.output().expect("the program runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let search = CanarySearch::for_all(canaries.all());
    for bytes in [output.stdout, output.stderr, received_bytes(&collector.inbox().snapshot())] {
        assert_eq!(search.find_in_bytes(&bytes), [], "seed {}", canaries.seed);
    }
}
