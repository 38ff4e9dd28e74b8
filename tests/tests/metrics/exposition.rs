//! The page of a registry. `tests/slow/exposition.rs` has it read by independent parsers.

use llmobs::BuildError;
use llmobs::Observer;
use llmobs::prometheus::prometheus_client::registry::Registry;
use llmobs_tests::prometheus_page;
use llmobs_tests::traffic::busy_observer;

#[test]
fn a_registry_accepts_the_metrics_once() {
    let mut registry = Registry::default();
    let _observer = Observer::builder().registry(&mut registry).build().unwrap();
    let second = Observer::builder().registry(&mut registry).build();
    assert_eq!(second.unwrap_err(), BuildError::AlreadyRegistered);
    // A second observer is also refused under a prefix. The names would differ, but an application has one observer.
    let mut prefixed = Registry::with_prefix("shop");
    let _observer = Observer::builder().registry(&mut prefixed).build().unwrap();
    assert_eq!(Observer::builder().registry(&mut prefixed).build().unwrap_err(), BuildError::AlreadyRegistered);
}

#[test]
fn two_scrapes_of_one_state_are_equal() {
    let observer = busy_observer();
    assert_eq!(prometheus_page::open_metrics(&observer), prometheus_page::open_metrics(&observer));
}
