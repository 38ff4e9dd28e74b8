//! Conversion of OpenMetrics text to the classic Prometheus text format (0.0.4).
//!
//! `prometheus-client` writes OpenMetrics. The conversion adds `_total` to the name of a counter and `_info` to the
//! name of an info metric in the lines `# HELP` and `# TYPE`, replaces the types that the classic format does not have
//! (`info` and `stateset` by `gauge`, `unknown` by `untyped`), and removes the units, the exemplars and the `# EOF`. A
//! counter of a view has the type `unknown` in OpenMetrics, because its name lacks `_total`, and `counter` here.

use crate::observer::Observer;
use crate::sink::prometheus::is_view_counter;

/// Appends the metrics of an observer to `page`, in the classic Prometheus text format. The page must be empty or end
/// with a line feed.
///
/// Appends nothing if the observer is disabled, or if it writes into a registry of the application, whose page contains
/// the metrics already.
///
/// ```
/// use llmobs::Observer;
///
/// let observer = Observer::builder().model("m").build()?;
/// let mut page = String::from("my_own_metric 1\n");
/// llmobs::prometheus::render_classic(&observer, &mut page);
/// assert!(page.starts_with("my_own_metric 1\n# HELP "));
/// # Ok::<(), llmobs::BuildError>(())
/// ```
pub fn render_classic(observer: &Observer, page: &mut String) {
    to_classic(&observer.encode_open_metrics(), page);
}

/// Converts OpenMetrics text to the classic format and appends it to `classic`. Samples without a `#` are most of a
/// page and are copied in blocks.
pub(super) fn to_classic(open_metrics: &str, classic: &mut String) {
    let mut help: Option<(&str, &str)> = None;
    let mut rest = open_metrics;
    while let Some(hash_at) = rest.find('#') {
        let line_start = rest[..hash_at].rfind('\n').map_or(0, |end| end + 1);
        classic.push_str(&rest[..line_start]);
        let (line, after) = rest[line_start..].split_once('\n').unwrap_or_else(|| (&rest[line_start..], ""));
        if line_start == hash_at {
            write_metadata(line, &mut help, classic);
        } else {
            push_line(classic, &[without_exemplar(line)]);
        }
        rest = after;
    }
    classic.push_str(rest);
}

fn write_metadata<'a>(line: &'a str, help: &mut Option<(&'a str, &'a str)>, classic: &mut String) {
    if let Some(rest) = line.strip_prefix("# HELP ") {
        *help = rest.split_once(' ');
    } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
        let (suffix, kind) = match kind {
            "counter" => ("_total", "counter"),
            "info" => ("_info", "gauge"),
            // A counter without the `_total` suffix, which OpenMetrics cannot express.
            "unknown" if is_view_counter(name) => ("", "counter"),
            "unknown" => ("", "untyped"),
            "stateset" => ("", "gauge"),
            kind => ("", kind),
        };
        if let Some((_, text)) = help.take_if(|(metric, _)| *metric == name) {
            push_line(classic, &["# HELP ", name, suffix, " ", text]);
        }
        push_line(classic, &["# TYPE ", name, suffix, " ", kind]);
    }
}

fn push_line(page: &mut String, parts: &[&str]) {
    page.extend(parts.iter().copied());
    page.push('\n');
}

/// Returns a sample without its exemplar, which follows a `#` outside of quoted label values:
/// `a_total{b="#"} 1 # {trace_id="x"} 1` becomes `a_total{b="#"} 1`.
fn without_exemplar(line: &str) -> &str {
    let (mut quoted, mut escaped) = (false, false);
    for (index, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'#' if !quoted => return line[..index].trim_end(),
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::DeviceValue;
    use crate::catalog::ValueOrigin;
    use crate::catalog::View;
    use crate::catalog::ViewMetric;

    #[test]
    fn counters_units_and_exemplars_are_converted() {
        let open_metrics = "# HELP a_seconds Time.\n# TYPE a_seconds histogram\n# UNIT a_seconds seconds\n\
            a_seconds_bucket{le=\"1.0\",m=\"x # \\\" {y}\"} 3 # {trace_id=\"ab\"} 0.5 1.0\n\
            # HELP b Things.\n# TYPE b counter\nb_total{m=\"#\"} 4\nb_total{m=\"x\"} 5\n# EOF\n";
        let mut classic = String::new();
        to_classic(open_metrics, &mut classic);
        assert_eq!(
            classic,
            "# HELP a_seconds Time.\n# TYPE a_seconds histogram\na_seconds_bucket{le=\"1.0\",m=\"x # \\\" {y}\"} 3\n\
             # HELP b_total Things.\n# TYPE b_total counter\nb_total{m=\"#\"} 4\nb_total{m=\"x\"} 5\n"
        );
    }

    static VIEW: View = View::new(
        "classic",
        &[],
        &[ViewMetric::counter("CLASSIC_ENERGY", "Energy.", ValueOrigin::Device(DeviceValue::new("energy")))],
    );

    #[test]
    fn counter_of_a_view_has_the_type_counter_even_with_a_prefix() {
        let _builder = Observer::builder().view(&VIEW);
        let name = "shop_CLASSIC_ENERGY";
        let mut classic = String::new();
        to_classic(
            &format!("# HELP {name} Energy.\n# TYPE {name} unknown\n{name} 7\n# TYPE b unknown\nb 1\n"),
            &mut classic,
        );
        assert_eq!(classic, format!("# HELP {name} Energy.\n# TYPE {name} counter\n{name} 7\n# TYPE b untyped\nb 1\n"));
    }
}
