//! Detection of JSON Web Tokens.

use super::checksum;
use super::class;
use super::class::ALNUM;
use super::class::BASE64_SIGN;
use super::found::Match;
use super::kind::DataKind;
use super::view::RunClass;
use super::view::TextView;

/// Returns the token at `at`, which starts with `eyJ`: base64 of `{"`.
pub(super) fn detect(text: &TextView<'_>, at: usize) -> Option<Match> {
    if text.slice(at, at + 3) != b"eyJ" || class::is_in(text.decoded_byte_before(at), ALNUM) {
        return None;
    }
    let header = part_end(text, at);
    if header - at < 10 || text.byte_at(header) != b'.' || !is_header(text.slice(at, header)) {
        return None;
    }
    let mut end = part_end(text, header + 1);
    if end == header + 1 && text.byte_at(end) != b'.' {
        return None;
    }
    // A signature, or the three additional parts of an encrypted token. A final full stop is not a part.
    for _ in 0..3 {
        let next = part_end(text, end + usize::from(text.byte_at(end) == b'.'));
        if text.byte_at(end) != b'.' || next == end + 1 && text.byte_at(next) != b'.' {
            break;
        }
        end = next;
    }
    Some(Match::new(at, end, DataKind::Jwt))
}

/// Returns the end of the part that starts at `from`, with its padding. The standard has no padding; some encoders add it.
fn part_end(text: &TextView<'_>, from: usize) -> usize {
    let end = text.run_end(RunClass::Word, from);
    let padding = (0..2).take_while(|step| text.byte_at(end + step) == b'=').count();
    if end > from && !text.has_class(end + padding, ALNUM | BASE64_SIGN) { end + padding } else { end }
}

/// Returns whether the first part is JSON with a header parameter: `alg`, `typ`, `enc` or `kid`.
fn is_header(part: &[u8]) -> bool {
    let Some(json) = checksum::decode_base64(part, 384) else { return false };
    json.starts_with(b"{\"")
        && [&b"\"alg\""[..], b"\"typ\"", b"\"enc\"", b"\"kid\""]
            .iter()
            .any(|key| json.windows(key.len()).any(|window| window == *key))
}

#[cfg(test)]
mod tests {
    use super::super::DataKind;
    use super::super::test_support::find_all;

    /// The example of RFC 7515, appendix A.1, with a shorter payload.
    const SIGNED: &str =
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    #[test]
    fn tokens_are_found_completely() {
        for frame in ["{}", "it is {}.", "{}, then", "「{}」", "\"{}\"", "x={}"] {
            assert_eq!(find_all(&frame.replace("{}", SIGNED)), [(DataKind::Jwt, SIGNED)], "{frame}");
        }
        let unsigned = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.";
        assert_eq!(find_all(&format!("{unsigned} x")), [(DataKind::Jwt, &unsigned[..unsigned.len() - 1])]);
        let encrypted = "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGe.48V1_ALb6US04U3b.5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6ji.XFBoMYUZodetZdvTiFvSkQ";
        assert_eq!(find_all(encrypted), [(DataKind::Jwt, encrypted)]);
        let padded = format!("{}==", SIGNED.replace("ifQ.", "ifQ=."));
        assert_eq!(find_all(&format!("{padded}, then")), [(DataKind::Jwt, &padded[..])]);
    }

    #[test]
    fn text_without_a_header_is_not_a_token() {
        for text in [
            "eyJ.eyJ.x",
            "eyJhbGciOiJub25lIn0",
            "eyJmb28iOiJiYXIifQ.abc",
            "xeyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UifQ.a",
            "eyJhbGciOiJub25lIn0. Then",
        ] {
            assert!(find_all(text).is_empty(), "{text}");
        }
    }
}
