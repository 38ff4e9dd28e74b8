use super::*;

#[test]
fn byte_before_is_decoded_from_an_escape() {
    let before = |text: &str| TextView::new(text.as_bytes(), true, 0).decoded_byte_before(text.len());
    assert_eq!(before("a\\n"), b' ');
    assert_eq!(before("a\\\\n"), b' ');
    assert_eq!(before("token\\u003d"), b'=');
    assert_eq!(before("\\u00e9"), 0x80);
    assert_eq!(before("token%3D"), b'=');
    assert_eq!(before("abc"), b'c');
    assert_eq!(before(""), 0);
}

#[test]
fn match_borders_read_as_brackets() {
    let mut text = TextView::new(b"aaa bbb ccc", true, 0);
    text.extend_opaque(4);
    text.set_visible_end(8);
    assert_eq!((text.decoded_byte_before(4), text.decoded_byte_before(5)), (b']', b'b'));
    assert_eq!((text.byte_at(7), text.byte_at(8)), (b' ', b'['));
    assert_eq!(text.window_before(7, 64), b"bbb");
    assert!(!text.take_needs_more_input());
}

#[test]
fn incomplete_text_records_that_its_end_was_read() {
    let text = TextView::new(b"abc def", false, 0);
    assert_eq!((text.run_end(RunClass::Alnum, 0), text.take_needs_more_input()), (3, false));
    assert_eq!((text.run_end(RunClass::Alnum, 4), text.take_needs_more_input()), (7, true));
    assert_eq!((text.run_end(RunClass::Alnum, 5), text.take_needs_more_input()), (7, true), "the stored end too");
    assert!(TextView::new(b"abc", true, 0).run_end(RunClass::Alnum, 0) == 3);
}
