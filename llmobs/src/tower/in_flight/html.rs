//! The in-flight page as HTML, for browsers.

use std::fmt;

use super::waits_for;
use crate::observer::InFlight;

/// The page loads no resources and runs no scripts.
pub(super) const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Returns the page: a table that the browser reloads every two seconds.
pub(super) fn render(operations: &[InFlight]) -> String {
    let rows: String = operations.iter().map(|operation| TableRow(operation).to_string()).collect();
    format!("{HEAD}<h1>In flight: {}</h1>\n<table>\n{COLUMNS}{rows}</table>\n", operations.len())
}

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<meta http-equiv=\"refresh\" content=\"2\">
<title>llmobs: in flight</title>
<style>
body { font: 14px sans-serif; margin: 2em }
table { border-collapse: collapse }
th, td { padding: .2em .8em; text-align: left; border-bottom: 1px solid #ccc }
td.number { text-align: right; font-variant-numeric: tabular-nums }
</style>
";

const COLUMNS: &str = "<tr><th>age, s<th>silence, s<th>state<th>waits for<th>operation<th>model<th>provider\
                       <th>tokens<th>tokens/s<th>preemptions<th>engine<th>tenant<th>trace</tr>\n";

struct TableRow<'a>(&'a InFlight);

impl fmt::Display for TableRow<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(operation) = self;
        write!(f, "<tr><td class=number>{:.3}", operation.age.as_secs_f64())?;
        write!(f, "<td class=number>{:.3}", operation.silence.as_secs_f64())?;
        write!(f, "<td>{}<td>{}", operation.state, waits_for(operation))?;
        for text in [&operation.operation, &operation.model, &operation.provider] {
            write!(f, "<td>{}", EscapedHtml(text))?;
        }
        write!(f, "<td class=number>{}<td class=number>", operation.tokens)?;
        if let Some(rate) = operation.tokens_per_second {
            write!(f, "{rate:.1}")?;
        }
        write!(f, "<td class=number>{}", operation.preemptions)?;
        for text in [&operation.engine_id, &operation.tenant] {
            write!(f, "<td>{}", EscapedHtml(text.as_deref().unwrap_or_default()))?;
        }
        writeln!(f, "<td><code>{}</code></tr>", operation.trace_id.as_deref().unwrap_or_default())
    }
}

/// A text with HTML's special characters escaped.
struct EscapedHtml<'a>(&'a str);

impl fmt::Display for EscapedHtml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => write!(f, "{other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn model_name_is_escaped() {
        let name = "<script>alert('1')</script>\"&";
        assert_eq!(EscapedHtml(name).to_string(), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&quot;&amp;");
    }
}
