use super::*;

fn scalar(text: &str) -> String {
    let node = parse(text).unwrap();
    node.get("key").unwrap().text().unwrap().to_owned()
}

fn refused(text: &str) -> (usize, String) {
    let error = parse(text).unwrap_err();
    (error.line, error.message)
}

#[test]
fn plain_text_goes_on_in_deeper_lines() {
    assert_eq!(
        scalar("key: The provider as seen by the client\n  or server.\nnext: x\n"),
        "The provider as seen by the client or server."
    );
}

#[test]
fn a_value_may_begin_on_the_line_below_its_key() {
    assert_eq!(scalar("key:\n  plain text\n"), "plain text");
    let node = parse("key:\n  [\"a, b\", 'c']\n").unwrap();
    let items = node.get("key").unwrap().list().unwrap();
    assert_eq!(items[0].text(), Ok("a, b"));
    assert_eq!(items[1].text(), Ok("c"));
}

#[test]
fn quotes_keep_colons_hashes_and_escapes() {
    assert_eq!(scalar("key: \"a: b # c \\\"d\\\"\" # gone\n"), "a: b # c \"d\"");
    assert_eq!(scalar("key: 'it''s # not a comment' # gone\n"), "it's # not a comment");
    assert_eq!(scalar("key: don't # gone\n"), "don't");
}

#[test]
fn a_folded_block_joins_lines_and_keeps_paragraphs_and_deeper_lines() {
    assert_eq!(scalar("key: >\n  one\n  two\n\n  three\n    deeper\n  four\n"), "one two\nthree\n  deeper\nfour\n");
    assert_eq!(scalar("key: >-\n  one\n  two\n"), "one two");
}

#[test]
fn a_literal_block_keeps_its_lines_and_what_looks_like_comments_and_keys() {
    assert_eq!(scalar("key: |\n  # one\n\n    two: 2\n- 3\n".trim_end_matches("- 3\n")), "# one\n\n  two: 2\n");
}

#[test]
fn a_list_may_stand_under_its_key_or_deeper() {
    for text in ["key:\n- a: 1\n  b: 2\n- c\n", "key:\n  - a: 1\n    b: 2\n  - c\n"] {
        let node = parse(text).unwrap();
        let items = node.get("key").unwrap().list().unwrap();
        assert_eq!(items[0].get("b").unwrap().text(), Ok("2"));
        assert_eq!(items[1].text(), Ok("c"));
    }
}

#[test]
fn a_list_of_literal_blocks_and_flow_lists() {
    let node = parse("key:\n  - |\n      [\n        1\n      ]\n  - [stop, length, [x]] # c\n").unwrap();
    let items = node.get("key").unwrap().list().unwrap();
    assert_eq!(items[0].text(), Ok("[\n  1\n]\n"));
    let inner = items[1].list().unwrap();
    assert_eq!(inner.len(), 3);
    assert_eq!(inner[2].list().unwrap()[0].text(), Ok("x"));
}

#[test]
fn a_flow_list_may_span_lines_and_end_in_a_comma() {
    let node = parse("key: [a,\n  b,\n  ]\nnext: x\n").unwrap();
    assert_eq!(node.get("key").unwrap().list().unwrap().len(), 2);
    assert_eq!(node.get("next").unwrap().text(), Ok("x"));
}

#[test]
fn an_alias_repeats_the_scalar_of_its_anchor() {
    let node = parse("a: &note >\n  one\n  two\nb: *note\n").unwrap();
    assert_eq!(node.get("b").unwrap().text(), Ok("one two\n"));
}

#[test]
fn nodes_know_their_lines() {
    let node = parse("# comment\n\na: 1\nb:\n  - c: 2\n").unwrap();
    assert_eq!(node.get("b").unwrap().list().unwrap()[0].line, 5);
    assert_eq!(node.get("d").unwrap_err().line, 3);
}

#[test]
fn what_is_not_understood_is_refused_with_its_line() {
    assert_eq!(refused("a: 1\nb: {c: 2}\n").0, 2);
    assert_eq!(refused("a: 1\n\tb: 2\n").0, 2);
    assert_eq!(refused("a: 1\na: 2\n"), (2, "`a` is given twice".to_owned()));
    assert_eq!(refused("a: 1\nb: *c\n").0, 2);
    assert_eq!(refused("a: !tag b\n").0, 1);
    assert_eq!(refused("a: b: c\n").0, 1);
    assert_eq!(refused("a:\nb: 1\n"), (1, "the value is missing".to_owned()));
    assert_eq!(refused("a: 1\n  b: 2\n").0, 2);
    assert_eq!(refused("a: \"open\nb: 1\n").0, 1);
    assert_eq!(refused("a: [1, 2\nb: 1\n").0, 1);
    assert_eq!(refused("a: |+\n  b\n").0, 1);
    assert_eq!(refused("- - a\n").0, 1);
    assert_eq!(refused("a: \"\\n\"\n").0, 1);
    assert_eq!(refused("a: [1] [2]\n").0, 1);
    assert_eq!(refused("a:\n  b: 1\n c: 2\n").0, 3);
    assert_eq!(refused("").0, 1);
}
