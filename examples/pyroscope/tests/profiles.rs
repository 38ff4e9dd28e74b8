//! Runs the example and reads the profiles that it sends.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a test may fail, and prints what it measured")]

use std::collections::BTreeMap;
use std::process::Command;

use pyroscope_phases::profiler::PHASE_TAG;
use pyroscope_phases::profiler::SPAN_TAG;
use pyroscope_phases::receiver::Receiver;
use pyroscope_phases::receiver::Samples;

const PHASES: [&str; 3] = ["tokenize", "prefill", "decode"];

/// Runs the example with this server; returns its output.
fn run(server: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pyroscope-phases"));
    command.env_remove("PYROSCOPE_URL").envs(server.map(|url| ("PYROSCOPE_URL", url)));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    println!("{text}");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn nanoseconds<'a>(samples: impl Iterator<Item = &'a Samples>) -> i64 {
    samples.map(|sample| sample.nanoseconds).sum()
}

/// Returns whether the function of a phase is on the stack. Its name has no path where the program has debug information.
fn runs(sample: &Samples, phase: &str) -> bool {
    sample.functions.iter().any(|function| function.rsplit("::").next() == Some(phase))
}

#[test]
fn the_samples_of_each_phase_arrive_with_its_tag_and_those_of_the_span_with_its_id() {
    let receiver = Receiver::start().unwrap();
    let output = run(Some(receiver.url()));
    let samples = receiver.samples();
    assert!(samples.iter().all(|sample| sample.label("service_name") == Some("pyroscope-phases")));

    let mut times = BTreeMap::new();
    for phase in PHASES {
        let of_phase = || samples.iter().filter(|sample| sample.label(PHASE_TAG) == Some(phase));
        times.insert(phase, nanoseconds(of_phase()));
        for sample in of_phase() {
            let wrong = PHASES.iter().find(|other| **other != phase && runs(sample, other));
            assert_eq!(wrong, None, "the tag {phase} is on the stack {:?}", sample.functions);
        }
        let running = nanoseconds(of_phase().filter(|sample| runs(sample, phase)));
        assert!(running * 2 > times[phase], "{phase}: {running} ns of {} ns in its function", times[phase]);
    }
    println!("{times:?}");
    assert!(times.values().all(|time| *time > 0), "a phase without samples: {times:?}");
    let most = times.iter().max_by_key(|(_, time)| **time);
    assert_eq!(most.map(|(phase, _)| *phase), Some("decode"), "{times:?}");

    let line = output.lines().find(|line| line.starts_with("span ")).unwrap();
    let id = line.rsplit_once("pyroscope.profile.id=").unwrap().1;
    assert!(id.len() == 16 && id.chars().all(|digit| digit.is_ascii_hexdigit()), "{line}");
    let of_phases = samples.iter().filter(|sample| sample.label(PHASE_TAG).is_some());
    assert!(of_phases.clone().all(|sample| sample.label(SPAN_TAG) == Some(id)), "{id}");
}

#[test]
fn without_a_server_the_example_prints_the_share_of_each_phase() {
    let output = run(None);
    let row = |phase: &str| {
        let row = output.lines().find(|line| line.split_whitespace().next() == Some(phase));
        row.unwrap_or_else(|| panic!("no row {phase} in {output}")).to_owned()
    };
    for phase in PHASES {
        let milliseconds: u64 = row(phase).split_whitespace().nth(1).unwrap().parse().unwrap();
        assert!(milliseconds > 0, "{}", row(phase));
        assert!(output.contains(&format!("llmobs_phase_name=\"{phase}\"")), "{output}");
    }
    let first = output.lines().skip_while(|line| !line.starts_with(PHASE_TAG)).nth(1);
    assert_eq!(first, Some(row("decode").as_str()), "the phase with the most samples is first");
}

#[test]
fn a_server_that_does_not_answer_does_not_stop_the_service() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let output = run(Some(&format!("http://{unused}")));
    assert!(output.contains("pyroscope.profile.id="), "{output}");
}
