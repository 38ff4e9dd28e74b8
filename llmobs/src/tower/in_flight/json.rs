//! The page for programs.

use std::fmt;

use super::waits_for;
use crate::observer::InFlight;

/// `{"in_flight":[...]}`, times in seconds.
pub(super) fn page(all: &[InFlight]) -> String {
    let rows: Vec<_> = all.iter().map(|operation| Row(operation).to_string()).collect();
    format!("{{\"in_flight\":[{}]}}\n", rows.join(","))
}

struct Row<'a>(&'a InFlight);

impl fmt::Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(operation) = self;
        write!(f, "{{\"operation\":{}", Text(&operation.operation))?;
        write!(f, ",\"provider\":{}", Text(&operation.provider))?;
        write!(f, ",\"model\":{}", Text(&operation.model))?;
        write!(f, ",\"state\":{}", Text(operation.state.as_str()))?;
        write!(f, ",\"waits_for\":{}", Text(waits_for(operation)))?;
        write!(f, ",\"age_seconds\":{:.3}", operation.age.as_secs_f64())?;
        write!(f, ",\"tokens\":{}", operation.tokens)?;
        match operation.rate.filter(|rate| rate.is_finite()) {
            Some(rate) => write!(f, ",\"tokens_per_second\":{rate:.1}")?,
            None => f.write_str(",\"tokens_per_second\":null")?,
        }
        write!(f, ",\"preemptions\":{}", operation.preemptions)?;
        match &operation.trace_id {
            Some(id) => write!(f, ",\"trace_id\":{}}}", Text(id)),
            None => f.write_str(",\"trace_id\":null}"),
        }
    }
}

/// A text as JSON has it.
struct Text<'a>(&'a str);

impl fmt::Display for Text<'_> {
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
    fn a_text_is_escaped() {
        assert_eq!(Text("a \"b\" \\ c\n\u{7f}ß").to_string(), r#""a \"b\" \\ c\u000a\u007fß""#);
    }
}
