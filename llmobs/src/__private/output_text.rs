//! Answers, whole or in items, that know their text. It is asked for only where content is captured.

#[cfg(feature = "content")]
use crate::content::Message;
#[cfg(feature = "content")]
use crate::content::Part;
use crate::observer::Operation;
use crate::observer::StreamItem;

/// What a model answered at once, unless the body has said it.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "nobody captures it"))]
pub fn answer(operation: &Operation, text: Option<&str>) {
    #[cfg(feature = "content")]
    if let Some(text) = text {
        operation.marker().output(|| [Message::assistant().part(Part::text(text))]);
    }
}

/// Nothing is told of a value.
#[inline]
pub const fn untold<W, T>(_watched: &W, _value: &T) {}

/// An answer, or an item of one, that may know its text: [`StreamItem`] says so, if its type has that.
#[derive(Debug)]
pub struct TextProbe<'a, T: ?Sized>(&'a T);

impl<'a, T: ?Sized> TextProbe<'a, T> {
    #[inline]
    pub const fn of(value: &'a T) -> Self {
        Self(value)
    }
}

/// Asked first.
pub trait WithText<'a> {
    fn text(&self) -> Option<&'a str>;
}

impl<'a, T: StreamItem + ?Sized> WithText<'a> for &TextProbe<'a, T> {
    #[inline]
    fn text(&self) -> Option<&'a str> {
        self.0.text()
    }
}

/// Asked last.
pub trait WithoutText<'a> {
    fn text(&self) -> Option<&'a str>;
}

impl<'a, T: ?Sized> WithoutText<'a> for TextProbe<'a, T> {
    #[inline]
    fn text(&self) -> Option<&'a str> {
        None
    }
}

/// Of items that `tokens` speaks for, nobody knows the text.
#[inline]
pub const fn wordless<T>(_item: &T) -> Option<&str> {
    None
}
