//! The tables of `llmobs/docs/guide/privacy.md` match the code. The page's code runs as doctests of `llmobs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::capture::ContentBudget;
use llmobs::capture::ContentCapture;
use llmobs::capture::ContentLimits;
use llmobs::content::Sensitivity;
use llmobs::pseudonym::Pseudonymizer;
use llmobs::redact::DataKind;
use llmobs::redact::Redactor;
use llmobs::redact::Region;
use llmobs_tests::text_buffer::TextBuffer;
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::InMemorySpanExporter;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt;

fn workspace_root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

fn guide_text() -> String {
    fs::read_to_string(workspace_root().join("llmobs/docs/guide/privacy.md")).unwrap()
}

/// Returns the rows of the first table after a heading, cell by cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let guide_text = guide_text();
    let (_, section) = guide_text.split_once(&format!("# {heading}\n")).unwrap();
    let rows = section.lines().skip_while(|line| !line.starts_with("|--")).skip(1);
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).skip(1).collect();
    rows.take_while(|line| line.starts_with('|')).map(cells).collect()
}

/// Returns the texts between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_kind_is_in_the_table_with_its_label() {
    let rows = table("What the redactor finds");
    let named: Vec<(&str, &str)> = rows.iter().map(|row| (code_spans(&row[0])[0], &row[1][..])).collect();
    let expected: Vec<(&str, String)> = DataKind::ALL
        .into_iter()
        .map(|kind| {
            let label = if kind == DataKind::Custom {
                "the detector's".to_owned()
            } else {
                format!("`{}`", kind.placeholder())
            };
            (kind.as_str(), label)
        })
        .collect();
    assert_eq!(named, expected.iter().map(|(name, label)| (*name, &label[..])).collect::<Vec<_>>());
}

#[test]
fn every_region_is_in_the_table() {
    let rows = table("Regions");
    let named: Vec<&str> = rows.iter().map(|row| code_spans(&row[0])[0]).collect();
    assert_eq!(named, Region::ALL.map(|region| format!("{region:?}")));
}

#[test]
fn the_values_of_the_variable_mean_what_the_table_says() {
    let guide_text = guide_text();
    let rows = table("Switching capture on");
    assert!(guide_text.contains(&format!("| `{}` |", ContentCapture::VARIABLE)));
    let mut seen = 0;
    for row in &rows {
        for value in code_spans(&row[0]) {
            seen += 1;
            let mode = ContentCapture::from_value(value).unwrap();
            assert_eq!(format!("{mode:?}"), code_spans(&row[1])[0], "{value}");
        }
    }
    assert_eq!((rows.len(), seen), (5, 6));
    assert_eq!(format!("{:?}", ContentCapture::default()), "Off");
}

#[test]
fn the_limits_are_those_of_the_code() {
    let limits = ContentLimits::default();
    let kib = |bytes: usize| format!("{} KiB", bytes / 1024);
    let expected = [
        ("part", kib(limits.part_bytes())),
        ("attribute", kib(limits.attribute_bytes())),
        ("span", kib(limits.span_bytes())),
        ("media", format!("{}: none", limits.media_bytes())),
        ("budget", format!("{} MiB", ContentBudget::default().limit() >> 20)),
        ("hook", "20".to_owned()),
    ];
    let rows = table("Limits");
    let named: Vec<(&str, String)> = rows.iter().map(|row| (&row[0][..], row[2].clone())).collect();
    assert_eq!(named, expected);
    let gate = fs::read_to_string(workspace_root().join("llmobs/src/capture/gate.rs")).unwrap();
    assert!(gate.contains("hook_queue_capacity: 20,"), "the default of `hook_queue_capacity`");
}

#[test]
fn the_drop_reasons_are_those_of_the_code() {
    let rows = table("What is counted");
    let named: Vec<&str> = rows[1..].iter().map(|row| code_spans(&row[2])[0]).collect();
    let source = fs::read_to_string(workspace_root().join("llmobs/src/observer/content/gate.rs")).unwrap();
    let (_, rest) = source.split_once("let dropped_contents = [").unwrap();
    let array = rest.split_once("];").unwrap().0;
    let listed = array.split('"').skip(1).step_by(2);
    let single = source.split("count_dropped_content(\"").skip(1).filter_map(|rest| rest.split('"').next());
    let reasons: Vec<&str> = listed.chain(single).collect();
    assert_eq!(named, reasons);
}

#[test]
fn the_variables_of_pseudonyms_are_documented() {
    for name in [Pseudonymizer::KEY_VARIABLE, Pseudonymizer::KEY_FILE_VARIABLE, Pseudonymizer::KEY_ID_VARIABLE] {
        assert!(guide_text().contains(&format!("`{name}`")), "{name}");
    }
}

/// The redactor does not find the texts that the page documents as not found, so the list is not too long.
#[test]
fn texts_documented_as_not_found_are_not_found() {
    let redactor = Redactor::new();
    for text in [
        "Jane Doe of 12 Elm Street, Springfield",
        "the password is strawberry",
        "four two four two four two four two",
        "order 4242424242424242",
        "version 1.2.3.4",
        "at 127.0.0.1 and ::1",
        "550e8400-e29b-41d4-a716-446655440000",
        "passport C01X00T47",
        "030 23125 000",
        "1990-04-17",
        "amFuZUBleGFtcGxlLm9yZw==",
        "my key is sk-ant-api03-a8F3kP",
        "2001%3Adb8%3A%3A8a2e%3A370%3A7334",
        "born on 17%20April%201990",
        "%28415%29%20555-0132",
        "\\u003ccall 020 7946 0958",
        "\\u0070\\u0061ssword=hunter2",
    ] {
        assert_eq!(redactor.redact(text), text);
    }
}

#[test]
fn texts_documented_as_found_are_found() {
    let redactor = Redactor::new();
    for (text, expected) in [
        ("それはjane@example.orgです", "それは[EMAIL]です"),
        ("jane [at] example [dot] org", "[EMAIL]"),
        ("the token is a8F3kP0q", "the token is [SECRET]"),
        ("card 4242 4242 4242 4242", "card [CARD]"),
        ("curl -u jane:hunter2 https://example.org", "curl -u [SECRET] https://example.org"),
        ("born on 17.04.1990", "born on [DATE_OF_BIRTH]"),
        ("\x1b[32mjane@example.org\x1b[0m", "\x1b[32m[EMAIL]\x1b[0m"),
        ("\\u001b[32mpassword=hunter2\\u001b[0m", "\\u001b[32mpassword=[SECRET]\\u001b[0m"),
        ("password%3Dhunter2 &quot;jane&#64;example.org&quot;", "password%3D[SECRET] &quot;[EMAIL]&quot;"),
        ("postgres:\\/\\/app:s3cr3t@db.example.com", "postgres:\\/\\/[URL_CREDENTIAL]@db.example.com"),
        ("password=ab3cde;fgh", "password=[SECRET];fgh"),
    ] {
        assert_eq!(redactor.redact(text), expected);
    }
    let mut value = serde_json::json!({"password": "open sesame"});
    redactor.redact_json(&mut value);
    assert_eq!(value, serde_json::json!({"password": "[SECRET]"}));
}

#[test]
fn every_attribute_of_a_class_is_listed() {
    let guide_text = guide_text();
    let source = fs::read_to_string(workspace_root().join("llmobs/src/content/sensitivity.rs")).unwrap();
    for (class, class_name) in [(Sensitivity::Content, "Content"), (Sensitivity::Identity, "Identity")] {
        let (_, list) = guide_text.split_once(&format!("**{class_name}**: ")).unwrap();
        let listed: BTreeSet<&str> = code_spans(list.split_once("\n\n").unwrap().0).into_iter().collect();
        for name in &listed {
            assert_eq!(Sensitivity::of_attribute(name), Some(class), "{name}");
        }
        let rows = source
            .lines()
            .filter(|line| line.trim_start().starts_with('(') && line.ends_with(&format!(", {class_name}),")));
        assert_eq!(listed.len(), rows.count(), "{class_name}");
    }
}

/// Returns the lines of a layer that prints every span and event which its directives allow, and the exported spans.
fn printed_and_exported(capture: ContentCapture, directives: &str) -> (String, String) {
    let lines = TextBuffer::default();
    let writer = lines.clone();
    let printed = tracing_subscriber::fmt::layer().with_span_events(FmtSpan::FULL).with_writer(move || writer.clone());
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter.clone()).build();
    let subscriber = tracing_subscriber::registry()
        .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("test")))
        .with(printed.with_filter(EnvFilter::new(directives)));
    tracing::subscriber::with_default(subscriber, || {
        let observer = Observer::builder().model("m").capture(capture).build().unwrap();
        let tool = observer.execute_tool("weather").start();
        tool.arguments(|| serde_json::json!({"city": "canary in Paris"}));
        tool.complete();
        let operation = observer.chat("m").stop_sequences(&["canary as a stop"]).start();
        operation.marker().input(|| "canary as a prompt");
        operation.marker().output_text(0, "canary as an answer");
        operation.fail(Failure::new(ErrorType::Inference).message("canary as an error"));
    });
    (lines.text(), format!("{:?}", exporter.get_finished_spans().unwrap()))
}

#[test]
fn a_layer_that_prints_spans_has_no_content() {
    let (lines, spans) = printed_and_exported(ContentCapture::Spans, "trace");
    assert!(lines.contains("llm_request_complete") && lines.contains("execute_tool weather"), "{lines}");
    assert!(!lines.contains("canary"), "{lines}");
    for content in ["in Paris", "as a stop", "as a prompt", "as an answer"] {
        assert!(spans.contains(content), "{content}");
    }
    assert!(!spans.contains("as an error"));
}

#[test]
fn a_layer_that_prints_events_excludes_conversations_by_their_target() {
    let directives = "debug,llmobs::content=off";
    assert!(guide_text().contains(&format!("`{directives}`")));
    for directives in [directives, "info"] {
        let (lines, spans) = printed_and_exported(ContentCapture::Events, directives);
        assert!(lines.contains("llm_request_complete") && lines.contains("canary as an error"), "{lines}");
        for content in ["as a prompt", "as an answer", "in Paris", "as a stop"] {
            assert!(!lines.contains(content), "{lines}");
        }
        assert!(!spans.contains("canary"), "{spans}");
    }
    let (lines, _) = printed_and_exported(ContentCapture::Events, "debug");
    assert!(lines.contains("as a prompt") && lines.contains("as an answer"), "{lines}");
}

#[test]
fn no_content_is_exported_at_any_level_where_capture_is_off() {
    let (lines, spans) = printed_and_exported(ContentCapture::Off, "trace");
    assert!(lines.contains("llm_request_complete") && spans.contains("gen_ai.request.model"), "{lines}");
    assert!(!lines.contains("canary") && !spans.contains("canary"));
}

/// The collector configuration on the page deletes every attribute with content, as a second line of defence.
#[test]
fn the_collector_deletes_every_attribute_that_has_content() {
    let guide_text = guide_text();
    let deleted: BTreeSet<&str> = guide_text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- {key: ")?.strip_suffix(", action: delete}"))
        .collect();
    let mut written = BTreeSet::new();
    let rows = table("Where content appears");
    for name in rows.iter().filter(|row| !row[0].contains("_ref")).flat_map(|row| code_spans(&row[0])) {
        // The cell contains the event's name in brackets, which is not an attribute.
        if Sensitivity::of_attribute(name).is_some() {
            written.insert(name);
        }
    }
    assert_eq!(deleted, written);
    assert!(deleted.iter().all(|name| Sensitivity::of_attribute(name) == Some(Sensitivity::Content)));
}

#[test]
fn every_link_has_a_target() {
    let guide_text = guide_text();
    let anchor = |heading: &str| {
        let words = heading.trim_start_matches('#').trim().to_lowercase();
        words
            .chars()
            .filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign))
            .collect::<String>()
            .replace(' ', "-")
    };
    let links: Vec<&str> = guide_text.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(links.len() > 20);
    for link in links {
        let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
        let path = match file.split_once("crate::guide::").or(file.split_once("/blob/main/")) {
            _ if file.is_empty() => "llmobs/docs/guide/privacy.md".to_owned(),
            Some(("", "macros")) => "llmobs/docs/guide/macro.md".to_owned(),
            Some(("", page)) => format!("llmobs/docs/guide/{page}.md"),
            Some((_, path)) => path.to_owned(),
            None => continue, // an item, which rustdoc resolves
        };
        let text = fs::read_to_string(workspace_root().join(path)).unwrap_or_else(|_| panic!("{link}"));
        let found = text.lines().filter(|line| line.starts_with('#')).any(|line| anchor(line) == fragment);
        assert!(fragment.is_empty() || found, "{link}");
    }
}
