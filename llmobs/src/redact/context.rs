//! What the words before a candidate say that it is.

mod topic_words;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use aho_corasick::MatchKind;

use self::topic_words::LISTS;
use super::class;
use super::class::ALNUM;
use super::class::DIGIT;

/// What a number is said to be. The nearest word decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    /// A bank card.
    Card,
    /// Somebody's number of a state.
    NationalId,
    /// An address of a network.
    Network,
    /// Something else that is counted or numbered: an order, an amount, a date.
    Other,
    /// A number to call.
    Phone,
    /// A social security number of the United States.
    Ssn,
    /// A version, a section, a build.
    Version,
}

/// The topic of the last word in a window that has one, and of its own sentence.
pub(super) fn topic(window: &[u8]) -> Option<Topic> {
    let words = TOPIC_AUTOMATON.as_ref()?;
    let found = words.find_iter(window).filter(|found| is_whole_word(window, found.start(), found.end())).last()?;
    let place = found.pattern().as_usize();
    let topic = TOPIC_PATTERN_ENDS.iter().find(|(end, _)| place < *end).map_or(Topic::Other, |(_, topic)| *topic);
    if matches!(topic, Topic::Other | Topic::Version) && is_column_header(window, found.start(), found.end()) {
        return None;
    }
    let gap = &window[found.end()..];
    // What a number is not must be said close to it.
    let far = matches!(topic, Topic::Other | Topic::Version) && gap.len() > 20;
    // `x=` gives its own name to what follows.
    let frame = window.trim_ascii_end();
    let frame = frame.strip_suffix(b"\"").unwrap_or(frame);
    let other = frame.last() == Some(&b'=') && gap.iter().any(|byte| class::is_in(*byte, ALNUM));
    // So does `"x": `.
    let named = window.trim_ascii_end().ends_with(b"\":") && gap.iter().filter(|byte| **byte == b'"').count() > 1;
    let personal = matches!(topic, Topic::Card | Topic::NationalId | Topic::Phone | Topic::Ssn);
    let ended = match sentence_end(gap) {
        Some((end, asked)) => !personal || !is_answer(&gap[end..], asked),
        None => false,
    };
    (!far && !other && !named && !ended && (personal || topic == Topic::Network || !is_about_other_number(gap)))
        .then_some(topic)
}

/// Whether a word says what another number is not what this one is: that has its own line, or the word's cell of a table
/// holds a number already.
fn is_about_other_number(gap: &[u8]) -> bool {
    let line = gap.iter().rposition(|byte| *byte == b'\n').map(|at| &gap[at + 1..]);
    let border = |at: usize| match gap[at] {
        b'|' | b'\t' => true,
        b'<' => gap[at..].starts_with(b"</"),
        b',' | b';' => class::count(&gap[..at], DIGIT) >= 4,
        _ => false,
    };
    let cell = (0..gap.len()).find(|at| border(*at)).map(|at| &gap[..at]);
    line.is_some_and(|line| line.iter().any(|byte| class::is_in(*byte, ALNUM)))
        || cell.is_some_and(|cell| cell.iter().any(|byte| class::is_in(*byte, DIGIT)))
}

/// The name of a column, as the last of the first line of a table: `name,uuid`.
fn is_column_header(window: &[u8], start: usize, end: usize) -> bool {
    start > 0
        && matches!(window[start - 1], b',' | b';' | b'\t' | b'|')
        && matches!(window.get(end), Some(b',' | b';' | b'\t' | b'|' | b'\n'))
}

/// The place behind the last sentence that ends here, and whether that was a question.
fn sentence_end(gap: &[u8]) -> Option<(usize, bool)> {
    let ascii = gap.windows(2).rposition(|pair| matches!(pair, [b'.' | b'!' | b'?', b' ' | b'\n'] | b"\n\n"));
    let wide = ["。", "！", "？"].map(str::as_bytes);
    let other = gap.windows(3).rposition(|sign| wide.contains(&sign));
    let ascii = ascii.map(|at| (at + 1, gap[..at + 1].trim_ascii_end().ends_with(b"?")));
    ascii.max(other.map(|at| (at + 3, gap[at..].starts_with(wide[2]))))
}

/// Whether a sentence goes on with what was asked for or named in the one before: `.. your card? It's ..`.
pub(super) fn is_answer(sentence: &[u8], asked: bool) -> bool {
    let begin = sentence.trim_ascii_start();
    let takes_up =
        ANSWERS.iter().any(|word| begin.get(..word.len()).is_some_and(|piece| piece.eq_ignore_ascii_case(word)));
    takes_up || asked && begin.len() <= 16
}

const ANSWERS: [&[u8]; 10] = [
    b"it's",
    b"it is",
    "it’s".as_bytes(),
    b"its ",
    b"number",
    b"the number",
    b"this is",
    b"that is",
    b"that's",
    b"mine is",
];

/// A word of ASCII stands alone, but for the ending of a plural or of German; others have no borders.
fn is_whole_word(window: &[u8], start: usize, end: usize) -> bool {
    let glued = |place: Option<&u8>| place.is_some_and(|byte| class::is_in(*byte, ALNUM));
    if !window[start].is_ascii() {
        return true;
    }
    let rest = &window[end..];
    // `"v": ".."` is the name of any value, and `</code>` ends one.
    let letter = end - start == 1 && window[..start].ends_with(b"\"") && rest.starts_with(b"\"");
    if letter || window[..start].ends_with(b"</") {
        return false;
    }
    // `VRING_CALL` calls nobody.
    let verb = [&b"call"[..], b"called", b"calling", b"dial", b"ring", b"sms"]
        .iter()
        .any(|verb| window[start..end].eq_ignore_ascii_case(verb));
    if verb && start > 0 && matches!(window[start - 1], b'_' | b'-' | b'.' | b'#') {
        return false;
    }
    let plural = rest.first().is_some_and(|byte| matches!(byte, b's' | b'S')) && !glued(rest.get(1));
    let compound = rest.get(..6).is_some_and(|next| next.eq_ignore_ascii_case(b"nummer"));
    !(start > 0 && glued(window.get(start - 1))) && (!glued(rest.first()) || plural || compound)
}

/// Building fails for patterns beyond all measure only, and then nothing has a topic.
static TOPIC_AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = LISTS.iter().flat_map(|(_, words)| words.iter().flat_map(|word| cases(word)));
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(words).ok()
});

/// A word as it stands within a sentence, at its begin and in capitals: the automaton knows the cases of ASCII alone.
fn cases(word: &str) -> Vec<String> {
    let mut letters = word.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let mut cases = vec![word.to_owned(), first + letters.as_str(), word.to_uppercase()];
    cases.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    cases
}

/// Up to which pattern a topic's words reach.
static TOPIC_PATTERN_ENDS: LazyLock<Vec<(usize, Topic)>> = LazyLock::new(|| {
    let mut end = 0;
    let ends = LISTS.iter().map(|(topic, words)| {
        end += words.iter().map(|word| cases(word).len()).sum::<usize>();
        (end, *topic)
    });
    ends.collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_decides() {
        let about = |text: &str| topic(text.as_bytes());
        assert_eq!(about("call me about order "), Some(Topic::Other));
        assert_eq!(about("for order 12 call me: "), Some(Topic::Phone));
        assert_eq!(about("my Social Security number is "), Some(Topic::Ssn));
        assert_eq!(about("Meine Handynummer ist "), Some(Topic::Phone));
        assert_eq!(about("電話番号は"), Some(Topic::Phone));
        assert_eq!(about("Version "), Some(Topic::Version));
        assert_eq!(about("Телефон: "), Some(Topic::Phone));
        assert_eq!(about("TÉLÉPHONE : "), Some(Topic::Phone));
        assert_eq!(about("nothing here "), None);
    }

    #[test]
    fn a_word_inside_another_says_nothing() {
        assert_eq!(topic(b"recall and headphone "), None);
        assert_eq!(topic(b"phones "), Some(Topic::Phone));
    }
}
