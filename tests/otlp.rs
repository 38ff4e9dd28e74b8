//! The pipeline against a collector in the test's process, which accepts both protocols or fails in chosen ways.

mod support;

#[path = "otlp/arriving.rs"]
mod arriving;
#[path = "otlp/books.rs"]
mod books;
#[path = "otlp/content.rs"]
mod content;
#[path = "otlp/doctor.rs"]
mod doctor;
#[path = "otlp/failing.rs"]
mod failing;
#[path = "otlp/feedback.rs"]
mod feedback;
#[path = "otlp/kit.rs"]
mod kit;
#[path = "otlp/recovery.rs"]
mod recovery;
#[path = "otlp/runtimes.rs"]
mod runtimes;
#[path = "otlp/self_rows.rs"]
mod self_rows;
#[path = "otlp/tail.rs"]
mod tail;
#[path = "otlp/tls.rs"]
mod tls;
#[path = "otlp/variables.rs"]
mod variables;
