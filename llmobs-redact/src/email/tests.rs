use super::super::DataKind;
use super::super::test_support::find_all;

fn emails(text: &str) -> Vec<&str> {
    find_all(text).into_iter().filter(|(kind, _)| *kind == DataKind::Email).map(|(_, matched)| matched).collect()
}

#[test]
fn addresses_are_found_in_any_context() {
    for text in [
        "jane.doe+news@mail.example.org",
        "o'brien@example.ie",
        "x@y.co",
        "jörg.müller@bücher.de",
        "иван@почта.рф",
        "user@xn--bcher-kva.example",
        "a_b-c%d@sub.sub2.example.museum",
    ] {
        for frame in
            ["{}", "to {}.", "<{}>", "({}), and", "\"{}\"", "'{}'", "联系{}谢谢", "mailto:{}?subject=x", "x={};"]
        {
            let framed = frame.replace("{}", text);
            if frame.starts_with('联') && !text.is_ascii() {
                continue;
            }
            assert_eq!(emails(&framed), [text], "{framed}");
        }
    }
}

#[test]
fn escapes_are_not_part_of_a_name() {
    assert_eq!(emails(r#"{"to":"a\njane@example.org"}"#), ["jane@example.org"]);
    assert_eq!(emails(r"\u003cjane@example.org\u003e"), ["jane@example.org"]);
    assert_eq!(emails("?to=jane%40example.org&x"), ["jane%40example.org"]);
    assert_eq!(emails(r"jane\u0040example.org"), [r"jane\u0040example.org"]);
    assert_eq!(emails(r#"{"to":"jane@b\u00fccher.de"}"#), [r"jane@b\u00fccher.de"]);
    assert_eq!(emails(r"to jane@m\\u00fcnchen.de\\n"), [r"jane@m\\u00fcnchen.de"]);
    assert_eq!(emails(r"jane@example.org\u003c"), ["jane@example.org"]);
    assert_eq!(emails(r"jane@example.org\u2026 and"), ["jane@example.org"]);
    assert_eq!(emails(r"jane@example.org\u3067\u3059"), ["jane@example.org"]);
    assert_eq!(emails(r"jane@\u4f8b\u3048.jp"), [r"jane@\u4f8b\u3048.jp"]);
}

#[test]
fn obfuscated_addresses_are_found() {
    for text in [
        "jane [at] example [dot] org",
        "jane(at)example.org",
        "jane.doe at example dot co dot uk",
        "jane AT example DOT com",
        "jane [at] mail.example.org",
    ] {
        assert_eq!(emails(&format!("write to {text}, please")), [text]);
    }
    for text in ["we met at the dot com boom", "look at this dot", "arrived at home. Com"] {
        assert!(emails(text).is_empty(), "{text}");
    }
}

#[test]
fn text_that_resembles_an_address_is_not_one() {
    for text in [
        "logo@2x.png",
        "react@18.2.0",
        "lodash@4.17.21-rc.one",
        "git@github.com:team/repo.git",
        "ssh://git@github.com/team/repo",
        "user@localhost",
        "@media (max-width: 3px)",
        "https://medium.com/@name/some.story",
        "@scope/package@1.2.3",
        "actions/checkout@v4",
        "image@sha256:0a1b",
        "A@B.T",
        "x@y.reshape(2)",
        "foo@.com",
        "@@@@",
    ] {
        assert!(emails(text).is_empty(), "{text}: {:?}", emails(text));
    }
}

#[test]
fn a_long_domain_of_escaped_letters_is_found() {
    let domain = format!("{}x.de", "\\u00fc".repeat(60));
    let text = format!("an jane@{domain} und");
    assert_eq!(find_all(&text), [(DataKind::Email, &text[3..text.len() - 4])]);
    assert!(find_all(&format!("an jane@{}.de", "\\u00fc".repeat(64))).is_empty());
}
