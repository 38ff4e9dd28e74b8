//! One pass over a text from left to right.

use std::collections::VecDeque;

use super::custom::CustomDetectors;
use super::found::Match;
use super::found::MatchedKind;
use super::prefilter::LONGEST;
use super::prefilter::Prefilter;
use super::view::TextView;
use super::view::is_char_boundary;

/// What a pass looks with.
pub(super) struct Scan<'r> {
    pub(super) anchors: &'r Prefilter,
    pub(super) customs: &'r CustomDetectors,
}

/// What a pass found.
#[derive(Debug, Default)]
pub(super) struct ScanResult {
    /// From left to right, without overlaps; labels that stood there already among them.
    pub(super) hits: Vec<Match>,
    /// From where on all must be looked at again to find each hit again: `password` of `password=..`.
    anchors: Vec<usize>,
    /// Up to here nothing that may follow changes anything; the end of a finished text.
    pub(super) settled: usize,
}

impl Scan<'_> {
    /// Looks at everything from a place on. Before `covered` everything is opaque.
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
            // A detector of the user's own sees whole lines.
            let line = self.customs.unsettled(&bytes[..swept.settled.max(from)], from);
            swept.settle(line);
            swept.settled = swept.settled.max(from);
        }
        swept
    }

    /// Looks at a stretch between two opaque places. Of an unfinished text it stops where an answer hangs on what comes.
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
                    // A name may stand far before its value, with something between them.
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

    /// What was rejected may have been so for what stood behind it. If a label will stand there, it is looked at again as if
    /// it stood there already.
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

/// How often a look again may lead to another.
const DEEPEST: usize = 4;

/// Anchors behind which nothing was found, and how far each was looked at: those that a later find may still concern.
#[derive(Debug, Default)]
struct RejectedCandidates {
    /// Both numbers grow: who begins later and was looked at no further matters no more than who begins earlier.
    anchors: VecDeque<(usize, usize)>,
    /// How many looks again led here.
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

    /// All of them; none is kept.
    fn take(&mut self) -> Self {
        Self { anchors: std::mem::take(&mut self.anchors), depth: self.depth }
    }

    /// The first anchor that was looked at up to a place.
    fn first(&self, place: usize) -> Option<usize> {
        self.anchors.iter().find(|(start, reach)| *reach >= place && *start < place).map(|(start, _)| *start)
    }

    /// Those that begin before a place, for another look at what follows.
    fn until(mut self, place: usize) -> Self {
        self.anchors.retain(|(start, _)| *start < place);
        Self { anchors: self.anchors, depth: self.depth + 1 }
    }

    /// A place before everything that was looked at up to it or further.
    fn earliest_affected(&self, text: &TextView<'_>, place: usize) -> usize {
        let earlier = |place: usize, (start, reach): &(usize, usize)| {
            if *reach >= place { place.min(two_words_back(text, *start)) } else { place }
        };
        self.anchors.iter().rev().fold(place, earlier)
    }
}

/// What is found begins no further before its anchor.
const FURTHEST: usize = 512;

/// The begin of the word that ends at a place and of the one before it: a name may stand before an at sign that is spelled
/// out.
fn two_words_back(text: &TextView<'_>, place: usize) -> usize {
    text.word_start(text.word_start(place, MAX_WORD_LOOKBEHIND).saturating_sub(1), MAX_WORD_LOOKBEHIND)
}

/// How far back an at sign reaches for the name before it.
const MAX_WORD_LOOKBEHIND: usize = 128;

impl ScanResult {
    fn add(&mut self, hit: Match, anchor: usize) {
        self.hits.push(hit);
        self.anchors.push(anchor.min(hit.start));
    }

    /// Forgets what was found behind a place, which moves to the anchor of what lies across it.
    fn settle(&mut self, settled: usize) {
        self.settled = self.settled.min(settled);
        while self.hits.pop_if(|hit| hit.end > self.settled).is_some() {
            self.settled = self.anchors.pop().unwrap_or_default().min(self.settled);
        }
    }
}
