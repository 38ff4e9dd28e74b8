//! The in-flight page as JSON, for programs.

use std::fmt;

use super::waits_for;
use crate::observer::InFlight;

/// Returns `{"in_flight":[...]}`, with times in seconds.
pub(super) fn render(operations: &[InFlight]) -> String {
    let rows: Vec<_> = operations.iter().map(|operation| JsonOperation(operation).to_string()).collect();
    format!("{{\"in_flight\":[{}]}}\n", rows.join(","))
}

struct JsonOperation<'a>(&'a InFlight);

impl fmt::Display for JsonOperation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(operation) = self;
        write!(f, "{{\"operation\":{}", JsonString(&operation.operation))?;
        write!(f, ",\"provider\":{}", JsonString(&operation.provider))?;
        write!(f, ",\"model\":{}", JsonString(&operation.model))?;
        write!(f, ",\"state\":{}", JsonString(operation.state.as_str()))?;
        write!(f, ",\"waits_for\":{}", JsonString(waits_for(operation)))?;
        write!(f, ",\"age_seconds\":{:.3}", operation.age.as_secs_f64())?;
        write!(f, ",\"tokens\":{}", operation.tokens)?;
        match operation.tokens_per_second.filter(|rate| rate.is_finite()) {
            Some(rate) => write!(f, ",\"tokens_per_second\":{rate:.1}")?,
            None => f.write_str(",\"tokens_per_second\":null")?,
        }
        write!(f, ",\"preemptions\":{}", operation.preemptions)?;
        match &operation.trace_id {
            Some(id) => write!(f, ",\"trace_id\":{}}}", JsonString(id)),
            None => f.write_str(",\"trace_id\":null}"),
        }
    }
}

/// A text as a quoted and escaped JSON string.
struct JsonString<'a>(&'a str);

impl fmt::Display for JsonString<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"")?;
        for character in self.0.chars() {
            match character {
                '"' => f.write_str("\\\"")?,
                '\\' => f.write_str("\\\\")?,
                control if control.is_control() => write!(f, "\\u{:04x}", u32::from(control))?,
                other => write!(f, "{other}")?,
            }
        }
        f.write_str("\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(JsonString("a \"b\" \\ c\n\u{7f}ß").to_string(), r#""a \"b\" \\ c\u000a\u007fß""#);
    }
}
