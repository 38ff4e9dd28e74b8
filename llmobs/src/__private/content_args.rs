//! Content passed in arguments of the attribute `llm_span`. Expressions are evaluated only while content is captured.
//!
//! All expressions are borrowed, and the conversion is chosen by autoref-based specialization: a method call selects
//! the first matching impl, and each further impl has one `&` less.

use std::marker::PhantomData;

#[cfg(feature = "content")]
use crate::content::Content;
#[cfg(feature = "content")]
use crate::content::Input;
use crate::observer::Operation;
use crate::observer::Step;

#[cfg(feature = "content")]
type JsonContent = Content<serde_json::Value>;
#[cfg(feature = "content")]
type TextContent = Content<String>;

/// A type without values, which replaces content without the feature `content`.
#[cfg(not(feature = "content"))]
#[derive(Debug)]
#[non_exhaustive]
pub enum NoContent {}

#[cfg(not(feature = "content"))]
type Input = NoContent;
#[cfg(not(feature = "content"))]
type JsonContent = NoContent;
#[cfg(not(feature = "content"))]
type TextContent = NoContent;

/// A borrowed value to be converted to `C`.
#[derive(Debug)]
pub struct ContentArg<'a, T: ?Sized, C> {
    value: &'a T,
    target: PhantomData<fn() -> C>,
}

impl<'a, T: ?Sized, C> ContentArg<'a, T, C> {
    const fn of(value: &'a T) -> Self {
        Self { value, target: PhantomData }
    }
}

impl<'a, T: ?Sized> ContentArg<'a, T, Input> {
    /// Returns the value to be converted to the input of a model call.
    pub const fn input(value: &'a T) -> Self {
        Self::of(value)
    }
}

impl<'a, T: ?Sized> ContentArg<'a, T, JsonContent> {
    /// Returns the value to be converted to the arguments of a tool call.
    pub const fn arguments(value: &'a T) -> Self {
        Self::of(value)
    }
}

impl<'a, T: ?Sized> ContentArg<'a, T, TextContent> {
    /// Returns the value to be converted to the query of a retrieval.
    pub const fn query(value: &'a T) -> Self {
        Self::of(value)
    }
}

/// First choice: converts a reference.
pub trait ConvertBorrowed<C> {
    /// Returns the converted value.
    fn convert(&self) -> C;
}

impl<'a, T: ?Sized, C> ConvertBorrowed<C> for &&&ContentArg<'a, T, C>
where
    &'a T: Into<C>,
{
    fn convert(&self) -> C {
        self.value.into()
    }
}

/// Second choice: converts a clone of the value.
pub trait ConvertOwned<C> {
    /// Returns the converted value.
    fn convert(&self) -> C;
}

impl<T: Clone + Into<C>, C> ConvertOwned<C> for &&ContentArg<'_, T, C> {
    fn convert(&self) -> C {
        self.value.clone().into()
    }
}

/// Third choice: converts a clone from behind a reference.
pub trait ConvertReference<C> {
    /// Returns the converted value.
    fn convert(&self) -> C;
}

impl<T: Clone + Into<C>, C> ConvertReference<C> for &ContentArg<'_, &T, C> {
    fn convert(&self) -> C {
        T::clone(self.value).into()
    }
}

/// A bound that no type satisfies, for the error message.
#[cfg_attr(
    feature = "content",
    diagnostic::on_unimplemented(
        message = "`{Self}` cannot be captured as content",
        label = "expected a value that converts to `{C}`",
        note = "see `{C}` for the types that convert to it; for your own type, write `impl From<&{Self}> for {C}`"
    )
)]
#[cfg_attr(
    not(feature = "content"),
    diagnostic::on_unimplemented(
        message = "this argument captures content, but llmobs is built without its feature `content`",
        label = "this needs `llmobs = {{ features = [\"content\"], .. }}`"
    )
)]
pub trait IntoContent<C> {}

/// Last choice: produces the error message.
pub trait ConvertUnsupported<T: ?Sized, C> {
    /// Never called, since no type satisfies the bound.
    fn convert(&self) -> C
    where
        T: IntoContent<C>;
}

impl<T: ?Sized, C> ConvertUnsupported<T, C> for ContentArg<'_, T, C> {
    fn convert(&self) -> C
    where
        T: IntoContent<C>,
    {
        unreachable!("no type implements `IntoContent`")
    }
}

/// A type that the function of the argument `result = ..` of the attribute may return.
#[cfg_attr(
    feature = "content",
    diagnostic::on_unimplemented(message = "`result` returns `{Self}`", label = "expected a `serde_json::Value`")
)]
#[cfg_attr(
    not(feature = "content"),
    diagnostic::on_unimplemented(
        message = "this argument captures content, but llmobs is built without its feature `content`",
        label = "this needs `llmobs = {{ features = [\"content\"], .. }}`"
    )
)]
pub trait IntoJson {
    /// Returns the value as content.
    fn into_json(self) -> JsonContent;
}

#[cfg(feature = "content")]
impl IntoJson for serde_json::Value {
    fn into_json(self) -> JsonContent {
        self.into()
    }
}

#[cfg(feature = "content")]
impl IntoJson for JsonContent {
    fn into_json(self) -> JsonContent {
        self
    }
}

/// Returns a value of the function `result` as content.
pub fn into_json<R: IntoJson>(value: R) -> JsonContent {
    value.into_json()
}

/// Captures the input of a model call.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "used only with the feature `content`"))]
pub fn input(operation: &Operation, input: impl FnOnce() -> Input) {
    #[cfg(feature = "content")]
    operation.marker().input(input);
}

/// Captures the arguments of a tool call.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "used only with the feature `content`"))]
pub fn arguments(step: &Step, arguments: impl FnOnce() -> JsonContent) {
    #[cfg(feature = "content")]
    step.arguments(arguments);
}

/// Captures the result of a tool call.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "used only with the feature `content`"))]
pub fn result(step: &Step, result: impl FnOnce() -> JsonContent) {
    #[cfg(feature = "content")]
    step.result(result);
}

/// Captures the query of a retrieval.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "used only with the feature `content`"))]
pub fn query(step: &Step, query: impl FnOnce() -> TextContent) {
    #[cfg(feature = "content")]
    step.query(query);
}
