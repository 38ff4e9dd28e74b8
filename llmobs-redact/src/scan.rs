//! One scan of a text from left to right.

use std::collections::VecDeque;

use super::custom::CustomDetectors;
use super::found::Match;
use super::found::MatchedKind;
use super::prefilter::MAX_LITERAL_BYTES;
use super::prefilter::Prefilter;
use super::view::TextView;
use super::view::is_char_boundary;

/// The detectors of a scan.
pub(super) struct Scan<'r> {
    pub(super) prefilter: &'r Prefilter,
    pub(super) custom_detectors: &'r CustomDetectors,
}

/// The result of a scan.
#[derive(Debug, Default)]
pub(super) struct ScanResult {
    /// The matches from left to right, without overlaps, including placeholders that the text already contained.
    pub(super) matches: Vec<Match>,
    /// For each match, the position from which a new scan finds the match again: the start of `password` in
    /// `password=..`.
    origins: Vec<usize>,
    /// The byte offset before which later input cannot change the result; no match in `matches` ends after it. The
    /// length of the text if the text is complete.
    pub(super) settled_end: usize,
}

impl Scan<'_> {
    /// Scans `bytes` from the offset `from`. Custom detectors take precedence over the built-in ones, which do not read
    /// before the offset `opaque_until`. Unless `is_complete` is set, more input may follow, and matches that it could
    /// change are left out.
    pub(super) fn run(&self, bytes: &[u8], from: usize, opaque_until: usize, is_complete: bool) -> ScanResult {
        let mut text = TextView::new(bytes, is_complete, opaque_until);
        let mut result = ScanResult { matches: Vec::new(), origins: Vec::new(), settled_end: bytes.len() };
        let mut position = from;
        for custom in self.custom_detectors.find_matches(bytes, from, is_complete) {
            if custom.start >= position {
                text.set_visible_end(custom.start);
                self.scan_range(&mut text, position, custom.start, &mut result, &mut RejectedCandidates::default());
                result.add(custom, custom.start);
                text.extend_opaque(custom.end);
                position = custom.end;
            }
        }
        text.set_visible_end(bytes.len());
        let mut rejected = RejectedCandidates::default();
        self.scan_range(&mut text, position, bytes.len(), &mut result, &mut rejected);
        if !is_complete {
            let last_words = two_words_back(&text, bytes.len());
            let mut incomplete_literal_start = bytes.len().saturating_sub(MAX_LITERAL_BYTES);
            while !is_char_boundary(bytes, incomplete_literal_start) {
                incomplete_literal_start -= 1;
            }
            result.retract_to(last_words.min(incomplete_literal_start));
            // A match in the unsettled text would change the results of candidates that examined this text.
            result.retract_to(rejected.earliest_affected(&text, result.settled_end));
            // User-defined detectors match whole lines.
            let line = self.custom_detectors.unfinished_line_start(&bytes[..result.settled_end.max(from)], from);
            result.retract_to(line);
            result.settled_end = result.settled_end.max(from);
        }
        result
    }

    /// Scans the range between two matches. In an unfinished text, stops where a result depends on input that has not
    /// arrived.
    fn scan_range(
        &self,
        text: &mut TextView<'_>,
        from: usize,
        to: usize,
        result: &mut ScanResult,
        rejected: &mut RejectedCandidates,
    ) {
        let mut position = from;
        while position < to {
            let Some(candidate) = self.prefilter.find_candidate(text.bytes(), position, to) else { break };
            let can_be_longer = !text.is_complete() && candidate.start + MAX_LITERAL_BYTES > text.len();
            let detection = self.prefilter.detect(text, candidate);
            if text.take_needs_more_input() || can_be_longer {
                result.settled_end = result.settled_end.min(two_words_back(text, candidate.start));
                break;
            }
            position = detection.resume_at.max(candidate.start + 1);
            let reach = text.take_furthest_read().max(candidate.end);
            match detection.found {
                Some(matched)
                    if matched.kind == MatchedKind::Placeholder
                        || !self.custom_detectors.is_allowed(text.slice(matched.start, matched.end)) =>
                {
                    // A keyword can precede its value by some distance. With the placeholder in place of the value, the
                    // text between them can be a value of the keyword, and contain other candidates.
                    let between = (matched.start > candidate.end).then_some(candidate.start);
                    let floor = rejected.earliest_affected(text, matched.start);
                    self.rescan(text, rejected, between, matched.start, result);
                    result.add(matched, candidate.start.min(floor));
                    text.extend_opaque(matched.end);
                    position = position.max(matched.end);
                }
                Some(matched) => position = position.max(matched.end),
                None => rejected.add(candidate.start, reach, position),
            }
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
        result: &mut ScanResult,
    ) {
        let rejected = all.take();
        let first = [rejected.first_reaching(to), from].into_iter().flatten().min();
        if let Some(from) = first.filter(|_| rejected.depth < MAX_RESCAN_DEPTH) {
            let limit = text.visible_end();
            text.set_visible_end(to);
            self.scan_range(text, from, to, result, &mut rejected.for_rescan_before(from));
            text.set_visible_end(limit);
        }
    }
}

/// Maximum number of nested rescans.
const MAX_RESCAN_DEPTH: usize = 4;

/// Candidates without a match, with the end of the text that each one examined. A later match can change their results.
#[derive(Debug, Default)]
struct RejectedCandidates {
    /// Start and examined end of each candidate, both in ascending order. A later candidate that examined no more text
    /// than an earlier one is not stored.
    spans: VecDeque<(usize, usize)>,
    /// Number of rescans that led to this list.
    depth: usize,
}

impl RejectedCandidates {
    fn add(&mut self, start: usize, reach: usize, position: usize) {
        while self.spans.front().is_some_and(|(_, reach)| reach + MAX_MATCH_LOOKBEHIND < position) {
            self.spans.pop_front();
        }
        if self.spans.back().is_none_or(|(_, furthest)| *furthest < reach) {
            self.spans.push_back((start, reach));
        }
    }

    /// Removes and returns all candidates.
    fn take(&mut self) -> Self {
        Self { spans: std::mem::take(&mut self.spans), depth: self.depth }
    }

    /// Returns the start of the first candidate that starts before `position` and examined the text up to `position`.
    fn first_reaching(&self, position: usize) -> Option<usize> {
        self.spans.iter().find(|(start, reach)| *reach >= position && *start < position).map(|(start, _)| *start)
    }

    /// Returns the candidates that start before `position`, for a rescan of the text after it.
    fn for_rescan_before(mut self, position: usize) -> Self {
        self.spans.retain(|(start, _)| *start < position);
        Self { spans: self.spans, depth: self.depth + 1 }
    }

    /// Returns a position before every candidate that examined the text up to `position` or further.
    fn earliest_affected(&self, text: &TextView<'_>, position: usize) -> usize {
        let earlier = |position: usize, (start, reach): &(usize, usize)| {
            if *reach >= position { position.min(two_words_back(text, *start)) } else { position }
        };
        self.spans.iter().rev().fold(position, earlier)
    }
}

/// Maximum number of bytes from the start of a match to its candidate position.
const MAX_MATCH_LOOKBEHIND: usize = 512;

/// Returns the start of the word before the word that ends at `position`. A local part can precede a spelled-out at
/// sign: input `to jane [at]`, output the position of `jane`.
fn two_words_back(text: &TextView<'_>, position: usize) -> usize {
    text.word_start(text.word_start(position, MAX_WORD_LOOKBEHIND).saturating_sub(1), MAX_WORD_LOOKBEHIND)
}

/// Maximum length, in bytes, of each of the two words before a candidate.
const MAX_WORD_LOOKBEHIND: usize = 128;

impl ScanResult {
    fn add(&mut self, matched: Match, origin: usize) {
        self.matches.push(matched);
        self.origins.push(origin.min(matched.start));
    }

    /// Lowers the settled end to `settled` and drops the matches after it. If a match crosses the new end, lowers the
    /// end to the candidate position of that match.
    fn retract_to(&mut self, settled: usize) {
        self.settled_end = self.settled_end.min(settled);
        while self.matches.pop_if(|matched| matched.end > self.settled_end).is_some() {
            self.settled_end = self.origins.pop().unwrap_or_default().min(self.settled_end);
        }
    }
}
