//! The rules about the units of systemd.

use super::list;
use super::prometheus;
use super::read;
use super::report::Report;

/// Settings that each unit has.
const REQUIRED: [&str; 6] =
    ["DynamicUser=yes", "MemoryMax=", "NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=on-failure", "WantedBy="];

/// Seconds of the drain time of the service.
const DRAIN: u64 = 30;

pub(super) fn check(report: &mut Report) -> Result<(), String> {
    let flags = read("prometheus/flags.txt")?;
    for file in list("systemd", &[".service"])? {
        check_unit(&file, &read(&file)?, &prometheus::flags(&flags), report);
    }
    Ok(())
}

fn check_unit(file: &str, unit: &str, flags: &[&str], report: &mut Report) {
    for setting in REQUIRED {
        let is_set = unit.lines().any(|line| line.starts_with(setting));
        report.require(is_set, file, "settings", &format!("`{setting}` is missing"));
    }
    let is_open = ["0.0.0.0", "=:", "[::]"].iter().any(|address| unit.contains(address));
    report.require(!is_open, file, "private addresses", "the unit listens to the network");
    if unit.contains("/prometheus ") {
        for flag in flags.iter().copied().chain(["--web.enable-otlp-receiver"]) {
            report.require(unit.contains(flag), file, "flags of Prometheus", &format!("`{flag}` is missing"));
        }
    }
    if unit.contains("/otelcol-contrib ") {
        let configs: Vec<&str> = unit.split("--config=").skip(1).collect();
        let is_ordered =
            configs.len() == 2 && configs.first().is_some_and(|it| it.starts_with("/etc/otelcol/common.yaml"));
        report.require(is_ordered, file, "configurations", "common.yaml and one other, in this order");
        let number = |key: &str, end: &str| {
            let mut lines = unit.lines();
            lines.find_map(|line| line.strip_prefix(key)?.strip_suffix(end)?.parse::<u64>().ok())
        };
        let (soft, hard) = (number("Environment=GOMEMLIMIT=", "MiB"), number("MemoryMax=", "M"));
        let fits = soft.is_some() && soft == hard.map(|hard| hard * 8 / 10);
        report.require(fits, file, "GOMEMLIMIT", &format!("{soft:?} MiB are not 80 % of {hard:?} M"));
    }
    if file.ends_with("chat.service") {
        let stop =
            unit.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")?.strip_suffix('s')?.parse::<u64>().ok());
        report.require(stop > Some(DRAIN), file, "time to drain", &format!("{stop:?} s end running answers"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(file: &str, from: &str, to: &str) -> Vec<String> {
        let unit = read(file).unwrap();
        assert!(unit.contains(from), "{file} does not contain {from:?}");
        let flags = read("prometheus/flags.txt").unwrap();
        let mut report = Report::default();
        check_unit(file, &unit.replacen(from, to, 1), &prometheus::flags(&flags), &mut report);
        report.findings().to_vec()
    }

    #[test]
    fn the_units_keep_the_rules() {
        let mut report = Report::default();
        check(&mut report).unwrap();
        assert_eq!(report.findings(), [""; 0]);
    }

    #[test]
    fn a_unit_with_a_missing_setting_is_refused() {
        assert!(findings("systemd/chat.service", "DynamicUser=yes", "User=root")[0].contains("settings"));
        assert!(findings("systemd/canary.service", "MemoryMax=128M\n", "")[0].contains("MemoryMax"));
        assert!(findings("systemd/chat.service", "127.0.0.1:8080", "0.0.0.0:8080")[0].contains("private addresses"));
        assert!(findings("systemd/chat.service", "TimeoutStopSec=60s", "TimeoutStopSec=20s")[0].contains("drain"));
        assert!(
            findings("systemd/otel-collector.service", "GOMEMLIMIT=409MiB", "GOMEMLIMIT=512MiB")[0].contains("80 %")
        );
        assert!(
            findings("systemd/otel-collector.service", "--config=/etc/otelcol/common.yaml ", "")[0].contains("common")
        );
        assert!(findings("systemd/prometheus.service", "time=40d", "time=15d")[0].contains("flags of Prometheus"));
    }
}
