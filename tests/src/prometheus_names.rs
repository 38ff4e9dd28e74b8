//! The OpenTelemetry-to-Prometheus naming rules, implemented from the specification ("Prometheus and OpenMetrics
//! compatibility") and independent of the llmobs code, so that the two can be compared.

use super::families::MetricKind;

/// Returns the name of a family in the classic format: with `_total` for a counter.
pub fn metric_name(otel: &str, unit: &str, kind: MetricKind) -> String {
    let name = sanitize(otel);
    // The suffix of a counter follows the unit and appears only once.
    let is_counter = kind == MetricKind::Counter;
    let mut name = name.strip_suffix("_total").filter(|_| is_counter).unwrap_or(&name).to_owned();
    if let Some(unit) = unit_suffix(unit, kind)
        && !name.split('_').any(|word| word == unit)
    {
        name = format!("{name}_{unit}");
    }
    if is_counter { name + "_total" } else { name }
}

/// Returns the name of a label.
pub fn label_name(otel: &str) -> String {
    // A label, unlike a metric, has no colon.
    let name = sanitize(&otel.replace(':', "_"));
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("key_{name}") } else { name }
}

/// Returns the name suffix of a unit, or `None` if the unit adds no suffix. Example: `s` adds `seconds`.
fn unit_suffix(unit: &str, kind: MetricKind) -> Option<String> {
    // An annotation in braces adds no suffix: `{token}`, and the end of `By{transmitted}`.
    let plain = unit.split('{').next().unwrap_or_default();
    let (over, per) = match plain.split_once('/') {
        Some((over, per)) => (over, Some(per)),
        None => (plain, None),
    };
    let word = match over {
        "" => None,
        "1" if kind == MetricKind::Gauge && per.is_none() => Some("ratio"),
        "1" => None,
        "d" => Some("days"),
        "h" => Some("hours"),
        "min" => Some("minutes"),
        "s" => Some("seconds"),
        "ms" => Some("milliseconds"),
        "us" => Some("microseconds"),
        "ns" => Some("nanoseconds"),
        "By" => Some("bytes"),
        "KiBy" => Some("kibibytes"),
        "MiBy" => Some("mebibytes"),
        "m" => Some("meters"),
        "V" => Some("volts"),
        "A" => Some("amperes"),
        "J" => Some("joules"),
        "W" => Some("watts"),
        "g" => Some("grams"),
        "Cel" => Some("celsius"),
        "Hz" => Some("hertz"),
        "%" => Some("percent"),
        other => Some(other),
    };
    let per = per.map(|per| match per {
        "s" => "per_second".to_owned(),
        "min" => "per_minute".to_owned(),
        "h" => "per_hour".to_owned(),
        other => format!("per_{other}"),
    });
    match (word, per) {
        (None, None) => None,
        (word, per) => Some([word.map(str::to_owned), per].into_iter().flatten().collect::<Vec<_>>().join("_")),
    }
}

/// Returns the name with only letters, digits, colons and single underscores.
fn sanitize(name: &str) -> String {
    let mut clean = String::with_capacity(name.len());
    for c in name.chars() {
        let c = if c.is_ascii_alphanumeric() || c == ':' { c } else { '_' };
        if c != '_' || !clean.ends_with('_') {
            clean.push(c);
        }
    }
    clean
}
