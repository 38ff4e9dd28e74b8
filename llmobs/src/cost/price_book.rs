//! Price books: the bundled data, own prices, and their reload.

mod file;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use std::time::SystemTime;

use self::file::OverlayFile;
use super::billable::Billable;
use super::bundled::Bundled;
use super::date::day_text;
use super::operation_cost::Cost;
use super::overlay::Overlay;
use super::price_book_error::PriceBookError;
use super::price_snapshot::Layer;
use super::price_snapshot::PriceSnapshot;
use super::unpriced::Unpriced;
use crate::clock::Moment;
use crate::sync::AtomicU64;
use crate::sync::Mutex;
use crate::sync::Ordering;
use crate::sync::RwLock;
use crate::usage::Usage;

/// The shortest time between two looks at the files of a book.
const CHECK_INTERVAL: Duration = Duration::from_secs(10);

/// The prices of models: bundled data, and own prices that win over it. A clone shares the prices of the original.
///
/// ```
/// use llmobs::cost::Overlay;
/// use llmobs::cost::PriceBook;
///
/// let own = Overlay::from_toml(
///     r#"
///     checked_on = 2026-11-20
///     [[price]]
///     provider = "candle"
///     model = { starts_with = "qwen" }
///     input = 0.10
///     output = 0.40
///     "#,
/// )?;
/// let book = PriceBook::bundled().overlay(own);
/// assert_eq!(book.version(), "overlay 2026-11-20, genai-prices 0.2.1");
/// # Ok::<(), llmobs::cost::PriceBookError>(())
/// ```
#[derive(Debug, Clone)]
pub struct PriceBook(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    bundled: Option<Bundled>,
    current: RwLock<Arc<PriceSnapshot>>,
    sources: Mutex<Vec<Source>>,
    /// The moment of the next look at the files, in nanoseconds.
    next_check: AtomicU64,
    /// The number of failed reloads.
    failures: AtomicU64,
}

/// The source of an overlay.
#[derive(Debug, Clone)]
enum Source {
    Fixed(Layer),
    File(OverlayFile),
}

impl PriceBook {
    /// Creates a book of the bundled data, and decodes the data, which takes tens of milliseconds once in a process.
    #[must_use]
    pub fn bundled() -> Self {
        Self::new(Some(Bundled::load()), Vec::new())
    }

    /// Creates a book without prices, for own prices only.
    #[must_use]
    pub fn empty() -> Self {
        Self::new(None, Vec::new())
    }

    fn new(bundled: Option<Bundled>, sources: Vec<Source>) -> Self {
        let snapshot = Arc::new(snapshot(bundled, &sources));
        Self(Arc::new(Shared {
            bundled,
            current: RwLock::new(snapshot),
            sources: Mutex::new(sources),
            next_check: AtomicU64::new(0),
            failures: AtomicU64::new(0),
        }))
    }

    /// Returns this book with the own prices of a TOML file, which win over all prices of the book so far. The file is
    /// read again within ten seconds after it changed, while operations are observed. A broken file changes nothing.
    ///
    /// # Errors
    ///
    /// Returns an error if the file cannot be read, or for the reasons of [`Overlay::from_toml`].
    pub fn overlay_file(self, path: impl AsRef<Path>) -> Result<Self, PriceBookError> {
        let file = OverlayFile::read(path.as_ref())?;
        Ok(self.with(Source::File(file)))
    }

    /// Returns this book with own prices, which win over all prices of the book so far.
    #[must_use]
    pub fn overlay(self, overlay: Overlay) -> Self {
        let checked_at = overlay.checked_at();
        let name = overlay.name();
        let version = checked_at.map_or_else(|| name.to_owned(), |date| format!("{name} {}", day_text(date)));
        self.with(Source::Fixed(Layer { overlay: Arc::new(overlay), version, checked_at }))
    }

    fn with(self, source: Source) -> Self {
        let mut sources = self.0.sources.lock().clone();
        sources.push(source);
        Self::new(self.0.bundled, sources)
    }

    /// Reads the files of the book again. Returns true if prices changed.
    ///
    /// # Errors
    ///
    /// Returns the first error if a file cannot be read or is against the schema. Its earlier prices stay in use.
    pub fn reload(&self) -> Result<bool, PriceBookError> {
        let mut sources = self.0.sources.lock();
        self.reload_files(&mut sources, OverlayFile::reload)
    }

    /// Reads a file again if it changed since it was read, and reports a broken one once. Looks at the files at most
    /// every ten seconds; returns at once in between.
    pub(crate) fn reload_if_due(&self, now: Moment) {
        let next_check = self.0.next_check.load(Ordering::Relaxed);
        if now.as_nanos() < next_check {
            return;
        }
        // Another caller may have started the reload.
        let Some(mut sources) = self.0.sources.try_lock() else { return };
        self.0.next_check.store(now.saturating_add(CHECK_INTERVAL).as_nanos(), Ordering::Relaxed);
        if let Err(error) = self.reload_files(&mut sources, OverlayFile::reload_if_changed) {
            tracing::warn!(target: "llmobs", "kept the earlier prices: {error}");
        }
    }

    fn reload_files(
        &self,
        sources: &mut [Source],
        reload: impl Fn(&mut OverlayFile) -> Result<bool, PriceBookError>,
    ) -> Result<bool, PriceBookError> {
        let (mut has_changed, mut first_error) = (false, None);
        for source in &mut *sources {
            let Source::File(file) = source else { continue };
            match reload(file) {
                Ok(changed) => has_changed |= changed,
                Err(error) => {
                    self.0.failures.fetch_add(1, Ordering::Relaxed);
                    first_error = first_error.or(Some(error));
                }
            }
        }
        if has_changed {
            *self.0.current.write() = Arc::new(snapshot(self.0.bundled, sources));
        }
        first_error.map_or(Ok(has_changed), Err)
    }

    /// Returns the error of the last reload of a file, if it failed and the earlier prices of the file are in use.
    #[must_use]
    pub fn reload_error(&self) -> Option<String> {
        let sources = self.0.sources.lock();
        sources.iter().find_map(|source| match source {
            Source::Fixed(_) => None,
            Source::File(file) => file.error().map(ToString::to_string),
        })
    }

    /// Returns the number of failed reloads of a file since the book was created.
    pub(crate) fn reload_failures(&self) -> u64 {
        self.0.failures.load(Ordering::Relaxed)
    }

    /// Returns the current prices. A reload does not change them.
    pub(crate) fn pin(&self) -> Arc<PriceSnapshot> {
        Arc::clone(&self.0.current.read())
    }

    /// Returns the cost of a usage of a model at the prices of a date, as of an operation that started then. Observed
    /// operations need no call. The service class is that of the usage; a cost that the provider reported is ignored.
    ///
    /// ```
    /// use std::time::{Duration, UNIX_EPOCH};
    ///
    /// use llmobs::Usage;
    /// use llmobs::cost::{PriceBook, Unpriced};
    ///
    /// let (book, date) = (PriceBook::bundled(), UNIX_EPOCH + Duration::from_secs(1_795_176_000));
    /// let usage = Usage::new().input(10_000).cache_read(8_000).output(500);
    /// let cost = book.cost("anthropic", "claude-sonnet-4-5", &usage, date)?;
    /// assert_eq!(cost.total().to_string(), "0.0159");
    /// assert_eq!(book.cost("anthropic", "claude-9", &usage, date), Err(Unpriced::UnknownModel));
    /// # Ok::<(), Unpriced>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Returns the reason for which the book has no price for the usage.
    pub fn cost(&self, provider: &str, model: &str, usage: &Usage, date: SystemTime) -> Result<Cost, Unpriced> {
        let mut usage = *usage;
        usage.details.reported_cost = None;
        let attempt = Billable {
            provider,
            response_model: None,
            request_model: model,
            usage,
            is_counted: false,
            is_cut: false,
            max_tokens: None,
            at: date,
        };
        self.pin().price(&attempt).cost
    }

    /// Returns the versions of the current prices, those that win first, such as `prices.toml 2026-11-20, genai-prices
    /// 0.2.1`. Empty for a book without prices.
    #[must_use]
    pub fn version(&self) -> String {
        self.pin().version().to_string()
    }
}

/// Returns the prices of a book.
fn snapshot(bundled: Option<Bundled>, sources: &[Source]) -> PriceSnapshot {
    let layer = |source: &Source| match source {
        Source::Fixed(layer) => layer.clone(),
        Source::File(file) => file.layer().clone(),
    };
    let layers: Vec<_> = sources.iter().map(layer).collect();
    PriceSnapshot::new(bundled, &layers)
}

#[cfg(test)]
mod tests {
    use std::env;
    use std::fs;
    use std::path::PathBuf;
    use std::process;

    use super::*;

    /// A file that is removed at the end of the test.
    struct TemporaryFile(PathBuf);

    impl Drop for TemporaryFile {
        fn drop(&mut self) {
            drop(fs::remove_file(&self.0));
        }
    }

    fn price(input: &str) -> String {
        format!("checked_on = 2026-11-20\n[[price]]\nmodel = 'm'\ninput = {input}\noutput = 0\n")
    }

    fn nanos(book: &PriceBook) -> u64 {
        let usage = Usage::new().input(1_000_000).output(0);
        book.cost("candle", "m", &usage, SystemTime::UNIX_EPOCH).unwrap().total().nanos()
    }

    #[test]
    fn a_changed_file_is_reloaded_within_ten_seconds_and_a_broken_one_keeps_the_prices() {
        let file = TemporaryFile(env::temp_dir().join(format!("llmobs-price-book-{}.toml", process::id())));
        fs::write(&file.0, price("1")).unwrap();
        let book = PriceBook::empty().overlay_file(&file.0).unwrap();
        let mut now = Moment::from_nanos(5);
        book.reload_if_due(now);
        let pinned = book.pin();
        fs::write(&file.0, price("2.5")).unwrap();
        now = now.saturating_add(CHECK_INTERVAL - Duration::from_nanos(1));
        book.reload_if_due(now);
        assert_eq!(nanos(&book), 1_000_000_000, "the interval has not passed");
        now = now.saturating_add(Duration::from_nanos(1));
        book.reload_if_due(now);
        assert_eq!(nanos(&book), 2_500_000_000);
        assert!(!Arc::ptr_eq(&pinned, &book.pin()), "the pinned prices are those of before");

        fs::write(&file.0, "[[price]]\nmodel = 'm'\nprompt = 1\n").unwrap();
        for _ in 0..3 {
            now = now.saturating_add(CHECK_INTERVAL);
            book.reload_if_due(now);
        }
        assert_eq!(nanos(&book), 2_500_000_000);
        assert_eq!(book.reload_failures(), 1, "an unchanged file is not read again");
        assert!(book.reload_error().unwrap().ends_with("line 3: [[price]] has an unknown key `prompt`"));
        assert!(book.reload().is_err());

        fs::write(&file.0, price("0.5")).unwrap();
        assert_eq!(book.reload(), Ok(true));
        assert_eq!((nanos(&book), book.reload_error()), (500_000_000, None));
        assert_eq!(book.reload(), Ok(false));
        fs::remove_file(&file.0).unwrap();
        book.reload_if_due(now.saturating_add(CHECK_INTERVAL));
        assert!(book.reload_error().unwrap().contains("cannot be read"));
        assert_eq!(nanos(&book), 500_000_000);
    }
}
