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
pub(super) fn birth(text: &TextView<'_>, at: usize, end: usize) -> Option<Match> {
    let first = text.at(at);
    if first.is_ascii() && class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    let mut place = end;
    let mut lines = 0;
    while place - end < REACH {
        let byte = text.at(place);
        lines += usize::from(byte == b'\n');
        if matches!(byte, 0 | b'[')
            || lines > 1
            || byte == b'.' && text.has_class(place + 1, SPACE) && !continues_sentence(text, place + 2)
        {
            return None;
        }
        let word = !class::is_in(text.byte_before(place), ALNUM);
        if word
            && class::is_in(byte, DIGIT | UPPER | LOWER)
            && let Some(stop) = date(text, place)
        {
            return Some(Match::new(place, stop, DataKind::DateOfBirth));
        }
        place += 1;
    }
    None
}

/// Returns whether the next sentence refers to the keyword: `.. my date of birth. It's ..`.
fn continues_sentence(text: &TextView<'_>, at: usize) -> bool {
    [&b"it's "[..], b"it is ", b"its ", b"that's ", b"that is "].iter().any(|begin| text.starts_with_at(at, begin))
}

/// Maximum number of bytes between the keyword and the date.
const REACH: usize = 40;

/// Returns the end of the date that starts at `at`.
fn date(text: &TextView<'_>, at: usize) -> Option<usize> {
    let stop = if text.has_class(at, DIGIT) { digits_first(text, at) } else { month_first(text, at) }?;
    (!text.has_class(stop, ALNUM) && is_char_boundary(text.bytes(), stop)).then_some(stop)
}

/// Returns the end of a date that starts with digits: `1990-04-17`, `17.04.1990`, `4/17/90`, `17 April 1990`,
/// `1990年4月17日`.
fn digits_first(text: &TextView<'_>, at: usize) -> Option<usize> {
    let (first, stop) = number(text, at, 4)?;
    if stop - at == 4 {
        let year = "年".as_bytes();
        if text.starts_with_at(stop, year) {
            let (month, stop) = number(text, stop + year.len(), 2)?;
            let (day, stop) = number(text, text.starts_with_at(stop, "月".as_bytes()).then_some(stop + 3)?, 2)?;
            let stop = if text.starts_with_at(stop, "日".as_bytes()) { stop + 3 } else { stop };
            return is_calendar_date(first, month, day).then_some(stop);
        }
        let separator = matches!(text.at(stop), b'-' | b'/' | b'.').then(|| text.at(stop))?;
        let (month, stop) = number(text, stop + 1, 2)?;
        let (day, stop) = number(text, (text.at(stop) == separator).then_some(stop + 1)?, 2)?;
        return is_calendar_date(first, month, day).then_some(stop);
    }
    let separator = text.at(stop);
    if matches!(separator, b'-' | b'/' | b'.') && text.has_class(stop + 1, DIGIT) {
        let (second, stop) = number(text, stop + 1, 2)?;
        let begin = (text.at(stop) == separator).then_some(stop + 1)?;
        let (year, stop) = number(text, begin, 4).filter(|(_, stop)| matches!(stop - begin, 2 | 4))?;
        return (is_calendar_date(year, second, first) || is_calendar_date(year, first, second)).then_some(stop);
    }
    let ordinal = [&b"st"[..], b"nd", b"rd", b"th"].into_iter().any(|ending| text.starts_with_at(stop, ending));
    let place = stop + if ordinal { 2 } else { usize::from(separator == b'.') };
    let place = skip(text, place);
    let place = if text.starts_with_at(place, b"of ") { place + 3 } else { place };
    let place = if text.starts_with_at(place, b"de ") { place + 3 } else { place };
    let (month, stop) = month(text, place)?;
    let place = skip(text, stop);
    let place = if text.starts_with_at(place, b"de ") { place + 3 } else { place };
    let (year, stop) = number(text, place, 4).filter(|(_, stop)| matches!(stop - place, 2 | 4))?;
    is_calendar_date(year, month, first).then_some(stop)
}

/// Returns the end of a date that starts with the name of a month: `April 17, 1990`.
fn month_first(text: &TextView<'_>, at: usize) -> Option<usize> {
    let (month, stop) = month(text, at)?;
    let (day, stop) = number(text, skip(text, stop), 2)?;
    let ordinal = [&b"st"[..], b"nd", b"rd", b"th"].into_iter().any(|ending| text.starts_with_at(stop, ending));
    let begin = skip(text, stop + if ordinal { 2 } else { 0 });
    let (year, stop) = number(text, begin, 4).filter(|(_, stop)| matches!(stop - begin, 2 | 4))?;
    is_calendar_date(year, month, day).then_some(stop)
}

/// Returns the position after at most four blanks, commas, dots and hyphens.
fn skip(text: &TextView<'_>, mut place: usize) -> usize {
    let from = place;
    while place - from < 4 && matches!(text.at(place), b' ' | b',' | b'.' | b'-') {
        place += 1;
    }
    place
}

fn number(text: &TextView<'_>, at: usize, most: usize) -> Option<(u32, usize)> {
    let stop = text.short_run(DIGIT, at, most);
    let value = text.slice(at, stop).iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'));
    (stop > at).then_some((value, stop))
}

/// Returns the month whose first letters are at `at`, in several languages, and the end of its name.
fn month(text: &TextView<'_>, at: usize) -> Option<(u32, usize)> {
    let place = MONTHS.iter().position(|names| names.iter().any(|name| text.starts_with_at(at, name.as_bytes())))?;
    let mut stop = at;
    while stop - at < 24 && text.has_class(stop, UPPER | LOWER | class::WIDE) {
        stop += 1;
    }
    Some((u32::try_from(place).ok()? + 1, stop))
}

const MONTHS: [&[&str]; 12] = [
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
    use super::super::test_support::found;

    #[test]
    fn dates_behind_a_word_are_found_in_every_way_of_writing() {
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
                assert_eq!(found(&frame.replace("{}", date)), [(DataKind::DateOfBirth, date)], "{frame}");
            }
        }
        assert_eq!(found("生年月日は1990年4月17日です"), [(DataKind::DateOfBirth, "1990年4月17日")]);
        assert_eq!(found("You want my date of birth. It's 17/04/1990"), [(DataKind::DateOfBirth, "17/04/1990")]);
        assert_eq!(found("née le 17 avril 1990"), [(DataKind::DateOfBirth, "17 avril 1990")]);
        assert_eq!(found("nata il 17 luglio 1990"), [(DataKind::DateOfBirth, "17 luglio 1990")]);
        assert_eq!(found("data di nascita: 17.04.1990"), [(DataKind::DateOfBirth, "17.04.1990")]);
        assert_eq!(found("Meier, geb. 17.04.1990"), [(DataKind::DateOfBirth, "17.04.1990")]);
        assert_eq!(found("дата рождения: 17 сентября 1990"), [(DataKind::DateOfBirth, "17 сентября 1990")]);
        assert_eq!(found("تاريخ الميلاد: 17/04/1990"), [(DataKind::DateOfBirth, "17/04/1990")]);
        assert_eq!(found("fecha de nacimiento: 17 de abril de 1990"), [(DataKind::DateOfBirth, "17 de abril de 1990")]);
    }

    #[test]
    fn other_dates_stay() {
        for text in [
            "on 1990-04-17",
            "born in 1990",
            "born 1990-13-17",
            "born in Rome. On 1990-04-17",
            "stubborn 1990-04-17",
            "born 1990-04-171",
        ] {
            assert!(found(text).is_empty(), "{text}: {:?}", found(text));
        }
    }
}
