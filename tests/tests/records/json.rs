//! The JSON of a record.

use llmobs::Observer;
use llmobs::record::Records;
use serde_json::Value;
use serde_json::json;

fn record_of(records: &mut Records) -> Value {
    serde_json::from_str(&records.try_recv().unwrap().to_json()).unwrap()
}

#[test]
fn a_record_names_itself_its_instance_and_its_place() {
    let (builder, mut records) = Observer::builder().model("m").on_end_channel(4);
    let observer = builder.build().unwrap();
    observer.chat("m").start().complete();
    observer.chat("m").start().complete();
    let [first, second] = [(), ()].map(|()| record_of(&mut records));
    assert_eq!([&first["llmobs.record.sequence"], &second["llmobs.record.sequence"]], [&json!(1), &json!(2)]);
    let text = |record: &Value, name: &str| record[name].as_str().unwrap().to_owned();
    let (id, instance) = (text(&first, "llmobs.record.id"), text(&first, "llmobs.record.instance"));
    assert!(id.len() == 32 && instance.len() == 16 && id.starts_with(&instance), "{id} {instance}");
    assert_eq!(instance, text(&second, "llmobs.record.instance"));
    assert_ne!(id, text(&second, "llmobs.record.id"));
    let other = Observer::builder().on_end_channel(4);
    let (observer, mut records) = (other.0.build().unwrap(), other.1);
    observer.chat("m").start().complete();
    assert_ne!(instance, text(&record_of(&mut records), "llmobs.record.instance"), "of another observer");
}

#[test]
fn sampling_of_the_log_neither_omits_nor_weights_records() {
    let (builder, mut records) =
        Observer::builder().model("m").log_sample_ratio(0.0).flight_recorder(0).on_end_channel(64);
    let observer = builder.build().unwrap();
    for _ in 0..10 {
        observer.chat("m").start().complete();
    }
    for _ in 0..10 {
        let record = record_of(&mut records);
        assert!(record.get("llmobs.log.ratio").is_none() && record.get("llmobs.log.reason").is_none(), "{record}");
    }
}
