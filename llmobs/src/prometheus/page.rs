//! The metrics page and the choice of its format.

use prometheus_client::registry::Registry;

use super::classic::to_classic;
use crate::observer::Observer;

/// The content type of the classic text format, which every scraper and `promtool` can parse.
const CLASSIC_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The content type of OpenMetrics, the only text format with exemplars.
const OPEN_METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The response to a scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The value of the `Content-Type` header.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

/// Renders the metrics of an observer that owns its registry. The page of a disabled observer, and of one that was
/// built with the application's registry, contains no metrics; [`encode`] renders the application's registry. `accept`
/// is the value of the request's `Accept` header. The format is OpenMetrics 1.0.0 if the header names it with at least
/// the quality of `text/plain`; otherwise, also for `None` and `*/*`, it is the classic text format.
///
/// ```
/// use llmobs::Observer;
///
/// let observer = Observer::builder().model("m").build()?;
/// let page = llmobs::prometheus::page(&observer, None);
/// assert!(page.content_type.starts_with("text/plain"));
/// assert!(page.body.contains("llmobs_operation_started_total{"));
/// # Ok::<(), llmobs::BuildError>(())
/// ```
#[must_use]
pub fn page(observer: &Observer, accept: Option<&str>) -> Page {
    negotiate(observer.encode_open_metrics(), accept)
}

/// Renders the metrics of the application's own registry, with the same choice of format as [`page`]. If a metric or
/// collector of the application returns an error, the page ends there.
#[must_use]
pub fn encode(registry: &Registry, accept: Option<&str>) -> Page {
    let mut text = String::new();
    // Writing to a `String` cannot fail.
    let _ = prometheus_client::encoding::text::encode_registry(&mut text, registry);
    negotiate(text, accept)
}

/// Returns the page in the format that `accept` selects. `text` is OpenMetrics text without the final `# EOF` line.
fn negotiate(mut text: String, accept: Option<&str>) -> Page {
    if accept.is_some_and(prefers_open_metrics) {
        text.push_str("# EOF\n");
        return Page { content_type: OPEN_METRICS_CONTENT_TYPE, body: text };
    }
    let mut body = String::with_capacity(text.len());
    to_classic(&text, &mut body);
    Page { content_type: CLASSIC_CONTENT_TYPE, body }
}

/// Returns whether the `Accept` header names OpenMetrics, with version 1.0.0 or no version, with a quality above 0 that
/// is not less than the quality of `text/plain`. A type that the header does not name has quality 0; wildcards are
/// ignored. A quality that is not a number counts as 0.
fn prefers_open_metrics(accept: &str) -> bool {
    let (mut open_metrics_quality, mut classic_quality) = (0.0_f32, 0.0_f32);
    for media_range in accept.split(',') {
        let mut parameters = media_range.split(';').map(str::trim);
        let media_type = parameters.next().unwrap_or_default().to_ascii_lowercase();
        let (mut quality, mut version) = (1.0_f32, None);
        for parameter in parameters {
            match parameter.split_once('=') {
                Some(("q", value)) => quality = value.parse().unwrap_or(0.0),
                Some(("version", value)) => version = Some(value.trim_matches('"')),
                _ => {}
            }
        }
        match media_type.as_str() {
            "application/openmetrics-text" if version.is_none_or(|version| version == "1.0.0") => {
                open_metrics_quality = open_metrics_quality.max(quality);
            }
            "text/plain" => classic_quality = classic_quality.max(quality),
            _ => {}
        }
    }
    open_metrics_quality > 0.0 && open_metrics_quality >= classic_quality
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_used_only_if_the_accept_header_prefers_it() {
        for accept in [
            "",
            "*/*",
            "text/plain",
            "text/html",
            "application/openmetrics-text;version=0.0.1",
            "application/openmetrics-text;q=0",
        ] {
            assert!(!prefers_open_metrics(accept), "{accept}");
        }
        for accept in [
            "application/openmetrics-text",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
            "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
        ] {
            assert!(prefers_open_metrics(accept), "{accept}");
        }
        assert!(!prefers_open_metrics("text/plain;q=0.9,application/openmetrics-text;q=0.1"));
    }
}
