//! Detection of credentials in URLs.

use super::class;
use super::class::ALNUM;
use super::class::SPACE;
use super::found::Match;
use super::kind::DataKind;
use super::secret_value;
use super::view::TextView;

/// Returns the user and password after the `://` at `at..end`. Its slashes can be escape sequences.
pub(super) fn detect_user_info(text: &TextView<'_>, at: usize, start: usize) -> Option<Match> {
    if !class::is_in(text.byte_before(at), ALNUM) {
        return None;
    }
    let mut sign = None;
    let mut position = start;
    // A password can contain an unescaped at sign, so the last one before the path ends the password.
    while position - start < MAX_USER_INFO_BYTES {
        match text.byte_at(position) {
            b'@' => sign = Some(position),
            // JSON can escape a slash in the password.
            b'\\' if sign.is_none() && text.byte_at(position + 1) == b'/' => {}
            b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' | 0 | b'[' => break,
            b'/' | b'?' | b'#'
                if sign.is_some_and(|sign| is_host(text, sign + 1, position))
                    || !is_password_byte(text, start, position) =>
            {
                break;
            }
            byte if class::is_in(byte, SPACE) => break,
            _ => {}
        }
        position += 1;
    }
    let end = sign?;
    let name = text.slice(start, end);
    let colon = name.iter().position(|byte| *byte == b':')?;
    let password = &name[colon + 1..];
    (!password.is_empty() && !secret_value::is_dummy(password)).then(|| Match::new(start, end, DataKind::UrlCredential))
}

/// Maximum number of bytes of a user and password.
const MAX_USER_INFO_BYTES: usize = 512;

/// Returns whether `start..end` is a host: a name with a dot or a port, or `localhost`.
fn is_host(text: &TextView<'_>, start: usize, end: usize) -> bool {
    let name = text.slice(start, end);
    name.contains(&b'.') || name.contains(&b':') || name == b"localhost"
}

/// Returns whether the character at `position` belongs to a password: a password has started, and within 64 bytes an at
/// sign and a letter or digit follow, without a blank, quotation mark, `&` or `=` before the at sign.
fn is_password_byte(text: &TextView<'_>, start: usize, position: usize) -> bool {
    let colon = text.slice(start, position).iter().position(|byte| *byte == b':');
    let Some(colon) = colon else { return false };
    let port = text.slice(start + colon + 1, position);
    // `host:8080/` contains a port, not a password.
    if port.is_empty() || port.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let mut ahead = position + 1;
    while ahead - position < 64 {
        match text.byte_at(ahead) {
            b'@' => return text.has_class(ahead + 1, ALNUM),
            b'"' | b'\'' | b'`' | b'<' | b'>' | b'&' | b'=' | 0 | b'[' => return false,
            byte if class::is_in(byte, SPACE) => return false,
            _ => ahead += 1,
        }
    }
    false
}

/// Returns the value of a URL parameter, such as `?sig=` or `&key=`, if it is secret. The value starts at `start`.
/// `is_certain` reports whether every value of the parameter is a secret.
pub(super) fn detect_parameter(text: &TextView<'_>, start: usize, is_certain: bool) -> Option<Match> {
    let mut stop = start;
    while stop - start < 2048 {
        match text.escape_at(stop) {
            Some((byte, next)) if class::is_in(byte, class::BASE64_SIGN) => stop = next,
            _ if !text.has_class(stop, class::VALUE) || matches!(text.byte_at(stop), b'&' | b'#' | b'\\' | b'|') => {
                break;
            }
            _ => stop += 1,
        }
    }
    while stop > start && matches!(text.byte_at(stop - 1), b'.' | b':' | b'!' | b'?') {
        stop -= 1;
    }
    let value = text.slice(start, stop);
    let opens = if is_certain { value.len() >= 8 } else { value.len() >= 12 && secret_value::is_random(value) };
    (opens && !secret_value::is_dummy(value)).then(|| Match::new(start, stop, DataKind::UrlCredential))
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    #[test]
    fn users_and_passwords_are_found() {
        for (text, credential) in [
            ("postgres://app:s3cr3t@db.example.com:5432/x", "app:s3cr3t"),
            ("redis://:hunter22@10.0.0.1", ":hunter22"),
            ("https://jane:p%40ss@example.com/a?b", "jane:p%40ss"),
            ("mongodb+srv://u:p@ss/w0rd@cluster.example.net", "u:p@ss/w0rd"),
            ("amqps://guest:guest@mq.example.com/vhost", "guest:guest"),
        ] {
            for frame in ["at {}.", "\"{}\"", "url={}", "接続{}。"] {
                assert!(
                    find_all(&frame.replace("{}", text)).contains(&(DataKind::UrlCredential, credential)),
                    "{text} in {frame}"
                );
            }
        }
    }

    #[test]
    fn signatures_and_keys_in_queries_are_found() {
        for (text, value) in [
            ("https://a.example/?key=AbCdEfGh1234567890XyZ&x=1", "AbCdEfGh1234567890XyZ"),
            ("https://b.example/f?sv=2024&sig=abcDEF123%2Bxyz%3D", "abcDEF123%2Bxyz%3D"),
            ("https://s3.example/k?X-Amz-Signature=0123456789abcdef0123", "0123456789abcdef0123"),
        ] {
            assert_eq!(find_all(text), [(DataKind::UrlCredential, value)], "{text}");
        }
    }

    #[test]
    fn other_urls_are_not_found() {
        for text in [
            "https://medium.com/@x",
            "https://example.com:8080/@x/y",
            "https://example.com/a:b@c",
            "http://localhost:3000",
            "postgres://user:${DB_PASSWORD}@db.example/x",
            "postgres://user:<password>@db.example/x",
            "postgres://user@db.example/x",
            "https://example.com/?key=name&token=csrf",
            "https://example.com/?page=2",
        ] {
            assert!(find_all(text).is_empty(), "{text}: {:?}", find_all(text));
        }
    }
}
