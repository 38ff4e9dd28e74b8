//! Shows: the records of all calls as JSON lines in a file, for billing. The file is read and summed again, and the sums
//! equal the token counters and the costs of the metrics page.
//!
//! Run: `cargo run -p llmobs-examples --example usage_records`
//!
//! You will see: the calls, tokens and cost of each plan, summed from the file, and that they equal the page.

#![expect(clippy::print_stdout, reason = "an example prints what it does")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::File;
use std::io::BufRead;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::thread;

use llmobs::ErrorType;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::cost::Overlay;
use llmobs::cost::PriceBook;
use llmobs::cost::Usd;
use llmobs::record::Inclusion;
use llmobs::record::RecordFields;
use llmobs::record::Records;
use llmobs::semconv::value::AttemptKind;
use serde_json::Value;

/// The prices of the service, in US dollars per million tokens.
const PRICES: &str = r#"
[[price]]
provider = "llmobs"
model = { equals = "m" }
input = 0.15
output = 0.6
"#;

/// The calls, the input tokens, the output tokens, and the cost in nano-dollars.
type Sums = [u64; 4];

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let path = std::env::temp_dir().join(format!("llmobs-usage-{}.jsonl", std::process::id()));
    // The plan is a label of the application, which records omit unless they are to contain it.
    let (builder, records) = Observer::builder()
        .model("m")
        .provider("llmobs")
        .prices(PriceBook::empty().overlay(Overlay::from_toml(PRICES)?))
        .label("plan", ["free", "paid"])
        .record_fields(RecordFields::new().labels(Inclusion::Plain))
        .on_end_channel(10_000);
    let observer = builder.build()?;
    let writer = thread::spawn({
        let path = path.clone();
        move || write_lines(records, path)
    });

    serve_calls(&observer);
    let page = llmobs::prometheus::page(&observer, None).body;
    drop(observer); // the last clone closes the channel, and the writer ends
    writer.join().map_err(|_| "the writer panicked")??;

    let by_plan = sum_lines(&path)?;
    for (plan, [calls, input, output, cost]) in &by_plan {
        let cost = Usd::from_nanos(*cost);
        println!("{plan}: {calls} calls, {input} input tokens, {output} output tokens, {cost} US dollars");
    }
    let billed = by_plan.values().fold([0; 4], |all: Sums, sums| [0, 1, 2, 3].map(|index| all[index] + sums[index]));
    let counted = [
        page_sum(&page, "llmobs_operation_ended_total{", ""),
        page_sum(&page, "llmobs_token_processed_total{", r#"llmobs_token_direction="input""#),
        page_sum(&page, "llmobs_token_processed_total{", r#"llmobs_token_direction="output""#),
        page_nano_dollars(&page),
    ];
    assert_eq!(billed, counted, "the records and the page have the same sums");
    println!("equal to the metrics page: {counted:?}");
    std::fs::remove_file(&path)?;
    Ok(())
}

/// Serves calls of two plans, which end in every outcome.
fn serve_calls(observer: &Observer) {
    for index in 0..100_u32 {
        let plan = if index % 3 == 0 { "paid" } else { "free" };
        let operation = observer.chat("m").label("plan", plan).start();
        operation.marker().usage(Usage::new().input(100 + index).output(index));
        match index % 5 {
            0 => operation.fail(ErrorType::Inference),
            1 => drop(operation), // cancelled
            2 => operation.reject(ErrorType::Overloaded),
            3 => {
                // The tokens of the attempt before a retry were used too.
                operation.marker().record_attempt(AttemptKind::Retry);
                operation.marker().usage(Usage::new().input(100 + index).output(7));
                operation.complete();
            }
            _ => operation.complete(),
        }
    }
}

/// Writes each record as one line until the channel is closed. Returns an error if a record was lost.
fn write_lines(mut records: Records, path: PathBuf) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut file = BufWriter::new(File::create(path)?);
    for (expected, record) in (1..).zip(records.iter()) {
        if record.sequence() != expected {
            return Err(format!("records {expected} to {} are missing", record.sequence() - 1).into());
        }
        serde_json::to_writer(&mut file, &record)?;
        file.write_all(b"\n")?;
    }
    file.flush()?;
    match records.dropped().records {
        0 => Ok(()),
        dropped => Err(format!("{dropped} records were dropped").into()),
    }
}

/// Sums the lines of a file by plan.
fn sum_lines(path: &Path) -> Result<BTreeMap<String, Sums>, Box<dyn Error + Send + Sync>> {
    let mut by_plan = BTreeMap::<_, Sums>::new();
    for line in BufReader::new(File::open(path)?).lines() {
        let record: Value = serde_json::from_str(&line?)?;
        let number = |name: &str| record[name].as_u64().unwrap_or(0);
        let plan = record["llmobs.record.labels"]["plan"].as_str().unwrap_or("none").to_owned();
        let sums = by_plan.entry(plan).or_default();
        sums[0] += 1;
        sums[1] += number("gen_ai.usage.input_tokens") + number("llmobs.token.superseded.input");
        sums[2] += number("gen_ai.usage.output_tokens") + number("llmobs.token.superseded.output");
        sums[3] += number("llmobs.cost.nano_usd");
    }
    Ok(by_plan)
}

/// Returns the sum over those series of a counter whose line contains a label.
fn page_sum(page: &str, start: &str, label: &str) -> u64 {
    let lines = page.lines().filter(|line| line.starts_with(start) && line.contains(label));
    lines.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).sum()
}

/// Returns the sum of all costs. The page has dollars, as decimal numbers that are exact to the nano-dollar.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
fn page_nano_dollars(page: &str) -> u64 {
    let lines = page.lines().filter(|line| line.starts_with("llmobs_cost_usd_total{"));
    let dollars = lines.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok());
    dollars.map(|dollars| (dollars * 1e9).round() as u64).sum()
}
