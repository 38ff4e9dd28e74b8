//! What tests ask.

use std::sync::LazyLock;

use super::DataKind;
use super::Redactor;

/// What the default redactor finds, with the piece of the text.
pub(super) fn found(text: &str) -> Vec<(DataKind, &str)> {
    static REDACTOR: LazyLock<Redactor> = LazyLock::new(Redactor::new);
    REDACTOR.find(text).into_iter().map(|finding| (finding.kind, &text[finding.range])).collect()
}
