//! User-defined labels, phases and evaluations: declared, or folded and counted.

use llmobs::Observer;
use llmobs::operation::Evaluation;
use llmobs::testing::Readings;

#[test]
fn a_declared_label_is_on_the_series_of_its_operations() {
    let builder = Observer::builder().model("m").label("tier", ["free", "paid"]).label("team.name", ["a"]);
    let observer = builder.build().unwrap();
    observer.chat("m").label("tier", "paid").label("team.name", "a").start().complete();
    observer.chat("m").label("tier", "free").start().complete();
    observer.chat("m").start().complete();
    let readings = Readings::new(&observer);
    let started = |labels: &[(&str, &str)]| readings.count("llmobs.operation.started", labels);
    assert_eq!(started(&[]), 3);
    assert_eq!(started(&[("tier", "paid"), ("team.name", "a")]), 1);
    assert_eq!(started(&[("tier", "free")]), 1);
    for name in ["gen_ai.server.request.duration", "llmobs.operation.ended", "llmobs.operation.active"] {
        let has = readings.series(name).iter().any(|labels| labels.get("tier").is_some_and(|tier| tier == "paid"));
        assert!(has, "{name}");
    }
}

#[test]
fn undeclared_values_are_omitted_and_counted() {
    let builder = Observer::builder().model("m").label("tier", ["free"]).phases(["tool"]);
    let observer = builder.evaluation("relevance", ["pass"]).build().unwrap();
    let operation = observer.chat("m").label("tier", "paid").label("user", "somebody").start();
    let marker = operation.marker().clone();
    drop(marker.phase("tool"));
    drop(marker.phase("secret"));
    operation.complete();
    marker.feedback(Evaluation::new("relevance").label("pass"));
    marker.feedback(Evaluation::new("relevance").label("secret"));
    marker.feedback(Evaluation::new("secret").label("pass"));
    let readings = Readings::new(&observer);
    assert_eq!(readings.histogram("llmobs.phase.duration", &[]).count, 1);
    assert_eq!(readings.count("llmobs.evaluation.results", &[]), 1);
    let folded = |label| readings.count("llmobs.self.folded_labels", &[("llmobs.label", label)]);
    assert_eq!([folded("label"), folded("llmobs.phase.name"), folded("gen_ai.evaluation.name")], [2, 1, 2]);
    let page = llmobs::prometheus::page(&observer, None).body;
    assert!(!page.contains("secret") && !page.contains("somebody"));
}
