//! The redactor: what it finds in texts of others, what it leaves, and what holds of every text.

#[path = "../fuzz/src/redact.rs"]
mod fuzzed;
#[path = "redact/hostile.rs"]
mod hostile;
#[path = "redact/laws.rs"]
mod laws;
#[path = "redact/random.rs"]
mod random;
