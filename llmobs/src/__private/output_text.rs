//! The text of returned values and of stream items. Read only while content is captured.

#[cfg(feature = "content")]
use crate::content::Message;
#[cfg(feature = "content")]
use crate::content::Part;
use crate::observer::Operation;
use crate::observer::StreamItem;

/// Captures a model's answer that was returned as a whole, unless the observed function has already captured a whole
/// answer.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "used only with the feature `content`"))]
pub fn capture_answer(operation: &Operation, text: Option<&str>) {
    #[cfg(feature = "content")]
    if let Some(text) = text {
        operation.marker().output(|| [Message::assistant().part(Part::text(text))]);
    }
}

/// Captures nothing.
#[inline]
pub const fn ignore_value<W, T>(_target: &W, _value: &T) {}

/// A value or item that may have a text, if its type implements [`StreamItem`].
#[derive(Debug)]
pub struct TextProbe<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> TextProbe<'a, T> {
    #[inline]
    pub const fn of(value: &'a T) -> Self {
        Self(value)
    }
}

/// First choice: types that implement [`StreamItem`].
pub trait WithText<'a> {
    fn text(&self) -> Option<&'a str>;
}

impl<'a, T: StreamItem + ?Sized> WithText<'a> for &TextProbe<'a, T> {
    #[inline]
    fn text(&self) -> Option<&'a str> {
        self.0.text()
    }
}

/// Last choice: all other types, without a text.
pub trait WithoutText<'a> {
    fn text(&self) -> Option<&'a str>;
}

impl<'a, T: ?Sized> WithoutText<'a> for TextProbe<'a, T> {
    #[inline]
    fn text(&self) -> Option<&'a str> {
        None
    }
}

/// Returns no text, for items whose chunk comes from the `tokens` function.
#[inline]
pub const fn no_text<T>(_item: &T) -> Option<&str> {
    None
}
