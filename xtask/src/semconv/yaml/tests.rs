use super::*;

fn parse_scalar(text: &str) -> String {
    let node = parse(text).unwrap();
    node.require("key").unwrap().as_str().unwrap().to_owned()
}

fn parse_error(text: &str) -> (usize, String) {
    let error = parse(text).unwrap_err();
    (error.line, error.message)
}

#[test]
fn plain_text_continues_on_lines_with_deeper_indentation() {
    assert_eq!(
        parse_scalar("key: The provider as seen by the client\n  or server.\nnext: x\n"),
        "The provider as seen by the client or server."
    );
}

#[test]
fn a_value_may_begin_on_the_line_below_its_key() {
    assert_eq!(parse_scalar("key:\n  plain text\n"), "plain text");
    let node = parse("key:\n  [\"a, b\", 'c']\n").unwrap();
    let items = node.require("key").unwrap().as_list().unwrap();
    assert_eq!(items[0].as_str(), Ok("a, b"));
    assert_eq!(items[1].as_str(), Ok("c"));
}

#[test]
fn quoted_text_may_contain_colons_hashes_and_escapes() {
    assert_eq!(parse_scalar("key: \"a: b # c \\\"d\\\"\" # gone\n"), "a: b # c \"d\"");
    assert_eq!(parse_scalar("key: 'it''s # not a comment' # gone\n"), "it's # not a comment");
    assert_eq!(parse_scalar("key: don't # gone\n"), "don't");
}

#[test]
fn a_folded_block_joins_lines_and_preserves_paragraphs_and_deeper_lines() {
    assert_eq!(
        parse_scalar("key: >\n  one\n  two\n\n  three\n    deeper\n  four\n"),
        "one two\nthree\n  deeper\nfour\n"
    );
    assert_eq!(parse_scalar("key: >-\n  one\n  two\n"), "one two");
}

#[test]
fn a_literal_block_preserves_its_lines_even_if_they_look_like_comments_or_keys() {
    assert_eq!(parse_scalar("key: |\n  # one\n\n    two: 2\n- 3\n".trim_end_matches("- 3\n")), "# one\n\n  two: 2\n");
}

#[test]
fn a_list_may_have_the_indentation_of_its_key_or_a_deeper_one() {
    for text in ["key:\n- a: 1\n  b: 2\n- c\n", "key:\n  - a: 1\n    b: 2\n  - c\n"] {
        let node = parse(text).unwrap();
        let items = node.require("key").unwrap().as_list().unwrap();
        assert_eq!(items[0].require("b").unwrap().as_str(), Ok("2"));
        assert_eq!(items[1].as_str(), Ok("c"));
    }
}

#[test]
fn a_list_may_contain_literal_blocks_and_flow_lists() {
    let node = parse("key:\n  - |\n      [\n        1\n      ]\n  - [stop, length, [x]] # c\n").unwrap();
    let items = node.require("key").unwrap().as_list().unwrap();
    assert_eq!(items[0].as_str(), Ok("[\n  1\n]\n"));
    let inner = items[1].as_list().unwrap();
    assert_eq!(inner.len(), 3);
    assert_eq!(inner[2].as_list().unwrap()[0].as_str(), Ok("x"));
}

#[test]
fn a_flow_list_may_span_lines_and_end_in_a_comma() {
    let node = parse("key: [a,\n  b,\n  ]\nnext: x\n").unwrap();
    assert_eq!(node.require("key").unwrap().as_list().unwrap().len(), 2);
    assert_eq!(node.require("next").unwrap().as_str(), Ok("x"));
}

#[test]
fn an_alias_repeats_the_scalar_of_its_anchor() {
    let node = parse("a: &note >\n  one\n  two\nb: *note\n").unwrap();
    assert_eq!(node.require("b").unwrap().as_str(), Ok("one two\n"));
}

#[test]
fn nodes_and_errors_have_line_numbers() {
    let node = parse("# comment\n\na: 1\nb:\n  - c: 2\n").unwrap();
    assert_eq!(node.require("b").unwrap().as_list().unwrap()[0].line, 5);
    assert_eq!(node.require("d").unwrap_err().line, 3);
}

#[test]
fn unsupported_syntax_is_an_error_with_its_line() {
    assert_eq!(parse_error("a: 1\nb: {c: 2}\n").0, 2);
    assert_eq!(parse_error("a: 1\n\tb: 2\n").0, 2);
    assert_eq!(parse_error("a: 1\na: 2\n"), (2, "`a` is given twice".to_owned()));
    assert_eq!(parse_error("a: 1\nb: *c\n").0, 2);
    assert_eq!(parse_error("a: !tag b\n").0, 1);
    assert_eq!(parse_error("a: b: c\n").0, 1);
    assert_eq!(parse_error("a:\nb: 1\n"), (1, "the value is missing".to_owned()));
    assert_eq!(parse_error("a: 1\n  b: 2\n").0, 2);
    assert_eq!(parse_error("a: \"open\nb: 1\n").0, 1);
    assert_eq!(parse_error("a: [1, 2\nb: 1\n").0, 1);
    assert_eq!(parse_error("a: |+\n  b\n").0, 1);
    assert_eq!(parse_error("- - a\n").0, 1);
    assert_eq!(parse_error("a: \"\\n\"\n").0, 1);
    assert_eq!(parse_error("a: [1] [2]\n").0, 1);
    assert_eq!(parse_error("a:\n  b: 1\n c: 2\n").0, 3);
    assert_eq!(parse_error("").0, 1);
}
