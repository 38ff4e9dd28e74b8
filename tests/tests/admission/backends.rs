//! Both backends, OpenTelemetry and the Prometheus page, have the same values.

use llmobs::Observer;
use llmobs_tests::admission_traffic::run_admission;
use llmobs_tests::otel_backend::OtelBackend;
use llmobs_tests::prometheus_page;

#[test]
fn both_backends_have_the_same_values() {
    let otel = OtelBackend::new();
    let observer = Observer::builder().model("m").meter_provider(&otel.provider).build().unwrap();
    let (admission, waiting) = run_admission(&observer, "m");
    let compare = |count| {
        let (here, there) = (otel.families(), prometheus_page::families(&observer));
        let names: Vec<_> = there.keys().filter(|name| name.starts_with("llmobs_admission_")).collect();
        assert_eq!(names.len(), count, "{names:?}");
        for name in names {
            assert_eq!(here.get(name), there.get(name), "{name}");
        }
    };
    compare(3);
    drop(waiting);
    compare(3);
    drop(admission);
    // The queue and the limits are read from the admission.
    compare(1);
}
