//! Checks whether telemetry would reach its collectors: reads the `OTEL_*` variables as the pipeline does, sends an
//! empty request to each collector, and prints the results and what to change.
//!
//! ```sh
//! OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 cargo run --release -p llmobs-examples --example otlp_check
//! ```
//!
//! Exit status: 0 if every collector accepted the request, 1 if a collector did not, 2 if the settings are invalid.

#![expect(clippy::print_stdout, reason = "the report is its output")]

use std::process::ExitCode;
use std::time::Duration;

/// Time limit of the check of all collectors together.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    match llmobs::otlp::builder().check(TOTAL_TIMEOUT) {
        Ok(report) => {
            println!("{report}");
            if report.is_ok() {
                println!("All collectors accepted the request.");
                return ExitCode::SUCCESS;
            }
            println!("Telemetry does not reach every collector.");
            ExitCode::from(1)
        }
        Err(error) => {
            println!("The settings are invalid: {error}");
            ExitCode::from(2)
        }
    }
}
