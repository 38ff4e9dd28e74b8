//! Tests of the recording rules in `docs/gpu.md`, which relate slow tokens to throttled clocks. `promtool` runs the
//! rules.

#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, reason = "a missing value must fail the test")]

use std::fs;
use std::io::ErrorKind;
use std::process::Command;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::StreamExt;
use llmobs::Chunk;
use llmobs::Observer;

/// One hour of data of three instances. The clocks of two instances are throttled in the second half hour. One of these
/// two has slow tokens (one in ten) only during that half, the other one all the time. The third is never throttled.
const HOUR: &str = r#"
rule_files: [rules.yml]
evaluation_interval: 30s
tests:
  - interval: 30s
    input_series:
      - series: 'llmobs_gpu_throttle_status{job="j", instance="hot", hw_id="G", llmobs_gpu_throttle_reason="thermal"}'
        values: '0x60 1x60'
      - series: 'llmobs_gpu_throttle_time_seconds_total{job="j", instance="hot", hw_id="G", llmobs_gpu_throttle_reason="thermal"}'
        values: '0x60 0+20x60'
      - series: 'llmobs_gpu_throttle_status{job="j", instance="even", hw_id="G", llmobs_gpu_throttle_reason="hw"}'
        values: '0x121'
      - series: 'llmobs_gpu_throttle_time_seconds_total{job="j", instance="even", hw_id="G", llmobs_gpu_throttle_reason="hw"}'
        values: '0x60 0+20x60'
      - series: 'llmobs_gpu_throttle_status{job="j", instance="cool", hw_id="G", llmobs_gpu_throttle_reason="thermal"}'
        values: '0x121'
      - series: 'llmobs_gpu_throttle_status{job="j", instance="cool", hw_id="G", llmobs_gpu_throttle_reason="capped"}'
        values: '1x121'
      - series: 'llmobs_gpu_throttle_time_seconds_total{job="j", instance="cool", hw_id="G", llmobs_gpu_throttle_reason="thermal"}'
        values: '0x121'
      - series: 'llmobs_inter_token_duration_seconds_count{job="j", instance="hot", gen_ai_request_model="m"}'
        values: '0+100x121'
      - series: 'llmobs_inter_token_duration_seconds_bucket{job="j", instance="hot", gen_ai_request_model="m", le="0.1"}'
        values: '0+100x60 6090+90x60'
      - series: 'llmobs_inter_token_duration_seconds_count{job="j", instance="even", gen_ai_request_model="m"}'
        values: '0+100x121'
      - series: 'llmobs_inter_token_duration_seconds_bucket{job="j", instance="even", gen_ai_request_model="m", le="0.1"}'
        values: '0+90x121'
      - series: 'llmobs_inter_token_duration_seconds_count{job="j", instance="cool", gen_ai_request_model="m"}'
        values: '0+100x121'
      - series: 'llmobs_inter_token_duration_seconds_bucket{job="j", instance="cool", gen_ai_request_model="m", le="0.1"}'
        values: '0+90x121'
    promql_expr_test:
      - expr: instance:llmobs_gpu_throttled:bool2m
        eval_time: 20m
        exp_samples:
          - {labels: 'instance:llmobs_gpu_throttled:bool2m{job="j", instance="cool"}', value: 0}
          - {labels: 'instance:llmobs_gpu_throttled:bool2m{job="j", instance="even"}', value: 0}
          - {labels: 'instance:llmobs_gpu_throttled:bool2m{job="j", instance="hot"}', value: 0}
      - expr: instance:llmobs_gpu_throttled:bool2m
        eval_time: 50m
        exp_samples:
          - {labels: 'instance:llmobs_gpu_throttled:bool2m{job="j", instance="cool"}', value: 0}
          - {labels: 'instance:llmobs_gpu_throttled:bool2m{job="j", instance="even"}', value: 1}
          - {labels: 'instance:llmobs_gpu_throttled:bool2m{job="j", instance="hot"}', value: 1}
      - expr: round(instance:llmobs_inter_token_slow:rate2m * 30)
        eval_time: 50m
        exp_samples:
          - {labels: '{job="j", instance="cool"}', value: 10}
          - {labels: '{job="j", instance="even"}', value: 10}
          - {labels: '{job="j", instance="hot"}', value: 10}
      - expr: round(instance:llmobs_inter_token_slow_when_throttled:lift1h, 0.1)
        eval_time: 60m
        exp_samples:
          - {labels: '{job="j", instance="even"}', value: 1}
          - {labels: '{job="j", instance="hot"}', value: 2}
"#;

fn document() -> String {
    fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/gpu.md")).unwrap()
}

/// Returns the rules as written in the document.
fn rules() -> String {
    let document = document();
    let (_, rest) = document.split_once("```yaml\n").unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

#[test]
fn the_rules_use_series_of_the_page() {
    let (clock, manual_clock) = llmobs::clock::Clock::manual();
    let observer = Observer::builder().clock(clock).model("m").build().unwrap();
    let chunks = futures_util::stream::iter(0..3).map(move |_| {
        manual_clock.advance(Duration::from_millis(80));
        Chunk::tokens(1)
    });
    let chunks = observer.chat("m").start().observe(chunks).collect::<Vec<_>>();
    assert_eq!(chunks.now_or_never().unwrap().len(), 3);
    let page = llmobs::prometheus::page(&observer, None).body;
    let rules = rules();
    assert!(page.lines().any(|line| {
        line.starts_with("llmobs_inter_token_duration_seconds_bucket{") && line.contains("le=\"0.1\"")
    }));
    for (name, suffix) in [("llmobs.gpu.throttle.status", ""), ("llmobs.gpu.throttle.time", "_total")] {
        let row = llmobs_gpu::ROWS.iter().find(|row| row.name == name).unwrap();
        let series = format!("({}{suffix}{{llmobs_gpu_throttle_reason=~", row.prometheus_name());
        assert!(rules.contains(&series), "{series}");
        assert!(row.attributes.contains(&"llmobs.gpu.throttle.reason"));
    }
    let document = document();
    let (_, query) = document.split_once("```promql\n").unwrap();
    for (name, label) in
        [("llmobs.token.processed", "llmobs.token.direction"), ("llmobs.gpu.energy.attributed", "llmobs.energy.kind")]
    {
        let mut rows = llmobs::catalog::ROWS.iter().chain(llmobs_gpu::ROWS.iter().copied());
        let row = rows.find(|row| row.name == name).unwrap();
        let series = format!("rate({}_total{{{}=\"", row.prometheus_name(), label.replace('.', "_"));
        assert!(query.contains(&series) && row.attributes.contains(&label), "{series}");
    }
}

#[test]
fn the_rules_distinguish_slow_tokens_during_throttling_from_others() {
    let directory = std::env::temp_dir().join(format!("llmobs-gpu-rules-{}", std::process::id()));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("rules.yml"), rules()).unwrap();
    fs::write(directory.join("hour.yml"), HOUR).unwrap();
    let output = Command::new("promtool").args(["test", "rules", "hour.yml"]).current_dir(&directory).output();
    fs::remove_dir_all(&directory).unwrap();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound && std::env::var_os("CI").is_none() => {
            println!("skipped, since promtool (of the Debian package prometheus) is not there");
            return;
        }
        Err(error) => panic!("promtool is needed, of the Debian package prometheus: {error}"),
    };
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
}
