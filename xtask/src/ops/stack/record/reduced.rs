//! The rows of a recorded page that are kept.

use std::collections::BTreeSet;
use std::fmt::Write;

/// Which of the rows that a rule reads are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// Those of operations with a request, without buckets.
    Used,
    /// These, and the buckets of the time to the first token.
    Buckets,
}

impl Keep {
    /// Returns the words for the header of each page.
    pub(super) const fn in_words(self) -> &'static str {
        match self {
            Self::Used => "without buckets, and without operations that have no request",
            Self::Buckets => "without operations that have no request, and with the buckets of one histogram",
        }
    }
}

/// The histogram whose buckets are kept.
const BUCKETS: &str = "llmobs_time_to_first_token_seconds_bucket";

/// The ending of rows whose value is a time: a test begins in 1970.
const TIME: &str = "_timestamp_seconds";

/// The label of the operation, as it is written in a row.
const OPERATION: &str = "gen_ai_operation_name=\"";

/// The counter that shows that an operation had a request.
const STARTED: &str = "llmobs_operation_started_total{";

/// Returns the kept rows of the three pages of a recording. A page that was not read has only the row `up`.
pub(super) fn rows(pages: [Option<&str>; 3], read: &BTreeSet<String>, keep: Keep) -> [String; 3] {
    let used: BTreeSet<&str> = pages.iter().flatten().flat_map(|page| page.lines()).filter_map(started).collect();
    let is_kept = |row: &str, name: &str| {
        let is_used = operation(row).is_none_or(|operation| used.contains(operation));
        let is_short = !name.ends_with("_bucket") || (keep == Keep::Buckets && name == BUCKETS);
        is_used && is_short && !name.ends_with(TIME)
    };
    pages.map(|page| {
        let mut text = format!("up {}\n", u8::from(page.is_some()));
        for row in page.into_iter().flat_map(str::lines) {
            let name = row.split(['{', ' ']).next().unwrap_or_default();
            if read.contains(name) && is_kept(row, name) {
                let _ = writeln!(text, "{row}");
            }
        }
        text
    })
}

/// Returns the operation of a row that counts at least one started operation.
fn started(row: &str) -> Option<&str> {
    let has_some = row.starts_with(STARTED) && !row.ends_with(" 0");
    operation(row).filter(|_| has_some)
}

fn operation(row: &str) -> Option<&str> {
    row.split_once(OPERATION)?.1.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHAT: &str = "llmobs_operation_started_total{gen_ai_operation_name=\"chat\"}";
    const UNUSED: &str = "llmobs_operation_started_total{gen_ai_operation_name=\"embeddings\"} 0";

    fn read() -> BTreeSet<String> {
        ["llmobs_operation_started_total", "x_bucket", "x_sum", "x_timestamp_seconds", BUCKETS]
            .map(str::to_owned)
            .into()
    }

    #[test]
    fn rows_that_rules_read_are_kept_without_buckets_times_and_unused_operations() {
        let rest = "x_bucket{le=\"1\"} 1\nx_sum 2\nx_timestamp_seconds 1780000000\nother 3";
        let before = format!("# TYPE x histogram\n{CHAT} 0\n{UNUSED}\n{rest}\n");
        let after = format!("{CHAT} 5\n{UNUSED}\n");
        let [before, after, gone] = rows([Some(&before), Some(&after), None], &read(), Keep::Used);
        assert_eq!(before, format!("up 1\n{CHAT} 0\nx_sum 2\n"));
        assert_eq!(after, format!("up 1\n{CHAT} 5\n"));
        assert_eq!(gone, "up 0\n");
    }

    #[test]
    fn a_recording_can_keep_the_buckets_of_one_histogram() {
        let bucket = |operation: &str| format!("{BUCKETS}{{gen_ai_operation_name=\"{operation}\",le=\"1\"}} 1");
        let (used, unused) = (bucket("chat"), bucket("embeddings"));
        let page = format!("{CHAT} 5\n{UNUSED}\n{used}\n{unused}\nx_bucket{{le=\"1\"}} 1\n");
        let [kept, ..] = rows([Some(&page); 3], &read(), Keep::Buckets);
        assert_eq!(kept, format!("up 1\n{CHAT} 5\n{used}\n"));
    }
}
