//! One pass over a text from left to right.

use super::anchor::Anchors;
use super::anchor::LONGEST;
use super::custom::Customs;
use super::hit::Hit;
use super::hit::What;
use super::text::Text;

/// What a pass looks with.
pub(super) struct Sweep<'r> {
    pub(super) anchors: &'r Anchors,
    pub(super) customs: &'r Customs,
}

/// What a pass found.
#[derive(Debug, Default)]
pub(super) struct Swept {
    /// From left to right, without overlaps; labels that stood there already among them.
    pub(super) hits: Vec<Hit>,
    /// Up to here nothing that may follow changes anything; the end of a finished text.
    pub(super) settled: usize,
}

impl Sweep<'_> {
    /// Looks at everything from a place on. Before `covered` everything is opaque.
    pub(super) fn run(&self, bytes: &[u8], from: usize, covered: usize, finished: bool) -> Swept {
        let mut text = Text::new(bytes, finished, covered);
        let mut swept = Swept { hits: Vec::new(), settled: bytes.len() };
        let mut place = from;
        for custom in self.customs.find(bytes, from, finished) {
            if custom.start >= place {
                text.limit(custom.start);
                self.stretch(&mut text, place, custom.start, &mut swept);
                swept.hits.push(custom);
                text.cover(custom.end);
                place = custom.end;
            }
        }
        text.limit(bytes.len());
        self.stretch(&mut text, place, bytes.len(), &mut swept);
        if !finished {
            // The last two words: a name before an at sign, spelled out or not.
            let last_word = text.word_start(text.word_start(bytes.len(), LAST_WORDS).saturating_sub(1), LAST_WORDS);
            swept.settle(last_word.min(bytes.len().saturating_sub(LONGEST)));
            // A detector of the user's own sees whole lines.
            let line = self.customs.unsettled(&bytes[..swept.settled.max(from)], from);
            swept.settle(line);
            swept.settled = swept.settled.max(from);
        }
        swept
    }

    /// Looks at a stretch between two opaque places. Of an unfinished text it stops where an answer hangs on what comes.
    fn stretch(&self, text: &mut Text<'_>, from: usize, to: usize, swept: &mut Swept) {
        let mut place = from;
        while place < to {
            let Some(anchor) = self.anchors.find(text.bytes(), place, to) else { return };
            let hanging = !text.finished() && anchor.start + LONGEST > text.len();
            let look = self.anchors.look(text, anchor);
            if text.took_a_guess() || hanging {
                swept.settled = swept.settled.min(text.word_start(anchor.start, LAST_WORDS));
                return;
            }
            place = look.next.max(anchor.start + 1);
            if let Some(hit) = look.hit {
                let bytes = text.slice(hit.start, hit.end);
                if hit.what == What::Label || !self.customs.allows(bytes) {
                    swept.hits.push(hit);
                    text.cover(hit.end);
                }
                place = place.max(hit.end);
            }
        }
    }
}

/// How far back an at sign reaches for the name before it.
const LAST_WORDS: usize = 128;

impl Swept {
    /// Forgets what was found behind a place, which moves to the begin of what lies across it.
    fn settle(&mut self, settled: usize) {
        self.settled = self.settled.min(settled);
        while let Some(hit) = self.hits.pop_if(|hit| hit.end > self.settled) {
            self.settled = self.settled.min(hit.start);
        }
    }
}
