//! The names of priorities: declared ones, and the fold of all others.

use llmobs::admission::ShedReason;
use llmobs::testing::Readings;

use super::fixture::DECISIONS;
use super::fixture::LENGTH;
use super::fixture::LIMIT;
use super::fixture::decided;
use super::fixture::observer;
use super::fixture::of;
use super::fixture::priorities;

#[test]
fn without_declared_priorities_the_only_one_is_default() {
    let observer = observer();
    let admission = observer.admission("m").build().unwrap();
    admission.admitted("default");
    assert_eq!(
        (priorities(&observer, DECISIONS), priorities(&observer, LENGTH)),
        (vec!["default".into()], vec!["default".into()])
    );
    assert_eq!(decided(&observer, "default", "admitted"), 1);
}

#[test]
fn an_undeclared_priority_is_other_and_counted_as_folded() {
    let observer = observer();
    let admission = observer.admission("m").priorities(["interactive"]).build().unwrap();
    let folded = || {
        Readings::new(&observer).count("llmobs.self.folded_labels", &[("llmobs.label", "llmobs.admission.priority")])
    };
    assert_eq!(priorities(&observer, LENGTH), ["interactive"], "`_OTHER` has no series before its first request");
    let queued = admission.queued("batch");
    assert_eq!((of(&observer, LENGTH, "_OTHER"), folded()), (1, 1));
    queued.admit();
    assert_eq!(folded(), 1, "the guard of a folded name folds no further name");
    for name in ["", "interactive ", "Interactive", "interactive\n", "_OTHER", &"x".repeat(10_000)] {
        admission.shed(name, ShedReason::RateLimit);
    }
    admission.set_limit("typo", 3);
    assert_eq!(folded(), 8);
    assert_eq!(
        (decided(&observer, "_OTHER", "shed/rate_limit"), decided(&observer, "_OTHER", "admitted_queued")),
        (6, 1)
    );
    assert_eq!((of(&observer, LENGTH, "_OTHER"), of(&observer, LIMIT, "_OTHER")), (0, 3));
    assert_eq!(priorities(&observer, DECISIONS), ["_OTHER", "interactive"]);
}

#[test]
fn a_flood_of_names_beside_eight_priorities_has_nine_label_values() {
    let observer = observer();
    let names: Vec<String> = (0..8).map(|index| format!("p{index}")).collect();
    let admission = observer.admission("m").priorities(names.clone()).build().unwrap();
    for index in 0..1_000 {
        let name = format!("p{index}");
        admission.admitted(&name);
        admission.queued(&name).admit();
        admission.shed(&name, ShedReason::Overload);
    }
    let expected: Vec<_> = std::iter::once("_OTHER".to_owned()).chain(names).collect();
    assert_eq!((priorities(&observer, DECISIONS), priorities(&observer, LENGTH)), (expected.clone(), expected));
    assert_eq!(of(&observer, DECISIONS, "p7"), 3);
    assert_eq!(of(&observer, DECISIONS, "_OTHER"), 3 * 992);
    assert_eq!(of(&observer, DECISIONS, ""), 3_000);
}
