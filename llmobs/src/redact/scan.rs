//! One scan of a text from left to right.

use std::collections::VecDeque;

use super::custom::CustomDetectors;
use super::found::Match;
use super::found::MatchedKind;
use super::prefilter::LONGEST;
use super::prefilter::Prefilter;
use super::view::TextView;
use super::view::is_char_boundary;

/// The detectors of a scan.
pub(super) struct Scan<'r> {
    pub(super) anchors: &'r Prefilter,
    pub(super) customs: &'r CustomDetectors,
}

/// The result of a scan.
#[derive(Debug, Default)]
pub(super) struct ScanResult {
    /// The matches from left to right, without overlaps, including placeholders that the text already contained.
    pub(super) hits: Vec<Match>,
    /// For each match, the position from which a new scan finds the match again: the start of `password` in
    /// `password=..`.
    anchors: Vec<usize>,
    /// The end of the text that later input cannot change. The length of the text if the text is finished.
    pub(super) settled: usize,
}

impl Scan<'_> {
    /// Scans `bytes` from `from` on. Detectors do not read before `covered`.
    pub(super) fn run(&self, bytes: &[u8], from: usize, covered: usize, finished: bool) -> ScanResult {
        let mut text = TextView::new(bytes, finished, covered);
        let mut swept = ScanResult { hits: Vec::new(), anchors: Vec::new(), settled: bytes.len() };
        let mut place = from;
        for custom in self.customs.find(bytes, from, finished) {
            if custom.start >= place {
                text.limit(custom.start);
                self.stretch(&mut text, place, custom.start, &mut swept, RejectedCandidates::default());
                swept.add(custom, custom.start);
                text.cover(custom.end);
                place = custom.end;
            }
        }
        text.limit(bytes.len());
        self.stretch(&mut text, place, bytes.len(), &mut swept, RejectedCandidates::default());
        if !finished {
            let last_words = two_words_back(&text, bytes.len());
            let mut hanging = bytes.len().saturating_sub(LONGEST);
            while !is_char_boundary(bytes, hanging) {
                hanging -= 1;
            }
            swept.settle(last_words.min(hanging));
            // User-defined detectors match whole lines.
            let line = self.customs.unsettled(&bytes[..swept.settled.max(from)], from);
            swept.settle(line);
            swept.settled = swept.settled.max(from);
        }
        swept
    }

    /// Scans the range between two matches. In an unfinished text, stops where a result depends on input that has not
    /// arrived.
    fn stretch(
        &self,
        text: &mut TextView<'_>,
        from: usize,
        to: usize,
        swept: &mut ScanResult,
        mut rejected: RejectedCandidates,
    ) {
        let mut place = from;
        while place < to {
            let Some(anchor) = self.anchors.find(text.bytes(), place, to) else { break };
            let hanging = !text.finished() && anchor.start + LONGEST > text.len();
            let look = self.anchors.detect(text, anchor);
            if text.take_needs_more_input() || hanging {
                swept.settled = swept.settled.min(two_words_back(text, anchor.start));
                break;
            }
            place = look.next.max(anchor.start + 1);
            let reach = text.reach().max(anchor.end);
            match look.hit {
                Some(hit)
                    if hit.what == MatchedKind::Placeholder || !self.customs.allows(text.slice(hit.start, hit.end)) =>
                {
                    // A keyword can precede its value by some distance, with another candidate between them.
                    let between = (hit.start > anchor.end).then_some(anchor.start + 1);
                    let floor = rejected.earliest_affected(text, hit.start);
                    self.rescan(text, &mut rejected, between, hit.start, swept);
                    swept.add(hit, anchor.start.min(floor));
                    text.cover(hit.end);
                    place = place.max(hit.end);
                }
                Some(hit) => place = place.max(hit.end),
                None => rejected.add(anchor.start, reach, place),
            }
        }
        if !text.finished() && rejected.depth == 0 {
            swept.settled = rejected.earliest_affected(text, swept.settled);
        }
    }

    /// Scans again from the first rejected candidate whose result depended on the text after `to`, with the placeholder
    /// of the new match in place of that text. Keeps redaction idempotent.
    fn rescan(
        &self,
        text: &mut TextView<'_>,
        all: &mut RejectedCandidates,
        from: Option<usize>,
        to: usize,
        swept: &mut ScanResult,
    ) {
        let rejected = all.take();
        let first = [rejected.first(to), from].into_iter().flatten().min();
        if let Some(from) = first.filter(|_| rejected.depth < DEEPEST) {
            let limit = text.visible_end();
            text.limit(to);
            self.stretch(text, from, to, swept, rejected.until(from));
            text.limit(limit);
        }
    }
}

/// Maximum number of nested rescans.
const DEEPEST: usize = 4;

/// Candidates without a match, with the end of the text that each one examined. A later match can change their results.
#[derive(Debug, Default)]
struct RejectedCandidates {
    /// Start and examined end of each candidate, both in ascending order. A later candidate that examined no more text
    /// than an earlier one is not stored.
    anchors: VecDeque<(usize, usize)>,
    /// Number of rescans that led to this list.
    depth: usize,
}

impl RejectedCandidates {
    fn add(&mut self, start: usize, reach: usize, place: usize) {
        while self.anchors.front().is_some_and(|(_, reach)| reach + FURTHEST < place) {
            self.anchors.pop_front();
        }
        if self.anchors.back().is_none_or(|(_, furthest)| *furthest < reach) {
            self.anchors.push_back((start, reach));
        }
    }

    /// Removes and returns all candidates.
    fn take(&mut self) -> Self {
        Self { anchors: std::mem::take(&mut self.anchors), depth: self.depth }
    }

    /// Returns the start of the first candidate that starts before `place` and examined the text up to `place`.
    fn first(&self, place: usize) -> Option<usize> {
        self.anchors.iter().find(|(start, reach)| *reach >= place && *start < place).map(|(start, _)| *start)
    }

    /// Returns the candidates that start before `place`, for a rescan of the text after it.
    fn until(mut self, place: usize) -> Self {
        self.anchors.retain(|(start, _)| *start < place);
        Self { anchors: self.anchors, depth: self.depth + 1 }
    }

    /// Returns a position before every candidate that examined the text up to `place` or further.
    fn earliest_affected(&self, text: &TextView<'_>, place: usize) -> usize {
        let earlier = |place: usize, (start, reach): &(usize, usize)| {
            if *reach >= place { place.min(two_words_back(text, *start)) } else { place }
        };
        self.anchors.iter().rev().fold(place, earlier)
    }
}

/// Maximum number of bytes from the start of a match to its candidate position.
const FURTHEST: usize = 512;

/// Returns the start of the word before the word that ends at `place`. A local part can precede a spelled-out at sign:
/// input `to jane [at]`, output the position of `jane`.
fn two_words_back(text: &TextView<'_>, place: usize) -> usize {
    text.word_start(text.word_start(place, MAX_WORD_LOOKBEHIND).saturating_sub(1), MAX_WORD_LOOKBEHIND)
}

/// Maximum length, in bytes, of each of the two words before a candidate.
const MAX_WORD_LOOKBEHIND: usize = 128;

impl ScanResult {
    fn add(&mut self, hit: Match, anchor: usize) {
        self.hits.push(hit);
        self.anchors.push(anchor.min(hit.start));
    }

    /// Lowers the settled end to `settled` and drops the matches after it. If a match crosses the new end, lowers the
    /// end to the candidate position of that match.
    fn settle(&mut self, settled: usize) {
        self.settled = self.settled.min(settled);
        while self.hits.pop_if(|hit| hit.end > self.settled).is_some() {
            self.settled = self.anchors.pop().unwrap_or_default().min(self.settled);
        }
    }
}
