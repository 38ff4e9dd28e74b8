//! The arguments with which `axum-chat` starts with a fault.

/// After the first token, the step of the second one does not end.
pub(super) const HUNG: [&str; 4] = ["--synthetic-token", "10m", "--deadline", "10m"];

/// The engine panics at the fourth token of each answer.
pub(super) const PANICS: [&str; 2] = ["--fail", "panic@4"];

/// Each token takes longer than the objective of 100 ms allows.
pub(super) const SLOW: [&str; 4] = ["--synthetic-token", "150ms", "--max-running", "32"];

/// One answer at a time, and 100 ms for each token.
pub(super) const QUEUE: [&str; 4] = ["--max-running", "1", "--synthetic-token", "100ms"];
