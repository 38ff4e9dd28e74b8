//! Which values a record contains: nothing that may identify a person, unless the application chose it.

use llmobs::ErrorType;
use llmobs::Failure;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::pseudonym::MasterKey;
use llmobs::pseudonym::Pseudonymizer;
use llmobs::record::Finished;
use llmobs::record::Inclusion;
use llmobs::record::RecordFields;
use llmobs_tests::tracing_backend::MODEL;
use llmobs_tests::tracing_backend::TracingBackend;

/// Returns the record of an operation with every identifier, and with content.
fn record(configure: impl FnOnce(ObserverBuilder<'static>) -> ObserverBuilder<'static>) -> Finished {
    let (sender, records) = std::sync::mpsc::channel();
    // The limit folds the tenant in the metrics; records name it.
    let builder = Observer::builder().model("m").label("plan", ["free", "canary-label"]).max_undeclared_tenants(0);
    let observer = configure(builder).on_end(move |record| sender.send(record).unwrap()).build().unwrap();
    let start = observer.chat("m").conversation("canary-conversation").label("plan", "canary-label");
    let operation = start.tenant("canary-tenant").start();
    operation.marker().response_id("canary-response");
    operation.marker().input(|| "canary-prompt");
    operation.marker().output_text(0, "canary-answer");
    operation.fail(Failure::new(ErrorType::Inference).message("canary-error"));
    records.recv().unwrap()
}

fn every_value(inclusion: Inclusion) -> RecordFields {
    RecordFields::new().response_id(inclusion).conversation_id(inclusion).labels(inclusion).tenant(inclusion)
}

fn pseudonyms(first: u8) -> Pseudonymizer {
    Pseudonymizer::new(MasterKey::from_bytes(&std::array::from_fn::<u8, 32, _>(|index| first + index as u8)).unwrap())
}

#[test]
fn a_record_contains_neither_content_nor_identifiers_by_default() {
    let record = record(|builder| builder.capture(llmobs::capture::ContentCapture::SpansAndEvents));
    assert!(!record.to_json().contains("canary"), "{}", record.to_json());
    assert_eq!((record.response_id(), record.conversation_id(), record.labels().count()), (None, None, 0));
    assert!(!format!("{record:?}").contains("canary"));
}

#[test]
fn chosen_identifiers_are_included_and_content_never_is() {
    let record = record(|builder| builder.record_fields(every_value(Inclusion::Plain)));
    assert_eq!(record.response_id(), Some("canary-response"));
    assert_eq!(record.conversation_id(), Some("canary-conversation"));
    assert_eq!(record.labels().collect::<Vec<_>>(), [("plan", "canary-label")]);
    assert_eq!(record.tenant(), Some("canary-tenant"));
    let json: serde_json::Value = serde_json::from_str(&record.to_json()).unwrap();
    assert_eq!(json["llmobs.tenant.name"], "canary-tenant");
    assert_eq!(json["llmobs.record.labels"], serde_json::json!({"plan": "canary-label"}));
    for content in ["canary-prompt", "canary-answer", "canary-error"] {
        assert!(!json.to_string().contains(content));
    }
}

#[test]
fn each_identifier_is_chosen_alone() {
    let only = |fields| {
        let record = record(|builder| builder.record_fields(fields));
        let has_label = record.labels().next().is_some();
        [record.response_id().is_some(), record.conversation_id().is_some(), has_label, record.tenant().is_some()]
    };
    assert_eq!(only(RecordFields::new().response_id(Inclusion::Plain)), [true, false, false, false]);
    assert_eq!(only(RecordFields::new().conversation_id(Inclusion::Plain)), [false, true, false, false]);
    assert_eq!(only(RecordFields::new().labels(Inclusion::Plain)), [false, false, true, false]);
    assert_eq!(only(RecordFields::new().tenant(Inclusion::Plain)), [false, false, false, true]);
}

#[test]
fn an_observer_without_tenants_records_none() {
    let (sender, records) = std::sync::mpsc::channel();
    let builder = Observer::builder().model("m").record_fields(RecordFields::new().tenant(Inclusion::Plain));
    let observer = builder.on_end(move |record| sender.send(record).unwrap()).build().unwrap();
    observer.chat("m").tenant("canary-tenant").start().complete();
    assert_eq!(records.recv().unwrap().tenant(), None);
}

#[test]
fn pseudonyms_replace_identifiers_and_a_new_key_makes_them_unlinkable() {
    let with_key = |key| {
        record(move |builder| builder.record_fields(every_value(Inclusion::Pseudonym)).pseudonyms(pseudonyms(key)))
    };
    let (first, again, rotated) = (with_key(1), with_key(1), with_key(2));
    assert!(!first.to_json().contains("canary"), "{}", first.to_json());
    let expected = pseudonyms(1).pseudonymize("gen_ai.conversation.id", "canary-conversation");
    assert_eq!(first.conversation_id(), expected.as_deref());
    assert_eq!(first.conversation_id(), again.conversation_id());
    assert_eq!(first.labels().collect::<Vec<_>>(), again.labels().collect::<Vec<_>>());
    assert_ne!(first.conversation_id(), rotated.conversation_id());
    assert_ne!(first.response_id(), rotated.response_id());
    assert_ne!(first.labels().collect::<Vec<_>>(), rotated.labels().collect::<Vec<_>>());
}

#[test]
fn without_a_key_pseudonyms_are_omitted_and_the_identifiers_do_not_take_their_place() {
    let record = record(|builder| {
        builder.record_fields(every_value(Inclusion::Pseudonym)).pseudonyms(Pseudonymizer::disabled())
    });
    assert!(!record.to_json().contains("canary"));
    assert_eq!((record.response_id(), record.conversation_id(), record.labels().count()), (None, None, 0));
}

#[test]
fn the_notice_of_a_start_contains_labels_only_by_the_same_choice() {
    let labels_with = |fields| {
        let (sender, notices) = std::sync::mpsc::channel();
        let builder = Observer::builder().model("m").label("plan", ["free"]).record_fields(fields);
        let observer = builder.on_start(move |started| sender.send(started).unwrap()).build().unwrap();
        observer.chat("m").label("plan", "free").start().complete();
        let started = notices.recv().unwrap();
        started.labels().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert!(labels_with(RecordFields::new()).is_empty());
    assert_eq!(labels_with(RecordFields::new().labels(Inclusion::Plain)), ["plan=free"]);
}

#[test]
fn a_record_has_the_ids_of_the_span_of_its_operation_else_those_of_the_span_in_which_it_started() {
    let backend = TracingBackend::new();
    for is_own in [true, false] {
        let (builder, mut records) = backend.builder(Role::Server).on_end_channel(1);
        let observer = if is_own { builder } else { builder.without_spans() }.build().unwrap();
        tracing::info_span!("handler").in_scope(|| observer.chat(MODEL).start().complete());
        let record = records.try_recv().unwrap();
        let spans = backend.take_spans();
        let parent = spans.iter().find(|span| span.name == "handler").unwrap();
        let expected = if is_own { spans.iter().find(|span| span.name != "handler").unwrap() } else { parent };
        assert_eq!(record.trace_id(), Some(parent.span_context.trace_id().to_string()));
        assert_eq!(record.span_id(), Some(expected.span_context.span_id().to_string()));
    }
}
