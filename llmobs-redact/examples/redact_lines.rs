//! Redacts JSON lines from standard input to standard output, with the positions of the matches.
//!
//! ```text
//! $ echo '{"id": 1, "text": "I am jane@example.org"}' | cargo run --release -p llmobs-redact --example redact_lines
//! {"id":1,"spans":[{"end":21,"start":5,"type":"email"}],"text":"I am [EMAIL]"}
//! ```
//!
//! `start` and `end` are byte offsets into the input text. `llmobs/docs/guide/privacy.md` describes how to score with
//! them.

use std::error::Error;
use std::io;
use std::io::BufRead;
use std::io::BufWriter;
use std::io::IsTerminal;
use std::io::Write;

use llmobs_redact::Redactor;
use serde::Deserialize;
use serde_json::Value;
use serde_json::json;

#[derive(Deserialize)]
struct InputLine {
    /// Any JSON value; copied to the output.
    #[serde(default)]
    id: Value,
    text: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let input = io::stdin().lock();
    if input.is_terminal() {
        writeln!(io::stderr(), r#"Give JSON lines on standard input: {{"id": 1, "text": "I am jane@example.org"}}"#)?;
        return Ok(());
    }
    let redactor = Redactor::new();
    let mut output = BufWriter::new(io::stdout().lock());
    for (number, line) in input.lines().enumerate() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        // The message omits the line: its content may be sensitive.
        let InputLine { id, text } = serde_json::from_str(&line)
            .map_err(|error| format!("line {}: {:?} error", number + 1, error.classify()))?;
        let findings = redactor.find(&text);
        let spans = findings.iter().map(
            |finding| json!({"start": finding.range.start, "end": finding.range.end, "type": finding.kind.as_str()}),
        );
        let spans: Vec<Value> = spans.collect();
        writeln!(output, "{}", json!({"id": id, "text": redactor.redact(&text), "spans": spans}))?;
    }
    output.flush()?;
    Ok(())
}
