//! 100,000 ends on eight threads, read by a ninth: no record twice, and as many missing numbers as counted drops.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::thread;

use llmobs::Observer;
use llmobs::Usage;
use llmobs::assert_books;
use llmobs::testing::Readings;

const THREADS: u64 = 8;
const ENDS: u64 = 100_000;

#[test]
fn a_hundred_thousand_ends_make_one_record_each_in_the_order_of_their_numbers() {
    let (called, highest) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (count, number) = (Arc::clone(&called), Arc::clone(&highest));
    let (builder, mut records) = Observer::builder()
        .model("m")
        .on_end(move |record| {
            count.fetch_add(record.output_tokens().unwrap(), Ordering::Relaxed);
            number.fetch_max(record.sequence(), Ordering::Relaxed);
        })
        .on_end_channel(64);
    let observer = builder.build().unwrap();
    let reader = thread::spawn(move || {
        let (mut ids, mut sequences, mut tokens) = (HashSet::new(), Vec::new(), 0);
        for record in records.iter() {
            assert!(ids.insert(record.id()), "{}", record.id());
            sequences.push(record.sequence());
            tokens += record.output_tokens().unwrap();
            if sequences.len() % 1_000 == 0 {
                thread::yield_now();
            }
        }
        (sequences, tokens, records.dropped())
    });
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let observer = &observer;
            scope.spawn(move || {
                for index in 0..ENDS / THREADS {
                    let operation = observer.chat("m").start();
                    operation.marker().usage(Usage::new().output(1 + (index + thread) % 7));
                    if index % 2 == 0 { operation.complete() } else { drop(operation) }
                }
            });
        }
    });
    assert_books!(observer);
    let page = Readings::new(&observer);
    let dropped = page.count("llmobs.self.dropped", &[("llmobs.drop.reason", "queue_full")]);
    let output = page.count("llmobs.token.processed", &[("llmobs.token.direction", "output")]);
    drop(observer);
    let (sequences, tokens, sums) = reader.join().unwrap();
    assert!(sequences.is_sorted_by(|one, next| one < next), "in the order of the numbers");
    assert_eq!(highest.load(Ordering::Relaxed), ENDS, "a dropped record has a number too");
    assert_eq!(sequences.len() as u64 + dropped, ENDS, "the holes are the counted drops");
    assert_eq!((sums.records, tokens + sums.output_tokens), (dropped, output));
    assert_eq!(called.load(Ordering::Relaxed), output, "the callback received every record");
}
