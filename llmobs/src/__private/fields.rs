//! `fields(name = expr)`: the application's own span attributes.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use opentelemetry::KeyValue;
use opentelemetry::Value;
use opentelemetry::trace::TraceContextExt;

use crate::cardinality::sanitize;
use crate::content::Content;
use crate::observer::Operation;
use crate::observer::Step;
use crate::span::OwnedSpan;
use crate::span::TARGET;

/// A type accepted as the value of a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the value of a field",
    label = "expected a number, a bool, a text or an `Option` of one",
    note = "a field cannot contain prompts or answers: pass them with `input = ..`; with the feature `content`, \
            `ObserverBuilder::capture` or the variable `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` enables \
            their export, redacted"
)]
pub trait FieldValue {
    /// Returns the attribute value. A text is truncated to 128 bytes and loses its control characters. Returns `None`
    /// if nothing is recorded: for `None`, a float that is not finite, and a whole number that does not fit an `i64`.
    fn field_value(&self) -> Option<Value>;
}

macro_rules! whole_numbers {
    ($($number:ty),*) => {
        $(impl FieldValue for $number {
            fn field_value(&self) -> Option<Value> {
                i64::try_from(*self).ok().map(Value::I64)
            }
        })*
    };
}

whole_numbers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

macro_rules! texts {
    ($($text:ty),*) => {
        $(impl FieldValue for $text {
            fn field_value(&self) -> Option<Value> {
                Some(Value::String(sanitize(self).into_owned().into()))
            }
        })*
    };
}

texts!(str, String, Box<str>, Arc<str>, Rc<str>, Cow<'_, str>);

impl FieldValue for bool {
    fn field_value(&self) -> Option<Value> {
        Some(Value::Bool(*self))
    }
}

impl FieldValue for f64 {
    fn field_value(&self) -> Option<Value> {
        self.is_finite().then_some(Value::F64(*self))
    }
}

impl FieldValue for f32 {
    fn field_value(&self) -> Option<Value> {
        f64::from(*self).field_value()
    }
}

impl<T: FieldValue + ?Sized> FieldValue for &T {
    fn field_value(&self) -> Option<Value> {
        (**self).field_value()
    }
}

impl<T: FieldValue> FieldValue for Option<T> {
    fn field_value(&self) -> Option<Value> {
        self.as_ref()?.field_value()
    }
}

/// A bound that no type satisfies, so that content is refused with a message: content is exported only through the
/// gate.
#[diagnostic::on_unimplemented(
    message = "content cannot be the value of a field",
    label = "this is `llmobs::Content`",
    note = "a field cannot contain prompts or answers: pass them with `input = ..`; with the feature `content`, \
            `ObserverBuilder::capture` or the variable `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT` enables \
            their export, redacted"
)]
pub trait AllowedAsField {}

impl<T> FieldValue for Content<T>
where
    Self: AllowedAsField,
{
    fn field_value(&self) -> Option<Value> {
        None
    }
}

/// An operation or step with a span for fields.
pub trait HasSpan {
    /// Returns a recorder of fields, or `None` if the span is not recorded.
    #[doc(hidden)]
    fn fields(&self) -> Option<Fields<'_>>;
}

impl HasSpan for Operation {
    fn fields(&self) -> Option<Fields<'_>> {
        Fields::for_span(self.owned_span())
    }
}

impl HasSpan for Step {
    fn fields(&self) -> Option<Fields<'_>> {
        Fields::for_span(self.owned_span())
    }
}

/// A recorder of fields on a span. With an OpenTelemetry layer, fields become span attributes. Other subscribers cannot
/// add attributes to a started span and receive one event with all fields inside the span, when the recorder is
/// dropped.
#[derive(Debug)]
pub struct Fields<'a> {
    span: &'a OwnedSpan,
    text: String,
}

impl<'a> Fields<'a> {
    /// Returns a recorder, or `None` if the span is not recorded.
    #[inline]
    pub fn for_target(target: &'a impl HasSpan) -> Option<Self> {
        target.fields()
    }

    fn for_span(span: Option<&'a OwnedSpan>) -> Option<Self> {
        span.filter(|span| span.is_recording()).map(|span| Self { span, text: String::new() })
    }

    /// Records a field, unless its value is one that [`FieldValue::field_value`] leaves out.
    pub fn set<T: FieldValue + ?Sized>(&mut self, name: &'static str, value: &T) {
        let Some(value) = value.field_value() else { return };
        match self.span.context() {
            Some(context) => context.span().set_attribute(KeyValue::new(name, value)),
            None => {
                let separator = if self.text.is_empty() { "" } else { " " };
                self.text += &format!("{separator}{name}={value}");
            }
        }
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        if !self.text.is_empty() {
            tracing::info!(target: TARGET, parent: self.span.tracing_span(), fields = self.text, "fields");
        }
    }
}
