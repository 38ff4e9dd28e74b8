//! The reload of a price file while other threads use its prices.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::process;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::thread;

use llmobs::Usage;
use llmobs::cost::PriceBook;

use super::nanos;

/// A file that is removed at the end of the test.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("llmobs-{}-{name}.toml", process::id())))
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        drop(fs::remove_file(&self.0));
    }
}

fn prices(dollars: u32) -> String {
    format!("checked_on = 2026-11-20\n[[price]]\nmodel = 'm'\ninput = {dollars}\noutput = {dollars}\n")
}

#[test]
fn every_price_during_reloads_is_one_of_the_file_and_none_is_missing() {
    let file = TemporaryFile::new("reload");
    fs::write(&file.0, prices(1)).unwrap();
    let book = PriceBook::bundled().overlay_file(&file.0).unwrap();
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let usage = Usage::new().input(500_000).output(500_000);
                while !is_done.load(Ordering::Relaxed) {
                    let price = nanos(&book, "candle", "m", usage).unwrap();
                    // Equal parts of both directions: a mixture of two files would be another number.
                    assert!([1_000_000_000, 2_000_000_000, 3_000_000_000].contains(&price), "{price}");
                    assert!(nanos(&book, "openai", "gpt-5", usage).is_ok());
                }
            });
        }
        for round in 0..200_u32 {
            fs::write(&file.0, prices(round % 3 + 1)).unwrap();
            assert!(book.reload().is_ok());
        }
        is_done.store(true, Ordering::Relaxed);
    });
    assert_eq!(nanos(&book, "candle", "m", Usage::new().input(1_000_000).output(0)), Ok(2_000_000_000));
}

#[test]
fn a_broken_file_is_refused_at_first_and_keeps_the_prices_later() {
    let file = TemporaryFile::new("broken");
    assert!(PriceBook::empty().overlay_file(&file.0).unwrap_err().to_string().contains("cannot be read"));
    fs::write(&file.0, "[[price]]\nmodel = 'm'\n").unwrap();
    let error = PriceBook::empty().overlay_file(&file.0).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: line 1: [[price]] has no price", file.0.display()));

    fs::write(&file.0, prices(1)).unwrap();
    let book = PriceBook::empty().overlay_file(&file.0).unwrap();
    let name = file.0.file_name().unwrap().to_str().unwrap();
    assert_eq!(book.version(), format!("{name} 2026-11-20"));
    fs::write(&file.0, "[[price]").unwrap();
    assert!(book.reload().is_err());
    assert!(book.reload_error().is_some());
    assert_eq!(nanos(&book, "p", "m", Usage::new().input(1_000_000).output(0)), Ok(1_000_000_000));
    fs::write(&file.0, prices(3)).unwrap();
    assert_eq!((book.reload(), book.reload_error()), (Ok(true), None));
    assert_eq!(nanos(&book, "p", "m", Usage::new().input(1_000_000).output(0)), Ok(3_000_000_000));
}
