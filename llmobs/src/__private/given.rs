//! Content that the attribute hands in. Nothing of it is looked at unless content is captured.
//!
//! Expressions are borrowed, as all of the attribute's are: what may be given is found out from what was borrowed. Method
//! calls find the first impl that fits, with one `&` less at every step.

use std::marker::PhantomData;

#[cfg(feature = "content")]
use crate::content::Content;
#[cfg(feature = "content")]
use crate::content::Input;
use crate::observer::Operation;
use crate::observer::Step;

#[cfg(feature = "content")]
type Json = Content<serde_json::Value>;
#[cfg(feature = "content")]
type Words = Content<String>;

/// Where there is no content, nothing becomes any.
#[cfg(not(feature = "content"))]
#[derive(Debug)]
#[non_exhaustive]
pub enum Nothing {}

#[cfg(not(feature = "content"))]
type Input = Nothing;
#[cfg(not(feature = "content"))]
type Json = Nothing;
#[cfg(not(feature = "content"))]
type Words = Nothing;

/// A value that is to become `C`.
#[derive(Debug)]
pub struct Given<'a, T: ?Sized, C> {
    value: &'a T,
    wanted: PhantomData<fn() -> C>,
}

impl<'a, T: ?Sized, C> Given<'a, T, C> {
    const fn of(value: &'a T) -> Self {
        Self { value, wanted: PhantomData }
    }
}

impl<'a, T: ?Sized> Given<'a, T, Input> {
    pub const fn input(value: &'a T) -> Self {
        Self::of(value)
    }
}

impl<'a, T: ?Sized> Given<'a, T, Json> {
    pub const fn arguments(value: &'a T) -> Self {
        Self::of(value)
    }
}

impl<'a, T: ?Sized> Given<'a, T, Words> {
    pub const fn query(value: &'a T) -> Self {
        Self::of(value)
    }
}

/// Asked first: what can be made of a reference.
pub trait OfBorrowed<C> {
    fn given(&self) -> C;
}

impl<'a, T: ?Sized, C> OfBorrowed<C> for &&&Given<'a, T, C>
where
    &'a T: Into<C>,
{
    fn given(&self) -> C {
        self.value.into()
    }
}

/// Asked second: what can be made of a value.
pub trait OfOwned<C> {
    fn given(&self) -> C;
}

impl<T: Clone + Into<C>, C> OfOwned<C> for &&Given<'_, T, C> {
    fn given(&self) -> C {
        self.value.clone().into()
    }
}

/// Asked third: the same behind a reference of the user's.
pub trait OfReference<C> {
    fn given(&self) -> C;
}

impl<T: Clone + Into<C>, C> OfReference<C> for &Given<'_, &T, C> {
    fn given(&self) -> C {
        T::clone(self.value).into()
    }
}

/// No type has this.
#[cfg_attr(
    feature = "content",
    diagnostic::on_unimplemented(
        message = "`{Self}` cannot be given as content",
        label = "what becomes `{C}` is wanted here",
        note = "`{C}` says what it is made of; for a type of your own write `impl From<&{Self}> for {C}`"
    )
)]
#[cfg_attr(
    not(feature = "content"),
    diagnostic::on_unimplemented(
        message = "content is handed in, and llmobs is built without its feature `content`",
        label = "this needs `llmobs = {{ features = [\"content\"], .. }}`"
    )
)]
pub trait Gives<C> {}

/// Asked last.
pub trait OfNothing<T: ?Sized, C> {
    fn given(&self) -> C
    where
        T: Gives<C>;
}

impl<T: ?Sized, C> OfNothing<T, C> for Given<'_, T, C> {
    fn given(&self) -> C
    where
        T: Gives<C>,
    {
        unreachable!("no type gives it")
    }
}

/// What `result` may give.
#[cfg_attr(
    feature = "content",
    diagnostic::on_unimplemented(message = "`result` gives `{Self}`", label = "a `serde_json::Value` is wanted here")
)]
#[cfg_attr(
    not(feature = "content"),
    diagnostic::on_unimplemented(
        message = "content is handed in, and llmobs is built without its feature `content`",
        label = "this needs `llmobs = {{ features = [\"content\"], .. }}`"
    )
)]
pub trait AsResult {
    fn into_json(self) -> Json;
}

#[cfg(feature = "content")]
impl AsResult for serde_json::Value {
    fn into_json(self) -> Json {
        self.into()
    }
}

#[cfg(feature = "content")]
impl AsResult for Json {
    fn into_json(self) -> Json {
        self
    }
}

pub fn said_result<R: AsResult>(said: R) -> Json {
    said.into_json()
}

/// What a model is given.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "nobody captures it"))]
pub fn input(operation: &Operation, input: impl FnOnce() -> Input) {
    #[cfg(feature = "content")]
    operation.mark().input(input);
}

/// What a tool is called with.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "nobody captures it"))]
pub fn arguments(step: &Step, arguments: impl FnOnce() -> Json) {
    #[cfg(feature = "content")]
    step.arguments(arguments);
}

/// What a tool answered.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "nobody captures it"))]
pub fn result(step: &Step, result: impl FnOnce() -> Json) {
    #[cfg(feature = "content")]
    step.result(result);
}

/// What is searched for.
#[inline]
#[cfg_attr(not(feature = "content"), expect(unused_variables, reason = "nobody captures it"))]
pub fn query(step: &Step, query: impl FnOnce() -> Words) {
    #[cfg(feature = "content")]
    step.query(query);
}
