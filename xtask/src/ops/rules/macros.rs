//! The macros of queries.
//!
//! `@grown(SERIES, WINDOW)` is the increase of a counter within the window, and for a series that began within it the value
//! itself: `increase` needs two samples, so it does not see the first event of a new series. A series counts as new only if
//! its process was scraped at the beginning of the window: otherwise the totals of all series would count when Prometheus
//! starts with an empty store, or if a gap in scraping lies at that moment. `llmobs_build_info` shows the process;
//! `@grown(SERIES, WINDOW, PROCESS)` names the series of a process without llmobs.

/// The series that every process with llmobs has from its start.
const PROCESS: &str = "llmobs_build_info";

/// Replaces all macros.
pub(crate) fn expand(query: &str) -> Result<String, String> {
    const START: &str = "@grown(";
    let mut text = query.trim().to_owned();
    while let Some(start) = text.find(START) {
        let rest = &text[start + START.len()..];
        let end = closing(rest).ok_or("`@grown(` is not closed")?;
        let (rest_of, last) = rest[..end].rsplit_once(',').ok_or("`@grown` needs a series and a window")?;
        let (series, window, process) = if is_duration(last.trim()) {
            (rest_of, last, PROCESS)
        } else {
            let (series, window) = rest_of.rsplit_once(',').ok_or("`@grown` needs a window before the process")?;
            (series, window, last)
        };
        let expanded = grown(series.trim(), window.trim(), process.trim());
        text = format!("{}{expanded}{}", &text[..start], &rest[end + 1..]);
    }
    Ok(text)
}

fn grown(series: &str, window: &str, process: &str) -> String {
    format!(
        "((({series} unless {series} offset {window}) and on (job, instance) {process} offset {window}) \
         or increase({series}[{window}]))"
    )
}

/// Returns whether a text is a duration, such as `10m`.
fn is_duration(text: &str) -> bool {
    let number = text.trim_end_matches(|letter: char| letter.is_ascii_lowercase());
    !number.is_empty() && number.len() < text.len() && number.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the index of the parenthesis that closes the one before `text`.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, letter) in text.char_indices() {
        match letter {
            '(' => depth += 1,
            ')' if depth == 0 => return Some(index),
            ')' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grown_contains_the_increase_and_the_first_value() {
        let text = expand("sum(@grown(x_total{a=~\"(b)\"}, 10m)) > 0").unwrap();
        assert!(text.starts_with("sum(((("), "{text}");
        assert!(text.contains("increase(x_total{a=~\"(b)\"}[10m])"), "{text}");
        assert!(text.contains("unless x_total{a=~\"(b)\"} offset 10m)"), "{text}");
        assert!(text.ends_with(") > 0"), "{text}");
    }

    #[test]
    fn the_process_is_one_with_llmobs_or_that_of_the_third_argument() {
        assert!(
            expand("@grown(x{a=\"1\",b=\"2\"}, 10m)")
                .unwrap()
                .contains("(job, instance) llmobs_build_info offset 10m)")
        );
        let text = expand("@grown(x{a=\"1\",b=\"2\"}, 10m, y_total)").unwrap();
        assert!(text.contains("unless x{a=\"1\",b=\"2\"} offset 10m)"), "{text}");
        assert!(text.contains("and on (job, instance) y_total offset 10m)"), "{text}");
        assert!(!text.contains("llmobs"), "{text}");
    }

    #[test]
    fn a_wrong_macro_is_an_error() {
        assert!(expand("@grown(x, 5m").is_err());
        assert!(expand("@grown(x)").is_err());
        assert!(expand("@grown(x, y_total)").is_err());
    }
}
