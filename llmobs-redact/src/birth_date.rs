//! Detection of dates of birth. A date needs a keyword of birth before it.

use super::class;
use super::class::ALNUM;
use super::class::DIGIT;
use super::class::LOWER;
use super::class::SPACE;
use super::class::UPPER;
use super::found::Match;
use super::kind::DataKind;
use super::view::TextView;
use super::view::is_char_boundary;

/// Returns the date that follows the keyword at `at..end` within 40 bytes.
pub(super) fn detect(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let first = text.byte_at(at);
    if first.is_ascii() && class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    let mut position = end;
    let mut lines = 0;
    while position - end < MAX_DISTANCE {
        let byte = text.byte_at(position);
        lines += usize::from(byte == b'\n');
        if matches!(byte, 0 | b'[')
            || lines > 1
            || byte == b'.' && text.has_class(position + 1, SPACE) && !continues_sentence(text, position + 2)
        {
            return None;
        }
        let word = !class::is_in(text.byte_before(position), ALNUM);
        if word
            && class::is_in(byte, DIGIT | UPPER | LOWER)
            && let Some(stop) = date_end(text, position)
        {
            return Some(Match::new(position, stop, DataKind::DateOfBirth));
        }
        position += 1;
    }
    None
}

/// Returns whether the next sentence refers to the keyword: `.. my date of birth. It's ..`.
fn continues_sentence(text: &TextView<'_>, at: usize) -> bool {
    [&b"it's "[..], b"it is ", b"its ", b"that's ", b"that is "].iter().any(|begin| text.starts_with_at(at, begin))
}

/// Maximum number of bytes between the keyword and the date.
const MAX_DISTANCE: usize = 40;

/// Returns the end of the date that starts at `at`.
fn date_end(text: &TextView<'_>, at: usize) -> Option<usize> {
    let stop = if text.has_class(at, DIGIT) { digit_first_date_end(text, at) } else { month_first_date_end(text, at) }?;
    (!text.has_class(stop, ALNUM) && is_char_boundary(text.bytes(), stop)).then_some(stop)
}

/// Returns the end of a date that starts with digits: `1990-04-17`, `17.04.1990`, `4/17/90`, `17 April 1990`,
/// `1990年4月17日`.
fn digit_first_date_end(text: &TextView<'_>, at: usize) -> Option<usize> {
    let (first, stop) = parse_number(text, at, 4)?;
    if stop - at == 4 {
        let year = "年".as_bytes();
        if text.starts_with_at(stop, year) {
            let (month, stop) = parse_number(text, stop + year.len(), 2)?;
            let (day, stop) = parse_number(text, text.starts_with_at(stop, "月".as_bytes()).then_some(stop + 3)?, 2)?;
            let stop = if text.starts_with_at(stop, "日".as_bytes()) { stop + 3 } else { stop };
            return is_calendar_date(first, month, day).then_some(stop);
        }
        let separator = matches!(text.byte_at(stop), b'-' | b'/' | b'.').then(|| text.byte_at(stop))?;
        let (month, stop) = parse_number(text, stop + 1, 2)?;
        let (day, stop) = parse_number(text, (text.byte_at(stop) == separator).then_some(stop + 1)?, 2)?;
        return is_calendar_date(first, month, day).then_some(stop);
    }
    let separator = text.byte_at(stop);
    if matches!(separator, b'-' | b'/' | b'.') && text.has_class(stop + 1, DIGIT) {
        let (second, stop) = parse_number(text, stop + 1, 2)?;
        let begin = (text.byte_at(stop) == separator).then_some(stop + 1)?;
        let (year, stop) = parse_number(text, begin, 4).filter(|(_, stop)| matches!(stop - begin, 2 | 4))?;
        return (is_calendar_date(year, second, first) || is_calendar_date(year, first, second)).then_some(stop);
    }
    let ordinal = [&b"st"[..], b"nd", b"rd", b"th"].into_iter().any(|ending| text.starts_with_at(stop, ending));
    let position = stop + if ordinal { 2 } else { usize::from(separator == b'.') };
    let position = skip_separators(text, position);
    let position = if text.starts_with_at(position, b"of ") { position + 3 } else { position };
    let position = if text.starts_with_at(position, b"de ") { position + 3 } else { position };
    let (month, stop) = parse_month(text, position)?;
    let position = skip_separators(text, stop);
    let position = if text.starts_with_at(position, b"de ") { position + 3 } else { position };
    let (year, stop) = parse_number(text, position, 4).filter(|(_, stop)| matches!(stop - position, 2 | 4))?;
    is_calendar_date(year, month, first).then_some(stop)
}

/// Returns the end of a date that starts with the name of a month: `April 17, 1990`.
fn month_first_date_end(text: &TextView<'_>, at: usize) -> Option<usize> {
    let (month, stop) = parse_month(text, at)?;
    let (day, stop) = parse_number(text, skip_separators(text, stop), 2)?;
    let ordinal = [&b"st"[..], b"nd", b"rd", b"th"].into_iter().any(|ending| text.starts_with_at(stop, ending));
    let begin = skip_separators(text, stop + if ordinal { 2 } else { 0 });
    let (year, stop) = parse_number(text, begin, 4).filter(|(_, stop)| matches!(stop - begin, 2 | 4))?;
    is_calendar_date(year, month, day).then_some(stop)
}

/// Returns the position after at most four blanks, commas, dots and hyphens.
fn skip_separators(text: &TextView<'_>, mut position: usize) -> usize {
    let from = position;
    while position - from < 4 && matches!(text.byte_at(position), b' ' | b',' | b'.' | b'-') {
        position += 1;
    }
    position
}

fn parse_number(text: &TextView<'_>, at: usize, most: usize) -> Option<(u32, usize)> {
    let stop = text.bounded_run_end(DIGIT, at, most);
    let value = text.slice(at, stop).iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (stop > at).then_some((value, stop))
}

/// Returns the month whose first letters are at `at`, in several languages, and the end of its name.
fn parse_month(text: &TextView<'_>, at: usize) -> Option<(u32, usize)> {
    let index =
        MONTH_PREFIXES.iter().position(|names| names.iter().any(|name| text.starts_with_at(at, name.as_bytes())))?;
    let mut stop = at;
    while stop - at < 24 && text.has_class(stop, UPPER | LOWER | class::NON_ASCII) {
        stop += 1;
    }
    Some((u32::try_from(index).ok()? + 1, stop))
}

const MONTH_PREFIXES: [&[&str]; 12] = [
    &["jan", "ene", "gen", "янв", "sty", "oca"],
    &["feb", "fév", "fev", "фев", "lut", "şub"],
    &["mar", "mär", "мар", "mrt", "maa"],
    &["apr", "avr", "abr", "апр", "kwi", "nis"],
    &["may", "mai", "mag", "мая", "май", "mei", "maj"],
    &["jun", "juin", "giu", "июн", "cze", "haz"],
    &["jul", "juil", "lug", "июл", "lip", "tem"],
    &["aug", "aoû", "ago", "авг", "sie", "ağu"],
    &["sep", "set", "сен", "wrz", "eyl"],
    &["oct", "okt", "out", "ott", "окт", "paź", "eki"],
    &["nov", "ноя", "lis", "kas"],
    &["dec", "dez", "déc", "dic", "дек", "gru", "ara"],
];

/// Returns whether the calendar has the day, in the years 1880 to 2100. A two-digit year belongs to the twentieth
/// century; 29 February is valid for every two-digit year.
fn is_calendar_date(year: u32, month: u32, day: u32) -> bool {
    let full = if year < 100 { 1900 + year } else { year };
    let leap = full.is_multiple_of(4) && (!full.is_multiple_of(100) || full.is_multiple_of(400));
    let days = match month {
        2 => 28 + u32::from(leap || year < 100),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1880..=2100).contains(&full) && (1..=days).contains(&day)
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    #[test]
    fn dates_after_a_keyword_are_found_in_every_format() {
        for date in [
            "1990-04-17",
            "17.04.1990",
            "4/17/1990",
            "17 April 1990",
            "April 17, 1990",
            "17th of April 1990",
            "Apr. 17 1990",
            "04/17/90",
        ] {
            for frame in [
                "born on {}.",
                "DOB: {}",
                "date of birth: {},",
                "Geburtsdatum: {}",
                "\"birth_date\":\"{}\"",
                "birthday is {}",
            ] {
                assert_eq!(find_all(&frame.replace("{}", date)), [(DataKind::DateOfBirth, date)], "{frame}");
            }
        }
        assert_eq!(find_all("生年月日は1990年4月17日です"), [(DataKind::DateOfBirth, "1990年4月17日")]);
        assert_eq!(find_all("You want my date of birth. It's 17/04/1990"), [(DataKind::DateOfBirth, "17/04/1990")]);
        assert_eq!(find_all("née le 17 avril 1990"), [(DataKind::DateOfBirth, "17 avril 1990")]);
        assert_eq!(find_all("nata il 17 luglio 1990"), [(DataKind::DateOfBirth, "17 luglio 1990")]);
        assert_eq!(find_all("data di nascita: 17.04.1990"), [(DataKind::DateOfBirth, "17.04.1990")]);
        assert_eq!(find_all("Meier, geb. 17.04.1990"), [(DataKind::DateOfBirth, "17.04.1990")]);
        assert_eq!(find_all("дата рождения: 17 сентября 1990"), [(DataKind::DateOfBirth, "17 сентября 1990")]);
        assert_eq!(find_all("تاريخ الميلاد: 17/04/1990"), [(DataKind::DateOfBirth, "17/04/1990")]);
        assert_eq!(
            find_all("fecha de nacimiento: 17 de abril de 1990"),
            [(DataKind::DateOfBirth, "17 de abril de 1990")]
        );
    }

    #[test]
    fn other_dates_are_not_found() {
        for text in [
            "on 1990-04-17",
            "born in 1990",
            "born 1990-13-17",
            "born in Rome. On 1990-04-17",
            "stubborn 1990-04-17",
            "born 1990-04-171",
        ] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }
}
