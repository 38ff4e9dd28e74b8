//! A parser of the classic Prometheus text format, for the pages of llmobs. Panics on a type other than counter, gauge
//! and histogram, a family or label that is present twice, a sample outside of its family, a value that is not a
//! number, and a histogram whose buckets and count contradict each other.

use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

use llmobs::Observer;

use super::families::Families;
use super::families::Family;
use super::families::Histogram;
use super::families::Labels;
use super::families::MetricKind;
use super::families::Value;

/// Returns the metrics of an observer's page in the classic text format. Panics as [`parse`] does.
pub fn families(observer: &Observer) -> Families {
    parse(&llmobs::prometheus::page(observer, None).body)
}

/// Returns the body of the OpenMetrics page, the format that contains exemplars.
pub fn open_metrics(observer: &Observer) -> String {
    let page = llmobs::prometheus::page(observer, Some("application/openmetrics-text; version=1.0.0"));
    assert!(page.content_type.starts_with("application/openmetrics-text"));
    page.body
}

/// Returns the metrics of a page, with the counts of each bucket alone instead of the cumulative ones. Panics for the
/// reasons that the module names.
pub fn parse(page: &str) -> Families {
    let mut families = Families::new();
    let mut current = None;
    for line in page.lines() {
        if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let kind = match kind {
                "counter" => MetricKind::Counter,
                "gauge" => MetricKind::Gauge,
                "histogram" => MetricKind::Histogram,
                other => panic!("{name} has the unknown type {other}"),
            };
            let previous = families.insert(name.to_owned(), Family::new(kind));
            assert!(previous.is_none(), "the family {name} is present twice");
            current = Some(name.to_owned());
        } else if !line.is_empty() && !line.starts_with('#') {
            let (name, labels, value) = parse_sample(line);
            let family = current.as_ref().unwrap_or_else(|| panic!("{line} has no type"));
            let rest =
                name.strip_prefix(family.as_str()).unwrap_or_else(|| panic!("{line} does not belong to {family}"));
            add_sample(families.get_mut(family).unwrap(), rest, labels, value);
        }
    }
    families.values_mut().flat_map(|family| family.series.values_mut()).for_each(to_bucket_counts);
    families
}

fn add_sample(family: &mut Family, suffix: &str, mut labels: Labels, value: f64) {
    if family.kind != MetricKind::Histogram {
        assert_eq!(suffix, "", "a sample with a suffix");
        return family.insert(labels, Value::Number(value));
    }
    let bound = labels.remove("le");
    let series = family.series.entry(labels).or_insert_with(|| Value::Histogram(Histogram::default()));
    let Value::Histogram(histogram) = series else { unreachable!("all series of a family have one kind") };
    match (suffix, bound) {
        ("_count", None) => histogram.count = value as u64,
        ("_sum", None) => histogram.sum = value,
        ("_bucket", Some(bound)) => histogram.buckets.push((parse_number(&bound), value as u64)),
        other => panic!("{other:?} does not belong to a histogram"),
    }
}

/// Converts cumulative bucket counts into counts per bucket, and checks the invariants of the histogram.
fn to_bucket_counts(value: &mut Value) {
    let Value::Histogram(histogram) = value else { return };
    let mut below = 0;
    for (_, count) in &mut histogram.buckets {
        (*count, below) = (count.checked_sub(below).expect("cumulative counts do not decrease"), *count);
    }
    assert_eq!(histogram.count, below, "the last bucket counts every value");
    let (last, _) = histogram.buckets.last().expect("a histogram has buckets");
    assert!(last.is_infinite());
}

/// Returns the name, the labels and the value of one sample line. Panics if the line is malformed.
pub fn parse_sample(line: &str) -> (String, Labels, f64) {
    let name: String = line.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let mut rest = line[name.len()..].chars().peekable();
    let labels = if rest.next_if_eq(&'{').is_some() { parse_labels(&mut rest) } else { BTreeMap::new() };
    let value: String = rest.collect();
    (name, labels, parse_number(value.trim()))
}

fn parse_labels(rest: &mut Peekable<Chars<'_>>) -> Labels {
    let mut labels = BTreeMap::new();
    while rest.next_if_eq(&'}').is_none() {
        let name: String = std::iter::from_fn(|| rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_')).collect();
        assert!(!name.is_empty() && rest.next() == Some('=') && rest.next() == Some('"'), "a label is name=\"value\"");
        let mut value = String::new();
        loop {
            match rest.next().expect("a value ends in a quote") {
                '"' => break,
                '\\' => value.push(match rest.next() {
                    Some('n') => '\n',
                    Some(c @ ('\\' | '"')) => c,
                    other => panic!("\\{other:?} is not an escape"),
                }),
                c => value.push(c),
            }
        }
        assert!(labels.insert(name.clone(), value).is_none(), "the label {name} is present twice");
        let _ = rest.next_if_eq(&',');
    }
    labels
}

fn parse_number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        text => text.parse().unwrap_or_else(|_| panic!("{text:?} is not a number")),
    }
}
