//! Checks whether telemetry would reach its collectors: reads the `OTEL_*` variables as the pipeline does, sends an
//! empty request to each collector, and prints the results and what to change.
//!
//! ```sh
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run --release -p llmobs-examples --example doctor
//! ```
//!
//! Exit status: 0 if every collector accepted the request, 1 if a collector did not, 2 if the settings are invalid.

#![expect(clippy::print_stdout, reason = "a doctor talks")]

use std::process::ExitCode;
use std::time::Duration;

/// Time limit of the check of all collectors together.
const LIMIT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match llmobs::otlp::builder().check(LIMIT) {
        Ok(report) => {
            println!("{report}");
            if report.is_ok() {
                println!("All is well.");
                return ExitCode::SUCCESS;
            }
            println!("Telemetry does not arrive.");
            ExitCode::from(1)
        }
        Err(error) => {
            println!("The settings cannot be used: {error}");
            ExitCode::from(2)
        }
    }
}
