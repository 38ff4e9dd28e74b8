//! Tests that the whole service leaks no content: callers put a canary (a random text) into every field of a request,
//! and all output of the process is searched for parts of the canaries.

use llmobs::capture::ContentCapture;
use serde_json::Value;
use serde_json::json;

use crate::support::Collector;
use crate::support::Server;
use crate::support::Stream;
use crate::support::beside_others;
use crate::support::eventually;
use crate::support::leaks::Canaries;
use crate::support::leaks::GOLD;
use crate::support::leaks::Leaf;
use crate::support::leaks::Search;
use crate::support::leaks::of_bodies;
use crate::support::leaks::of_seen;
use crate::support::post_with;
use crate::support::program;
use crate::support::request;

const CHAT: &str = "/v1/chat/completions";
const ROUTES: [&str; 2] = ["/v1/completions", "/v1/generate"];

/// The fields of requests. The prompts (`ASKED`) may be captured; all other fields (`NOWHERE`) must not be exported.
const ASKED: [&str; 5] = ["chat.system", "chat.user", "chat.part", "chat.assistant", "prompt"];
const NOWHERE: [&str; 22] = [
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
const PATH: &str = "path";

/// All output of a service.
struct Left {
    canaries: Canaries,
    mode: ContentCapture,
    /// Raw output, searched byte by byte.
    outlets: Vec<(&'static str, Vec<u8>)>,
    /// Structured output, searched text by text.
    leaves: Vec<Leaf>,
}

impl Left {
    /// Runs a service with this capture mode and sends it the requests of all callers.
    async fn with(capture: Option<&str>, profile: &str) -> Self {
        let canaries = Canaries::new(Canaries::seed(), ASKED.into_iter().chain(NOWHERE).chain([PATH])).with_gold();
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let value = capture.map(|value| if value == "variable" { canaries.of("variable") } else { value });
        let mut variables = vec![
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_SEMCONV_STABILITY_OPT_IN", profile),
        ];
        variables.extend(value.map(|value| (ContentCapture::VARIABLE, value)));
        let mut server = Server::start_with(&variables, &ARGUMENTS);
        let pages = Callers { canaries: &canaries, server: &server }.ask().await;
        server.terminate();
        let errors = server.errors();
        let (status, log) = server.ended();
        assert!(status.success(), "{log:?}");
        let seen = collector.inbox().seen();
        assert!(seen.spans.len() > 20 && seen.metrics.len() > 20 && seen.logs.len() > 10, "it told what it did");
        let outlets = vec![
            ("OTLP", of_bodies(&seen)),
            ("pages", pages.into_bytes()),
            ("standard output", log.join("\n").into_bytes()),
            ("standard error", errors.into_bytes()),
        ];
        let mode = value.and_then(ContentCapture::from_value).unwrap_or_default();
        Self { canaries, mode, outlets, leaves: of_seen(&seen) }
    }

    fn holds(&self) {
        let about = format!("{:?}, seed {}", self.mode, self.canaries.seed);
        let captured = self.mode.on_spans() || self.mode.on_events();
        for (name, bytes) in &self.outlets {
            let may = |place: &str| *name == "OTLP" && (place == PATH || captured && ASKED.contains(&place));
            let search = Search::for_all(self.canaries.all().iter().filter(|canary| !may(canary.place)));
            assert_eq!(search.in_bytes(bytes), [], "{about}: {name}");
        }
        let search = Search::for_all(self.canaries.all());
        let mut seen = Vec::new();
        for leaf in &self.leaves {
            for found in search.in_text(&leaf.text) {
                let may = match leaf.signal {
                    "span" if leaf.key == "url.path" => found.place == PATH,
                    "span" if self.mode.on_spans() => leaf.key == "gen_ai.input.messages",
                    "log" if self.mode.on_events() => leaf.key == "gen_ai.input.messages",
                    _ => false,
                };
                assert!(may && !found.place.starts_with(GOLD), "{about}: {found:?} in {leaf:?}");
                seen.push((leaf.signal, found.place));
            }
        }
        assert!(seen.contains(&("span", PATH)), "{about}: nobody looked");
        for place in ASKED {
            assert_eq!(seen.contains(&("span", place)), self.mode.on_spans(), "{about}: {place}");
            assert_eq!(seen.contains(&("log", place)), self.mode.on_events(), "{about}: {place}");
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

/// The callers of a service.
struct Callers<'a> {
    canaries: &'a Canaries,
    server: &'a Server,
}

impl Callers<'_> {
    fn of(&self, place: &str) -> &str {
        self.canaries.of(place)
    }

    /// Sends requests to every route, streamed and not, invalid requests, and one whose client disconnects. Returns the
    /// pages read meanwhile.
    async fn ask(&self) -> String {
        let mut pages = String::new();
        for stream in [false, true] {
            self.post(CHAT, &self.chat(stream), 200).await;
            for route in ROUTES {
                let status = if stream && route == "/v1/generate" { 400 } else { 200 };
                self.post(route, &self.prompt(stream), status).await;
            }
        }
        self.refusals().await;
        self.strange_requests().await;
        let mut leaving = Stream::open(self.server.address, CHAT, &self.long()).await;
        assert!(leaving.token().await);
        for (path, accept) in
            [("/debug/llmobs", "application/json"), ("/debug/llmobs", "text/html"), ("/metrics", "*/*")]
        {
            let page = self.send("GET", path, &[("accept", accept)], "").await;
            assert!(page.contains("synthetic"), "{page}");
            pages.push_str(&page);
        }
        drop(leaving);
        eventually("the caller that left is gone", async || {
            let page = self.server.page().await;
            (page.count("llmobs_operation_active", &[]) == 0).then_some(())
        })
        .await;
        for path in ["/metrics", "/healthz", "/v1/models"] {
            pages.push_str(&self.send("GET", path, &[], "").await);
        }
        pages
    }

    fn chat(&self, stream: bool) -> Value {
        json!({"model": "synthetic", "max_tokens": 3, "stream": stream, "user": self.of("user"),
        "metadata": {"note": self.of("metadata")}, self.of("field"): self.of("field.value"),
        "tools": [{"type": "function", "function": {"name": self.of("tool"), "description": self.of("tool")}}],
        "messages": [
            {"role": "system", "content": self.of("chat.system")},
            {"role": "user", "name": self.of("user"), "content": self.of("chat.user")},
            {"role": "assistant", "content": self.of("chat.assistant")},
            {"role": "user", "content": [{"type": "text", "text": self.of("chat.part")}]},
            {"role": "user", "content": self.canaries.gold()},
        ]})
    }

    fn prompt(&self, stream: bool) -> Value {
        let prompt = format!("{} {}", self.of("prompt"), self.canaries.gold());
        json!({"model": "synthetic", "max_tokens": 3, "stream": stream, "user": self.of("user"), "prompt": prompt})
    }

    /// Returns a request for a long answer, whose client disconnects.
    fn long(&self) -> Value {
        json!({"model": "synthetic", "max_tokens": 8_000, "stream": true,
            "messages": [{"role": "user", "content": self.of("chat.user")}]})
    }

    async fn refusals(&self) {
        let model = |name: &str| json!({"model": name, "prompt": self.of("refused")});
        let said =
            |role: &str| json!({"model": "synthetic", "messages": [{"role": role, "content": self.of("refused")}]});
        let with = |name: &str, value: Value| json!({"model": "synthetic", "prompt": self.of("refused"), name: value});
        self.post("/v1/generate", &model(self.of("model")), 404).await;
        self.post("/v1/generate", &json!({"model": {self.of("model.type"): 1}, "prompt": self.of("refused")}), 400)
            .await;
        self.post(CHAT, &said(self.of("role")), 400).await;
        self.post(CHAT, &json!(self.of("garbage")), 400).await;
        for route in ROUTES {
            self.post(route, &with("stop", json!([self.of("stop")])), 400).await;
            self.post(route, &with("temperature", json!(self.of("type"))), 400).await;
            self.post(route, &with("max_tokens", json!(self.of("type"))), 400).await;
            self.post(route, &with("prompt", json!({"text": self.of("refused")})), 400).await;
            // The prompt is parsed and then rejected as too long.
            let wordy = format!("{} ", self.of("prompt")).repeat(8_192);
            self.post(route, &with("prompt", json!(wordy)), 400).await;
        }
        let huge = json!({"model": "synthetic", "prompt": self.of("huge").repeat(70_000)});
        self.post("/v1/generate", &huge, 413).await;
    }

    async fn strange_requests(&self) {
        let garbage = format!("{{\"{}", self.of("garbage"));
        for route in ROUTES.into_iter().chain([CHAT]) {
            self.send("POST", route, &[], &garbage).await;
            self.send("GET", route, &[], "").await;
            self.send("PUT", &format!("{route}?{}", self.of("query")), &[], &garbage).await;
        }
        let path = format!("/v1/{}?key={query}&{query}", self.of(PATH), query = self.of("query"));
        self.send("GET", &path, &[], "").await;
        self.send("POST", &path, &[], self.of("refused")).await;
        self.send("GET", &format!("/healthz?{}", self.of("query")), &[], "").await;
    }

    async fn post(&self, path: &str, body: &Value, status: u16) {
        let headers = self.headers();
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let path = format!("{path}?key={}", self.of("query"));
        let reply = post_with(self.server.address, &path, &headers, &body.to_string()).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.body);
    }

    async fn send(&self, method: &str, path: &str, more: &[(&str, &str)], body: &str) -> String {
        let headers = self.headers();
        let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).chain(more.iter().copied());
        request(self.server.address, method, path, &headers.collect::<Vec<_>>(), body).await.body
    }

    fn headers(&self) -> [(&'static str, String); 7] {
        [
            ("User-Agent", self.of("agent").to_owned()),
            ("Authorization", format!("Bearer {}", self.of("authorization"))),
            ("Cookie", format!("session={}", self.of("cookie"))),
            ("X-Api-Key", self.of("key").to_owned()),
            ("X-Real-Name", self.of("forwarded").to_owned()),
            ("Traceparent", format!("00-{}-01", self.of("parent"))),
            ("Baggage", format!("user.id={baggage},{baggage}=1", baggage = self.of("baggage"))),
        ]
    }
}

#[tokio::test]
async fn with_capture_off_no_piece_of_a_request_leaves() {
    let _beside = beside_others().await;
    for (capture, profile) in [(None, ""), (Some("variable"), "gen_ai_latest_experimental")] {
        Left::with(capture, profile).await.holds();
    }
}

#[tokio::test]
async fn what_is_captured_is_in_the_messages_of_the_signals_that_were_asked_for() {
    let _beside = beside_others().await;
    for capture in ["SPAN_ONLY", "EVENT_ONLY", "SPAN_AND_EVENT"] {
        Left::with(Some(capture), "").await.holds();
    }
}

/// The log contains no prompt in any capture mode, with or without a collector.
#[tokio::test]
async fn a_service_without_a_collector_writes_no_prompt_either() {
    let _beside = beside_others().await;
    for capture in ["NO_CONTENT", "SPAN_AND_EVENT"] {
        let canaries = Canaries::new(Canaries::seed(), ASKED.into_iter().chain(NOWHERE).chain([PATH])).with_gold();
        let mut server = Server::start_with(&[(ContentCapture::VARIABLE, capture)], &ARGUMENTS);
        let pages = Callers { canaries: &canaries, server: &server }.ask().await;
        server.terminate();
        let errors = server.errors();
        let (_, log) = server.ended();
        assert!(log.iter().filter(|line| line.contains("llm_request_complete")).count() > 20);
        let search = Search::for_all(canaries.all().iter().filter(|canary| canary.place != PATH));
        for text in [pages, errors, log.join("\n")] {
            assert_eq!(search.in_text(&text), [], "{capture}, seed {}", canaries.seed);
        }
    }
}

/// With `--once`, the answer is printed on the terminal and the prompt appears in no other output.
#[test]
fn a_prompt_on_the_command_line_stays_on_it() {
    let canaries = Canaries::new(Canaries::seed(), ["prompt"]);
    let collector = Collector::start();
    let mut once = program();
    once.args(["--engine", "synthetic", "--synthetic-token", "1ms", "--once", canaries.of("prompt")]);
    once.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector.endpoint()).env(ContentCapture::VARIABLE, "SPAN_AND_EVENT");
    let ended = once.output().expect("the program runs");
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let search = Search::for_all(canaries.all());
    for bytes in [ended.stdout, ended.stderr, of_bodies(&collector.inbox().seen())] {
        assert_eq!(search.in_bytes(&bytes), [], "seed {}", canaries.seed);
    }
}
