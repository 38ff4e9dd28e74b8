//! Test support.

use std::sync::LazyLock;

use super::DataKind;
use super::Redactor;

/// Returns the matches of the default redactor, with the matched text.
pub(super) fn find_all(text: &str) -> Vec<(DataKind, &str)> {
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);
    REDACTOR.find(text).into_iter().map(|finding| (finding.kind, &text[finding.range])).collect()
}
