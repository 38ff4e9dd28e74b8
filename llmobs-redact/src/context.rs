//! The topic of the words before a candidate.

mod topic;
mod topic_words;

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;
use aho_corasick::MatchKind;

pub(super) use self::topic::Topic;
use self::topic_words::TOPIC_WORDS;
use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::escape;

/// Returns the topic of the last keyword in `window`, if the keyword applies to the text after the window.
pub(super) fn topic(window: &[u8]) -> Option<Topic> {
    let words = TOPIC_AUTOMATON.as_ref()?;
    let found = words.find_iter(window).filter(|found| is_whole_word(window, found.start(), found.end())).last()?;
    let index = found.pattern().as_usize();
    let topic = TOPIC_PATTERN_ENDS.iter().find(|(end, _)| index < *end).map_or(Topic::Other, |(_, topic)| *topic);
    if matches!(topic, Topic::Other | Topic::Version) && is_column_header(window, found.start(), found.end()) {
        return None;
    }
    let gap = &window[found.end()..];
    // A topic that excludes a match must be close to the number.
    let far = matches!(topic, Topic::Other | Topic::Version) && gap.len() > 20;
    // `x=` names the value after it.
    let frame = window.trim_ascii_end();
    let frame = frame.strip_suffix(b"\"").unwrap_or(frame);
    let other = frame.last() == Some(&b'=') && gap.iter().any(|byte| class::is_in(*byte, ALNUM));
    // `"x": ` names the value after it.
    let named = window.trim_ascii_end().ends_with(b"\":") && gap.iter().filter(|byte| **byte == b'"').count() > 1;
    let personal = matches!(topic, Topic::Card | Topic::NationalId | Topic::Phone | Topic::Ssn);
    let ended = match sentence_end(gap) {
        Some((end, asked)) => !personal || !is_answer(&gap[end..], asked),
        None => false,
    };
    (!far && !other && !named && !ended && (personal || topic == Topic::Network || !is_about_other_number(gap)))
        .then_some(topic)
}

/// Returns whether the keyword before `gap` describes another number: a new line with text follows, or the table cell
/// of the keyword already contains a number.
fn is_about_other_number(gap: &[u8]) -> bool {
    let line = gap.iter().rposition(|byte| *byte == b'\n').map(|at| &gap[at + 1..]);
    let border = |at: usize| match gap[at] {
        b'|' | b'\t' => true,
        b'<' => gap[at..].starts_with(b"</"),
        b',' | b';' => class::count_in(&gap[..at], DIGIT) >= 4,
        _ => false,
    };
    let cell = (0..gap.len()).find(|at| border(*at)).map(|at| &gap[..at]);
    line.is_some_and(|line| line.iter().any(|byte| class::is_in(*byte, ALNUM)))
        || cell.is_some_and(|cell| cell.iter().any(|byte| class::is_in(*byte, DIGIT)))
}

/// Returns whether `start..end` is the name of a column in the header of a table, for example `uuid` in `name,uuid`.
fn is_column_header(window: &[u8], start: usize, end: usize) -> bool {
    start > 0
        && matches!(window[start - 1], b',' | b';' | b'\t' | b'|')
        && matches!(window.get(end), Some(b',' | b';' | b'\t' | b'|' | b'\n'))
}

/// Returns the end of the last sentence that ends in `gap`, and whether the sentence is a question. A blank line ends a
/// sentence too.
fn sentence_end(gap: &[u8]) -> Option<(usize, bool)> {
    let ascii = gap.windows(2).rposition(|pair| matches!(pair, [b'.' | b'!' | b'?', b' ' | b'\n'] | b"\n\n"));
    let wide = ["。", "！", "？"].map(str::as_bytes);
    let other = gap.windows(3).rposition(|sign| wide.contains(&sign));
    let ascii = ascii.map(|at| (at + 1, gap[..at + 1].trim_ascii_end().ends_with(b"?")));
    ascii.max(other.map(|at| (at + 3, gap[at..].starts_with(wide[2]))))
}

/// Returns whether `sentence` answers or continues the sentence before it: `.. your card? It's ..`. If the sentence
/// before it is a question (`asked`), every text of at most 16 bytes is an answer.
pub(super) fn is_answer(sentence: &[u8], asked: bool) -> bool {
    let begin = sentence.trim_ascii_start();
    let starts_like_an_answer = ANSWER_OPENINGS
        .iter()
        .any(|word| begin.get(..word.len()).is_some_and(|prefix| prefix.eq_ignore_ascii_case(word)));
    starts_like_an_answer || asked && begin.len() <= 16
}

const ANSWER_OPENINGS: [&[u8]; 10] = [
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

/// Returns whether the match at `start..end` is a whole word. ASCII words can have a plural `s` or the German ending
/// `nummer`; other words need no borders. Whole: `phones`, `Handynummer`. Not whole: `recall`, `headphone`.
fn is_whole_word(window: &[u8], start: usize, end: usize) -> bool {
    let glued = |byte: Option<&u8>| byte.is_some_and(|byte| class::is_in(*byte, ALNUM));
    if !window[start].is_ascii() {
        return true;
    }
    let rest = &window[end..];
    // `${..}` and `$(..)` are variables and commands, not prices.
    if &window[start..end] == b"$" && matches!(rest.first(), Some(b'{' | b'(')) {
        return false;
    }
    // `"v": ".."` is the name of any field, and `</code>` closes an element.
    let letter = end - start == 1 && window[..start].ends_with(b"\"") && rest.starts_with(b"\"");
    if letter || window[..start].ends_with(b"</") {
        return false;
    }
    // `VRING_CALL` is an identifier, not a call.
    let signs = window[..start].iter().rev().take(3).take_while(|byte| matches!(byte, b'_' | b'-')).count();
    let named = start > signs && (signs == 0 || glued(window.get(start - signs - 1)));
    let verb = [&b"call"[..], b"called", b"calling", b"dial", b"ring", b"sms"]
        .iter()
        .any(|verb| window[start..end].eq_ignore_ascii_case(verb));
    if verb && named && matches!(window[start - 1], b'_' | b'-' | b'.' | b'#') {
        return false;
    }
    let plural = rest.first().is_some_and(|byte| matches!(byte, b's' | b'S')) && !glued(rest.get(1));
    let compound = rest.get(..6).is_some_and(|next| next.eq_ignore_ascii_case(b"nummer"));
    let before = escape::byte_at_end(&window[..start]).or_else(|| window[..start].last().copied());
    !glued(before.as_ref()) && (!glued(rest.first()) || plural || compound)
}

/// The automaton of all topic keywords. `None` if the automaton exceeds its size limits; then no text has a topic.
static TOPIC_AUTOMATON: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = TOPIC_WORDS.iter().flat_map(|(_, words)| words.iter().flat_map(|word| case_variants(word)));
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).match_kind(MatchKind::LeftmostLongest).build(words).ok()
});

/// Returns a word in lower case, with a capital first, and in capitals. The automaton ignores case for ASCII only.
fn case_variants(word: &str) -> Vec<String> {
    let mut letters = word.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let mut cases = vec![word.to_owned(), first + letters.as_str(), word.to_uppercase()];
    cases.dedup_by(|one, other| one.eq_ignore_ascii_case(other));
    cases
}

/// For each topic, the end of its range of patterns in the automaton.
static TOPIC_PATTERN_ENDS: LazyLock<Vec<(usize, Topic)>> = LazyLock::new(|| {
    let mut end = 0;
    let ends = TOPIC_WORDS.iter().map(|(topic, words)| {
        end += words.iter().map(|word| case_variants(word).len()).sum::<usize>();
        (end, *topic)
    });
    ends.collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_keyword_decides() {
        let topic_of = |text: &str| topic(text.as_bytes());
        assert_eq!(topic_of("call me about order "), Some(Topic::Other));
        assert_eq!(topic_of("for order 12 call me: "), Some(Topic::Phone));
        assert_eq!(topic_of("my Social Security number is "), Some(Topic::Ssn));
        assert_eq!(topic_of("Meine Handynummer ist "), Some(Topic::Phone));
        assert_eq!(topic_of("電話番号は"), Some(Topic::Phone));
        assert_eq!(topic_of("Version "), Some(Topic::Version));
        assert_eq!(topic_of("Телефон: "), Some(Topic::Phone));
        assert_eq!(topic_of("TÉLÉPHONE : "), Some(Topic::Phone));
        assert_eq!(topic_of("nothing here "), None);
    }

    #[test]
    fn keyword_inside_a_word_is_ignored() {
        assert_eq!(topic(b"recall and headphone "), None);
        assert_eq!(topic(b"phones "), Some(Topic::Phone));
    }
}
