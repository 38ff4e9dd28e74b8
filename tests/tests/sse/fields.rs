//! The tables of `docs/streams/`: each row says truly whether the decoder reads the field.
//!
//! Each provider has answers of our own making in `shapes/`, which contain every field of its table; those in
//! `shapes/openai-shared` are of all providers with the dialect `OpenAi`. A field is read if an answer decodes to other
//! events or other content without the field, with another value, or without the field where it is the only one of its
//! object (some fields matter only if another is missing).

use std::fs;
use std::path::Path;

use llmobs::Observer;
use llmobs::content::Message;
use llmobs::sse::Decoder;
use llmobs::sse::Dialect;
use llmobs::sse::Event;
use llmobs::sse::parse_output;
use llmobs::sse::parse_response;
use serde_json::Value;

use crate::capturing_backend::CapturingBackend;

/// One row of a table.
struct Row {
    /// The event whose data contains the field; `None` if any frame may contain it.
    event: Option<String>,
    path: Vec<String>,
    is_read: bool,
}

/// The table of one provider.
struct Table {
    dialect: Option<Dialect>,
    rows: Vec<Row>,
}

impl Table {
    /// Reads a table: `` | `{event} path` | type | meaning | yes | `` or `no: reason`.
    fn parse(text: &str) -> Self {
        let dialect = text.lines().find_map(|line| line.strip_prefix("Dialect: ")).expect("a line names the dialect");
        let dialect = match dialect.trim_end_matches('.') {
            "`Anthropic`" => Some(Dialect::Anthropic),
            "`Gemini`" => Some(Dialect::Gemini),
            "`Ollama`" => Some(Dialect::Ollama),
            "`OpenAi`" => Some(Dialect::OpenAi),
            other => {
                assert!(other.starts_with("none"), "{other}");
                None
            }
        };
        let rows = text.lines().filter_map(|line| line.strip_prefix("| `")).map(Row::parse).collect();
        Self { dialect, rows }
    }
}

impl Row {
    fn parse(line: &str) -> Self {
        let (field, rest) = line.split_once("` |").expect("a field");
        let read = rest.trim_end().trim_end_matches('|').rsplit('|').next().expect("a last column").trim();
        let is_read = read == "yes";
        assert!(is_read || read.len() > "no: ".len() && read.starts_with("no: "), "{line}: no reason");
        let (event, path) = match field.strip_prefix('{') {
            Some(rest) => rest.split_once("} ").map(|(event, path)| (Some(event.to_owned()), path)).expect("an event"),
            None => (None, field),
        };
        Self { event, path: split_path(path), is_read }
    }
}

impl Row {
    /// Returns whether a frame belongs to the event of the row.
    fn is_of_event(&self, event: Option<&str>, json: &Value) -> bool {
        let Some(expected) = self.event.as_deref() else { return true };
        event == Some(expected) || json["type"].as_str() == Some(expected)
    }

    /// Returns whether the decoder reads the field of an answer; `None` if the answer does not contain it.
    fn is_read_from(&self, answer: &Answer, read: &dyn Fn(&str) -> Reading) -> Option<bool> {
        let original = answer.with(self, &|_| true)?;
        let without = answer.with(self, &|json| remove(json, &self.path))?;
        let original = read(&original);
        if read(&without) != original {
            return Some(true);
        }
        if answer.with(self, &|json| replace(json, &self.path)).is_some_and(|other| read(&other) != original) {
            return Some(true);
        }
        let alone = answer.with(self, &|json| isolate(json, &self.path))?;
        let removed = answer.with(self, &|json| isolate(json, &self.path) && remove(json, &self.path))?;
        Some(read(&alone) != read(&removed))
    }
}

/// Splits `choices[].delta.content` into `choices`, `[]`, `delta` and `content`.
fn split_path(path: &str) -> Vec<String> {
    let names = path.split('.').flat_map(|name| {
        let field = name.trim_end_matches("[]");
        [Some(field).filter(|field| !field.is_empty())]
            .into_iter()
            .chain(vec![Some("[]"); (name.len() - field.len()) / 2])
    });
    names.flatten().map(str::to_owned).collect()
}

/// An answer as text, or as JSON frames between the other lines.
enum Answer {
    Body(Value),
    Lines(Vec<Line>),
}

enum Line {
    Other(String),
    /// The text before the JSON, the name of the event, and the JSON.
    Json(String, Option<String>, Value),
}

impl Answer {
    fn parse(name: &str, text: &str) -> Self {
        if name.ends_with(".json") {
            return Self::Body(serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}")));
        }
        let mut event = None;
        let mut lines = Vec::new();
        for line in text.lines() {
            event = line.strip_prefix("event:").map(|name| name.trim().to_owned()).or(event);
            let json_at = ["data:", "error:", ""]
                .iter()
                .find(|prefix| line.starts_with(**prefix))
                .map_or(0, |prefix| prefix.len());
            lines.push(match serde_json::from_str::<Value>(&line[json_at..]) {
                Ok(json) if json.is_object() => Line::Json(line[..json_at].to_owned(), event.clone(), json),
                _ => Line::Other(line.to_owned()),
            });
            if line.is_empty() {
                event = None;
            }
        }
        Self::Lines(lines)
    }

    /// Returns the answer with changed frames, or `None` if `change` finds nothing in any frame of the row's event.
    fn with(&self, row: &Row, change: &dyn Fn(&mut Value) -> bool) -> Option<String> {
        match self {
            Self::Body(json) if row.event.is_none() => {
                let mut json = json.clone();
                change(&mut json).then(|| json.to_string())
            }
            Self::Body(_) => None,
            Self::Lines(lines) => {
                let mut is_found = false;
                let text = lines.iter().map(|line| match line {
                    Line::Other(text) => format!("{text}\n"),
                    Line::Json(prefix, event, json) => {
                        let mut json = json.clone();
                        if row.is_of_event(event.as_deref(), &json) {
                            is_found |= change(&mut json);
                        }
                        format!("{prefix}{json}\n")
                    }
                });
                let text = text.collect();
                is_found.then_some(text)
            }
        }
    }
}

/// Calls `change` with every object or array that directly contains the field, and the last step of the path. Returns
/// whether there was one.
fn for_parents(value: &mut Value, path: &[String], change: &dyn Fn(&mut Value, &str) -> bool) -> bool {
    match (path, value) {
        ([last], parent) => change(parent, last),
        ([step, rest @ ..], Value::Array(items)) if step == "[]" => {
            items.iter_mut().fold(false, |found, item| for_parents(item, rest, change) | found)
        }
        ([step, rest @ ..], Value::Object(fields)) => {
            fields.get_mut(step).is_some_and(|field| for_parents(field, rest, change))
        }
        _ => false,
    }
}

fn remove(value: &mut Value, path: &[String]) -> bool {
    for_parents(value, path, &|parent, last| match parent {
        Value::Object(fields) => fields.remove(last).is_some(),
        Value::Array(items) if last == "[]" => !std::mem::take(items).is_empty(),
        _ => false,
    })
}

/// Replaces a text or a number by another one.
fn replace(value: &mut Value, path: &[String]) -> bool {
    for_parents(value, path, &|parent, last| match parent.get_mut(last) {
        Some(Value::String(text)) => {
            text.push('x');
            true
        }
        Some(number @ Value::Number(_)) => {
            *number = (number.as_u64().unwrap_or(0) + 1_000).into();
            true
        }
        _ => false,
    })
}

/// Removes all other fields below the first step of the path; for a field of the frame itself, all but those that
/// determine its kind.
fn isolate(value: &mut Value, path: &[String]) -> bool {
    let [first, rest @ ..] = path else { return false };
    match value {
        Value::Object(fields) if first != "[]" => {
            if rest.is_empty() {
                let tells_format = |name: &str, value: &Value| {
                    name == "object"
                        || name == "type"
                            && value.as_str().is_some_and(|kind| kind == "error" || kind.starts_with("response."))
                };
                fields.retain(|name, value| name == first || tells_format(name, value));
            }
            fields.get_mut(first).is_some_and(|field| rest.is_empty() || keep_only(field, rest))
        }
        _ => false,
    }
}

fn keep_only(value: &mut Value, path: &[String]) -> bool {
    let [first, rest @ ..] = path else { return true };
    match value {
        Value::Object(fields) => {
            fields.retain(|name, _| name == first);
            fields.get_mut(first).is_some_and(|field| keep_only(field, rest))
        }
        Value::Array(items) if first == "[]" => {
            items.iter_mut().fold(false, |found, item| keep_only(item, rest) | found)
        }
        _ => false,
    }
}

/// The events and the content that are read from an answer.
#[derive(PartialEq)]
struct Reading {
    events: String,
    content: Option<Value>,
    messages: Vec<Message>,
}

fn read(dialect: Dialect, name: &str, answer: &str, (backend, observer): &(CapturingBackend, Observer)) -> Reading {
    let bytes = answer.as_bytes();
    if name.ends_with(".json") {
        let events = format!("{:?}", parse_response(dialect, bytes));
        return Reading { events, content: None, messages: parse_output(dialect, bytes) };
    }
    let mut decoder = Decoder::new(dialect);
    let mut events = String::new();
    let mut on = |event: Event<'_>| events.push_str(&format!("{event:?} "));
    decoder.feed(bytes, &mut on);
    decoder.finish(&mut on);
    let content = backend.capture_stream(observer.chat("m").start(), dialect, [bytes]);
    Reading { events, content, messages: Vec::new() }
}

/// Returns the answers of one provider, with the names of their files.
pub fn answers(provider: &str) -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sse/shapes").join(provider);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let paths = files.map(|file| file.unwrap().path());
    let mut answers: Vec<_> = paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), fs::read_to_string(&path).unwrap()))
        .collect();
    answers.sort();
    answers
}

/// Returns the rows whose last column is not true.
fn wrong_rows(provider: &str, table: &Table, observed: &(CapturingBackend, Observer)) -> Vec<String> {
    let shared = if table.dialect == Some(Dialect::OpenAi) { answers("openai-shared") } else { Vec::new() };
    let answers: Vec<_> = answers(provider).into_iter().chain(shared).collect();
    let dialects = table.dialect.map_or(vec![Dialect::OpenAi, Dialect::Anthropic], |dialect| vec![dialect]);
    let mut wrong = Vec::new();
    for row in &table.rows {
        let states = dialects.iter().flat_map(|dialect| {
            answers.iter().filter_map(|(name, text)| {
                row.is_read_from(&Answer::parse(name, text), &|answer| read(*dialect, name, answer, observed))
            })
        });
        let states: Vec<bool> = states.collect();
        let state = match (states.is_empty(), states.contains(&true)) {
            (true, _) => "in no answer",
            (_, true) => "yes",
            (_, false) => "no",
        };
        if (state == "yes") != row.is_read || state == "in no answer" {
            let event = row.event.as_ref().map(|event| format!("{{{event}}} ")).unwrap_or_default();
            wrong.push(format!("{provider}\t{event}{}\t{state}", row.path.join(".").replace(".[]", "[]")));
        }
    }
    wrong
}

#[test]
fn each_row_of_the_tables_says_truly_whether_the_field_is_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/streams");
    let backend = CapturingBackend::new();
    let observer = backend.observer();
    let observed = (backend, observer);
    let (mut tables, mut rows, mut wrong) = (0, 0, Vec::new());
    for file in fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let provider = path.file_stem().unwrap().to_str().unwrap();
        if provider == "README" {
            continue;
        }
        let table = Table::parse(&fs::read_to_string(&path).unwrap());
        tables += 1;
        rows += table.rows.len();
        wrong.extend(wrong_rows(provider, &table, &observed));
    }
    assert!(wrong.is_empty(), "{} wrong rows:\n{}", wrong.len(), wrong.join("\n"));
    assert!(tables >= 20 && rows > 1_000, "{tables} tables, {rows} rows");
}
