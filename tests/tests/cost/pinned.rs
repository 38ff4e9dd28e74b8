//! The prices of an operation are those of its start, and a reload of their file loses nothing.

use std::fs;
use std::time::Duration;

use llmobs::Usage;
use llmobs::cost::PriceBook;
use llmobs::testing::Readings;
use llmobs_tests::temp_dir::TempDir;

use crate::fixture::cost;
use crate::fixture::without_prices;

fn prices(day: &str, input: u32) -> String {
    format!("checked_on = {day}\n[[price]]\nprovider = 'openai'\nmodel = 'small'\ninput = {input}\noutput = 4\n")
}

#[test]
fn a_running_operation_keeps_its_prices_and_a_reload_loses_no_cost() {
    let folder = TempDir::new("reload");
    let file = folder.path().join("prices.toml");
    fs::write(&file, prices("2026-11-20", 1)).unwrap();
    let book = PriceBook::empty().overlay_file(&file).unwrap();
    let (builder, mut records) = without_prices().0.prices(book.clone()).on_end_channel(10);
    let observer = builder.build().unwrap();
    let usage = Usage::new().input(100).output(10);

    let before = observer.chat("small").start();
    fs::write(&file, prices("2026-11-21", 2)).unwrap();
    assert!(book.reload().unwrap());
    let after = observer.chat("small").start();
    for operation in [before, after] {
        operation.marker().usage(usage);
        operation.complete();
    }
    let costs = [140_000, 240_000];
    let versions = ["prices.toml 2026-11-20", "prices.toml 2026-11-21"];
    for (nanos, version) in costs.into_iter().zip(versions) {
        let record = records.try_recv().unwrap();
        assert_eq!((record.cost().unwrap().nanos(), record.price_book_version()), (nanos, Some(version)));
    }
    assert_eq!(cost(&observer, &[]), 380_000);

    fs::write(&file, "broken").unwrap();
    book.reload().unwrap_err();
    let operation = observer.chat("small").start();
    operation.marker().usage(usage);
    operation.complete();
    assert_eq!(cost(&observer, &[]), 620_000, "a broken file leaves the earlier prices");
    let failed = [("llmobs.signal", "pricebook"), ("llmobs.drop.reason", "reload_failed")];
    assert_eq!(Readings::new(&observer).count("llmobs.self.dropped", &failed), 1);
}

#[test]
fn a_changed_file_is_read_at_a_collection_and_at_the_end_of_an_operation() {
    for is_scraped in [true, false] {
        let folder = TempDir::new("reload-due");
        let file = folder.path().join("prices.toml");
        fs::write(&file, prices("2026-11-20", 1)).unwrap();
        let book = PriceBook::empty().overlay_file(&file).unwrap();
        let (builder, clock) = without_prices();
        let observer = builder.prices(book.clone()).build().unwrap();
        let look =
            || if is_scraped { drop(Readings::new(&observer)) } else { observer.chat("small").start().complete() };
        look();
        fs::write(&file, prices("2026-11-21", 22)).unwrap();
        clock.advance(Duration::from_secs(11));
        look();
        assert_eq!(book.version(), "prices.toml 2026-11-21");
    }
}
