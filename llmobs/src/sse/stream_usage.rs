//! The usage of streams in OpenAI's format: the option of a request that makes the stream report it, and the removal of
//! the frame that reports it.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use memchr::memmem;

use super::json::FromJson;
use super::json::Malformed;
use super::json::Reader;
use super::json::Value;
use super::json::json_object;
use super::json::read_document;

/// The most bytes of an incomplete event that are held back. A usage frame has less than a kilobyte.
const MAX_HELD_BYTES: usize = 64 * 1024;

/// Returns the body of a request with `stream_options.include_usage` set to `true`. All other bytes are unchanged.
/// Returns `None` if the body is not a JSON object, or if the option is set already.
pub(crate) fn request_stream_usage(body: &[u8]) -> Option<Vec<u8>> {
    let edit = read_document(body, find_edit).ok()??;
    Some([&body[..edit.at.start], edit.text.as_bytes(), &body[edit.at.end..]].concat())
}

/// A replacement of a range of a text.
struct Edit {
    at: Range<usize>,
    text: Cow<'static, str>,
}

impl Edit {
    /// Returns the insertion of a first field into an object, which begins at this position and whose text is `object`.
    fn first_field(object: &[u8], position: usize, field: &'static str) -> Self {
        let is_empty = object.get(1..object.len() - 1).is_none_or(|inner| inner.trim_ascii().is_empty());
        let text = if is_empty { field.into() } else { format!("{field},").into() };
        Self { at: position + 1..position + 1, text }
    }
}

/// Returns the edit that sets the option in the object that follows; `None` if none is required.
fn find_edit(reader: &mut Reader<'_>) -> Result<Option<Edit>, Malformed> {
    let start = reader.position();
    let mut options = None;
    let (is_object, text) = reader.with_text(|reader| {
        reader.object(|name, reader| {
            if name == b"stream_options" {
                options = Some(find_edit_of_options(reader)?);
            }
            Ok(())
        })
    })?;
    if !is_object {
        return Err(Malformed);
    }
    let insertion = || Some(Edit::first_field(text, start, r#""stream_options":{"include_usage":true}"#));
    Ok(options.unwrap_or_else(insertion))
}

fn find_edit_of_options(reader: &mut Reader<'_>) -> Result<Option<Edit>, Malformed> {
    let start = reader.position();
    let mut include_usage = None;
    let (is_object, text) = reader.with_text(|reader| {
        reader.object(|name, reader| {
            if name == b"include_usage" {
                let start = reader.position();
                let value = reader.raw()?;
                include_usage = Some((start..reader.position(), value == b"true"));
            }
            Ok(())
        })
    })?;
    Ok(match include_usage {
        Some((_, true)) => None,
        Some((at, false)) => Some(Edit { at, text: "true".into() }),
        None if is_object => Some(Edit::first_field(text, start, r#""include_usage":true"#)),
        None => Some(Edit { at: start..reader.position(), text: r#"{"include_usage":true}"#.into() }),
    })
}

/// Removes the usage frame from a stream in OpenAI's format: the event whose `choices` are empty and whose `usage` is
/// not. All other events pass unchanged when they are complete.
#[derive(Default)]
pub(crate) struct UsageFrameFilter {
    /// The bytes of the event that is not complete.
    held: Vec<u8>,
}

impl UsageFrameFilter {
    /// Returns the events that are complete with these bytes, without a usage frame. May be empty.
    pub(crate) fn feed(&mut self, bytes: Bytes) -> Bytes {
        let bytes = if self.held.is_empty() {
            bytes
        } else {
            self.held.extend_from_slice(&bytes);
            Bytes::from(std::mem::take(&mut self.held))
        };
        let (mut kept, mut start, mut kept_from) = (None::<Vec<u8>>, 0, 0);
        while let Some(length) = event_length(&bytes[start..]) {
            let end = start + length;
            if is_usage_frame(&bytes[start..end]) {
                kept.get_or_insert_default().extend_from_slice(&bytes[kept_from..start]);
                kept_from = end;
            }
            start = end;
        }
        if bytes.len() - start > MAX_HELD_BYTES {
            start = bytes.len();
        }
        self.held.extend_from_slice(&bytes[start..]);
        match kept {
            Some(mut kept) => {
                kept.extend_from_slice(&bytes[kept_from..start]);
                kept.into()
            }
            None => bytes.slice(..start),
        }
    }

    /// Returns the bytes that are held back, at the end of the stream. Empty if they are a usage frame.
    pub(crate) fn finish(&mut self) -> Bytes {
        let held = std::mem::take(&mut self.held);
        if is_usage_frame(&held) { Bytes::new() } else { held.into() }
    }
}

/// Returns the length of the first event of a text with the blank line that ends it; `None` if it is not complete. A line
/// end at the start is an event of its own.
fn event_length(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        if let length @ 1.. = line_end_length(&text[at..])? {
            return Some(at + length);
        }
        at += memchr::memchr2(b'\n', b'\r', &text[at..])?;
        at += line_end_length(&text[at..])?;
    }
}

/// Returns the length of the line end at the start of a text: a line feed, a carriage return or both; 0 if a line begins.
/// Returns `None` if more bytes decide.
fn line_end_length(text: &[u8]) -> Option<usize> {
    match text {
        [] | [b'\r'] => None,
        [b'\r', b'\n', ..] => Some(2),
        [b'\r' | b'\n', ..] => Some(1),
        _ => Some(0),
    }
}

json_object! {
    struct Frame<'a> {
        choices: Value<'a> = b"choices",
        usage: Value<'a> = b"usage",
    }
}

/// Returns whether an event has usage and no choices.
fn is_usage_frame(event: &[u8]) -> bool {
    // Most events do not contain the word.
    if memmem::find(event, b"\"usage\"").is_none() {
        return false;
    }
    let lines = event.split(|byte| matches!(byte, b'\n' | b'\r'));
    let data: Vec<&[u8]> = lines.filter_map(|line| line.strip_prefix(b"data:")).collect();
    let data = data.join(&b'\n');
    let mut frame = Frame::default();
    let is_json = read_document(&data, |reader| frame.read(reader)).is_ok();
    is_json && frame.choices.is_empty_container() && frame.usage.is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_option_is_set_and_everything_else_stays() {
        for (body, expected) in [
            ("{}", r#"{"stream_options":{"include_usage":true}}"#),
            (r#" {"a": 1} "#, r#" {"stream_options":{"include_usage":true},"a": 1} "#),
            (r#"{"stream_options":null}"#, r#"{"stream_options":{"include_usage":true}}"#),
            (r#"{"stream_options":{}}"#, r#"{"stream_options":{"include_usage":true}}"#),
            (
                r#"{"stream_options": { "x": [1] }, "b": "é"}"#,
                r#"{"stream_options": {"include_usage":true, "x": [1] }, "b": "é"}"#,
            ),
            (
                r#"{"stream_options":{"include_usage":false,"x":1}}"#,
                r#"{"stream_options":{"include_usage":true,"x":1}}"#,
            ),
            (
                r#"{"a":{"stream_options":{"include_usage":true}}}"#,
                r#"{"stream_options":{"include_usage":true},"a":{"stream_options":{"include_usage":true}}}"#,
            ),
        ] {
            let edited = request_stream_usage(body.as_bytes()).map(|body| String::from_utf8(body).unwrap());
            assert_eq!(edited.as_deref(), Some(expected), "{body}");
            assert_eq!(request_stream_usage(expected.as_bytes()), None, "the option is set already");
        }
        for body in ["", "[]", "7", r#"{"a":1"#, r#"{"a":1}}"#, r#"{"stream_options":{"include_usage":true}}"#] {
            assert_eq!(request_stream_usage(body.as_bytes()), None, "{body}");
        }
    }

    const EVENTS: [&str; 9] = [
        ": comment\n\n",
        "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\n",
        "data: {\"choices\":[],\"usage\":null}\r\n\r\n",
        "event: x\rdata: {\"choices\":[{\"delta\":{\"content\":\"\\\"usage\\\"\"}}],\"usage\":{\"a\":1}}\r\r",
        "data: [DONE]\n\n",
        "data: {\"usage\":{\"a\":1}}\n\n",
        "\n",
        "data: no json \"usage\"\r\n\r\n",
        "data: {\"choices\":[],\n",
    ];
    const USAGE: [&str; 3] = [
        "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3}}\n\n",
        "data:{\"usage\":{\"a\":1},\ndata: \"choices\": [ ]}\r\n\r\n",
        "id: 1\ndata: {\"id\":\"c\",\"choices\":[],\"usage\":{\"completion_tokens\":1}}\n\n",
    ];

    /// Passes a text through a filter in fragments of these lengths.
    fn filter(text: &str, lengths: &[usize]) -> String {
        let (mut filter, mut passed, mut rest) = (UsageFrameFilter::default(), Vec::new(), text.as_bytes());
        for length in lengths.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (fragment, after) = rest.split_at((*length).min(rest.len()));
            passed.extend_from_slice(&filter.feed(Bytes::copy_from_slice(fragment)));
            rest = after;
        }
        passed.extend_from_slice(&filter.finish());
        String::from_utf8(passed).unwrap()
    }

    proptest! {
        #[test]
        fn only_usage_frames_are_removed(
            events in prop::collection::vec((0..EVENTS.len() - 1, 0..6_usize), 0..12),
            lengths in prop::collection::vec(1..40_usize, 1..8),
            is_cut in any::<bool>(),
        ) {
            let (mut text, mut expected) = (String::new(), String::new());
            for (event, usage) in events {
                text += EVENTS[event];
                expected += EVENTS[event];
                // An empty line joins the event before it, or follows it.
                text += USAGE.get(usage).copied().unwrap_or_default();
            }
            if is_cut {
                text += EVENTS[EVENTS.len() - 1];
                expected += EVENTS[EVENTS.len() - 1];
            }
            prop_assert_eq!(filter(&text, &lengths), expected);
        }
    }

    #[test]
    fn a_long_event_is_not_held_back() {
        let mut filter = UsageFrameFilter::default();
        let fragment = Bytes::from(vec![b'x'; MAX_HELD_BYTES / 2 + 1]);
        assert!(filter.feed(fragment.clone()).is_empty());
        assert_eq!(filter.feed(fragment).len(), MAX_HELD_BYTES + 2);
        assert!(filter.finish().is_empty());
    }
}
