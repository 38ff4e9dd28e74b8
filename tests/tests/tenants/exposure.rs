//! The places in which a tenant appears: the tenant rows, and by choice log events and operations in flight.

use llmobs::Observer;
use llmobs::pseudonym::MasterKey;
use llmobs::pseudonym::Pseudonymizer;
use llmobs::tower::InFlightPage;

use llmobs_tests::event_recorder::EventRecorder;

use crate::page::assert_sums;
use crate::page::operations_by_tenant;

fn key() -> MasterKey {
    MasterKey::from_text("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f").unwrap()
}

#[test]
fn log_events_and_operations_in_flight_contain_no_tenant_by_default() {
    let (events, _guard) = EventRecorder::install();
    let observer = Observer::builder().model("m").tenants(["Plan-Seven"]).operation_details(true).build().unwrap();
    let operation = observer.chat("m").tenant("Plan-Seven").start();
    assert_eq!(observer.in_flight()[0].tenant, None);
    let pages = in_flight_pages(&observer);
    assert!(pages.matches("chat").count() == 2 && !pages.contains("Plan-Seven"), "{pages}");
    operation.complete();
    assert!(!format!("{:?}", events.events()).contains("Plan-Seven"));
    assert!(!observer.recent_operations().contains("Plan-Seven"));
}

#[test]
fn log_events_and_operations_in_flight_contain_the_tenant_by_choice() {
    let (events, _guard) = EventRecorder::install();
    let builder = Observer::builder().model("m").tenants(["Plan-Seven"]).max_undeclared_tenants(0);
    let observer = builder.log_tenants(true).build().unwrap();
    let operation = observer.chat("m").tenant("Plan-Seven").start();
    let folded = observer.chat("m").tenant("another").start();
    let tenants: Vec<_> = observer.in_flight().into_iter().map(|operation| operation.tenant.unwrap()).collect();
    assert_eq!(tenants, ["Plan-Seven", "_OTHER"], "a folded name is not logged");
    let pages = in_flight_pages(&observer);
    assert_eq!(pages.matches("Plan-Seven").count(), 2, "{pages}");
    operation.complete();
    let event = events.only_event("llm_request_complete");
    assert!(format!("{event:?}").contains("Plan-Seven"), "{event:?}");
    assert!(observer.recent_operations().contains(r#""llmobs.tenant.name":"Plan-Seven""#));
    folded.complete();
    assert!(!observer.recent_operations().contains("another"));
}

/// Returns the page of operations in flight as JSON, followed by that as HTML.
fn in_flight_pages(observer: &Observer) -> String {
    let page = |accept: &str| {
        let request = http::Request::builder().header("accept", accept).body(()).unwrap();
        let service = InFlightPage::new(observer.clone()).open_to_all();
        let response = futures_util::FutureExt::now_or_never(tower::ServiceExt::oneshot(service, request));
        let body = response.unwrap().unwrap().into_body();
        let collected = futures_util::FutureExt::now_or_never(http_body_util::BodyExt::collect(body)).unwrap();
        String::from_utf8(collected.unwrap().to_bytes().to_vec()).unwrap()
    };
    format!("{}{}", page("application/json"), page("text/html"))
}

#[test]
fn a_pseudonym_of_an_identity_is_a_tenant_and_the_identity_is_not() {
    let pseudonyms = Pseudonymizer::new(key());
    let pseudonym = pseudonyms.pseudonymize("llmobs.tenant.name", "account 4711").unwrap();
    let observer = Observer::builder().model("m").log_tenants(true).pseudonyms(pseudonyms).build().unwrap();
    observer.chat("m").tenant_pseudonym("account 4711").start().complete();
    observer.chat("m").tenant_pseudonym(" account 4711 ").start().complete();
    let tenants = operations_by_tenant(&observer);
    assert_eq!(tenants[&pseudonym], 2);
    assert_eq!(tenants.len(), 3, "{tenants:?}");
    assert!(!observer.recent_operations().contains("4711"));
}

#[test]
fn an_identity_without_a_key_is_no_tenant() {
    let builder = Observer::builder().model("m").log_tenants(true).pseudonyms(Pseudonymizer::disabled());
    let observer = builder.build().unwrap();
    observer.chat("m").tenant_pseudonym("account 4711").start().complete();
    let keyed = Observer::builder().model("m").tenants(["pro"]).pseudonyms(Pseudonymizer::new(key())).build().unwrap();
    keyed.chat("m").tenant_pseudonym("  ").start().complete();
    for observer in [observer, keyed] {
        assert_eq!(operations_by_tenant(&observer)["_NONE"], 1);
        assert_sums(&observer);
        assert!(!observer.recent_operations().contains("4711"));
    }
}
