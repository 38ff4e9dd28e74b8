//! The rules and routes of the kit with windows that are [`FACTOR`] times as short, so that a test sees in seconds what an
//! operator sees in minutes.
//!
//! Only these parts of the texts are rewritten:
//!
//! 1. Each duration (`[5m]`, `[30d:1h]`, `offset 10m`, `for: 1m`, `interval: 30s`) is divided by the factor.
//! 2. So is each number that stands for a duration: those of [`SECONDS`].
//!
//! Counts, shares and thresholds in other units remain.

/// The factor: a minute becomes two seconds.
pub(super) const FACTOR: u64 = 30;

/// Numbers of seconds in queries: the file, the text and its replacement. The first two convert a rate per second into the
/// events between two evaluations, and the growth of an hour into a rate; the others are ages.
const SECONDS: [(&str, &str, &str); 5] = [
    ("objectives.yml", "60 * sum_over_time(", "2 * sum_over_time("),
    ("money.yml", "/ 3600", "/ 120"),
    ("engine.yml", "(llmobs_engine_step_age_seconds) > 30", "(llmobs_engine_step_age_seconds) > 1"),
    (
        "serving.yml",
        "{llmobs_operation_state=~\"decode|streaming\"}\n          ) > 60",
        "{llmobs_operation_state=~\"decode|streaming\"}\n          ) > 2",
    ),
    ("serving.yml", "(llmobs_operation_oldest_age_seconds) > 60", "(llmobs_operation_oldest_age_seconds) > 2"),
];

/// Returns a file of rules with short windows.
pub(super) fn rules(file: &str, text: &str) -> Result<String, String> {
    let mut text = text.to_owned();
    for (_, long, short) in SECONDS.iter().filter(|(name, ..)| *name == file) {
        if !text.contains(long) {
            return Err(format!("{file} has no `{long}`: adapt the list of xtask/src/ops/stack/shortened.rs"));
        }
        text = text.replace(long, short);
    }
    Ok(lines(&text, |line| !line.trim_start().starts_with("summary:")))
}

/// Returns the configuration of Alertmanager with short waits.
pub(super) fn routes(text: &str) -> String {
    let is_wait =
        |line: &str| ["group_wait:", "group_interval:", "repeat_interval:"].iter().any(|name| line.contains(name));
    lines(text, is_wait)
}

/// Shortens the durations of the lines that are `chosen`.
fn lines(text: &str, chosen: impl Fn(&str) -> bool) -> String {
    let shorten = |line: &str| if chosen(line) { durations(line) } else { line.to_owned() };
    text.lines().map(|line| shorten(line) + "\n").collect()
}

/// Divides each duration of a line. A part of a name, such as the end of `rate5m`, is not a duration.
fn durations(line: &str) -> String {
    let mut result = String::new();
    let mut rest = line;
    while let Some(start) = rest.find(|char: char| char.is_ascii_alphanumeric() || "_.:".contains(char)) {
        let (before, word) = rest.split_at(start);
        // A colon ends a duration of a subquery and is a part of a name.
        let ends = |char: char| !char.is_ascii_alphanumeric() && char != '_' && char != '.' && char != ':';
        let (word, after) = word.split_at(word.find(ends).unwrap_or(word.len()));
        result += before;
        let parts: Vec<_> = word.split(':').collect();
        let is_name = parts.iter().any(|part| !part.is_empty() && milliseconds(part).is_none());
        if is_name {
            result += word;
        } else {
            let short = |part: &&str| milliseconds(part).map_or_else(String::new, |number| written(number / FACTOR));
            result += &parts.iter().map(short).collect::<Vec<_>>().join(":");
        }
        rest = after;
    }
    result + rest
}

/// Returns the milliseconds of a duration of one unit, such as `5m`.
fn milliseconds(text: &str) -> Option<u64> {
    let unit = text.find(|char: char| !char.is_ascii_digit())?;
    let number: u64 = text[..unit].parse().ok()?;
    let factor = match &text[unit..] {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        "w" => 604_800_000,
        _ => return None,
    };
    Some(number * factor)
}

fn written(milliseconds: u64) -> String {
    match milliseconds % 1_000 {
        0 => format!("{}s", milliseconds / 1_000),
        _ => format!("{milliseconds}ms"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::stack::kit;

    #[test]
    fn durations_are_shortened_and_names_are_not() {
        for (long, short) in [
            ("x:rate5m[5m] offset 10m", "x:rate5m[10s] offset 20s"),
            ("  - interval: 30s", "  - interval: 1s"),
            ("a[30d:1h] > 5", "a[86400s:120s] > 5"),
            ("group_wait: 10s", "group_wait: 333ms"),
            ("{le=\"30\",a=~\"hung|no_device\"} >= 10", "{le=\"30\",a=~\"hung|no_device\"} >= 10"),
            ("for: 1m", "for: 2s"),
            ("repeat_interval: 0s", "repeat_interval: 0s"),
        ] {
            assert_eq!(durations(long), short);
        }
    }

    #[test]
    fn no_long_window_is_left_in_an_alert_that_pages() {
        for file in ["engine.yml", "gpu.yml", "money.yml", "objectives.yml", "pipeline.yml", "serving.yml"] {
            let text = rules(file, &kit::read(&format!("prometheus/rules/{file}")).unwrap()).unwrap();
            for alert in text.split("- alert: ").filter(|alert| alert.contains("severity: page")) {
                let alert = alert.split("annotations:").next().unwrap();
                for age in ["_seconds) > 30", "_seconds) > 60", ") > 60"] {
                    assert!(!alert.contains(age), "{file} {alert}");
                }
            }
            for window in ["[5m]", "[10m]", "[30m]", "[1h]", "[1d]", "offset 10m", "for: 1m", "for: 5m", "interval: 1m"]
            {
                assert!(!text.contains(window), "{file} {window}");
            }
        }
    }

    #[test]
    fn a_number_that_is_not_found_is_an_error() {
        assert!(rules("engine.yml", "groups: []").is_err_and(|error| error.contains("step_age")));
    }

    #[test]
    fn summaries_and_comments_of_routes_remain() {
        assert_eq!(
            lines("summary: 'in 5m'\nfor: 1m", |line| !line.starts_with("summary:")),
            "summary: 'in 5m'\nfor: 2s\n"
        );
        assert_eq!(routes("# for 5m\ngroup_wait: 5m"), "# for 5m\ngroup_wait: 10s\n");
    }
}
