//! The pages that Prometheus scrapes.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;

use super::fleet;
use super::fleet::Fleet;
use super::fleet::Target;
use super::history::Recent;
use crate::ops::history::now;

/// The beginning of the paths of pages with recorded series.
pub(super) const RECORDED: &str = "/recorded";

/// The pages of all replicas, and for each one with the series that rules have recorded for it.
#[derive(Debug)]
pub(super) struct Pages {
    fleet: Fleet,
    recent: Recent,
    /// The paths that were read.
    read: Mutex<BTreeSet<String>>,
}

impl Pages {
    pub(super) fn new(fleet: Fleet, recent: Recent) -> Self {
        Self { fleet, recent, read: Mutex::default() }
    }

    /// Returns the page of a path. At the first request, it has the samples of the last fifty minutes. From then on, the page
    /// of a replica has the present ones, and that of recorded series none: the rules record them. A page for no replica
    /// is empty.
    pub(super) fn answer(&self, path: &str) -> String {
        let is_first = self.read.lock().unwrap_or_else(PoisonError::into_inner).insert(path.to_owned());
        let target_of = |path: &str| fleet::targets().find(|target: &Target| target.path() == path);
        match (path.strip_prefix(RECORDED), is_first) {
            (Some(path), true) => target_of(path).map(|target| self.recent.recorded(&self.fleet, &target)),
            (Some(_), false) => None,
            (None, true) => target_of(path).map(|target| self.recent.scraped(&self.fleet, &target)),
            (None, false) => target_of(path).map(|_| self.fleet.page(now())),
        }
        .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::names::Names;
    use crate::ops::rules;

    #[test]
    fn the_first_page_has_the_past_and_the_next_ones_the_present() {
        let mut names = Names::load().unwrap();
        let rules = rules::read(&mut names).unwrap();
        let fleet = Fleet::of(&rules, &names).unwrap();
        let recent = Recent::of(&fleet, &rules, 1_790_000_000..1_790_000_120).unwrap();
        let series = fleet.scraped_series().len();
        let pages = Pages::new(fleet, recent);
        let path = fleet::targets().nth(5).unwrap().path();
        let fields = |page: &str| page.lines().next().map(|line| line.split(' ').count());

        let first = pages.answer(&path);
        assert_eq!((first.lines().count(), fields(&first)), (4 * series, Some(3)));
        assert!(first.lines().next().unwrap().ends_with(" 1790000005000"), "{:?}", first.lines().next());
        let second = pages.answer(&path);
        assert_eq!((second.lines().count(), fields(&second)), (series, Some(2)));

        let recorded = format!("{RECORDED}{path}");
        let first = pages.answer(&recorded);
        assert!(first.contains("llmobs:queue_time:mean5m{job=\"service-01\""), "{}", first.lines().next().unwrap());
        assert_eq!((pages.answer(&recorded), pages.answer("/other")), (String::new(), String::new()));
    }
}
