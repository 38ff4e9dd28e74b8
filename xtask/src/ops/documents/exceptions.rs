//! Queries in pages that are not checked.

/// The page, the beginning of the query, and the reason.
pub(super) const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("docs/backends/influxdb.md", "SELECT non_negative_derivative(last(", "InfluxQL"),
    ("docs/backends/influxdb.md", "SELECT last(", "InfluxQL"),
    ("llmobs/docs/guide/labels.md", "topk(10, count by (__name__) ({job=", "counts the series of all names"),
    ("llmobs/docs/guide/privacy.md", "Content(up to 64 bytes)", "the text of a type"),
    ("llmobs/docs/guide/troubleshooting.md", "count by (job) ({__name__=~", "counts the series of all names"),
];
