//! The kind of a value, determined from its type by autoref-based specialization: a method call selects the first
//! matching impl, and each further impl has one `&` less. Works through type aliases.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;

use futures_core::Stream;

use crate::error::Failure;

/// A probe for the kind of the type `V`.
#[derive(Debug)]
pub struct KindProbe<V>(PhantomData<fn(V)>);

impl<V> KindProbe<V> {
    /// Returns a probe for the type of a value.
    #[inline]
    pub fn of(_value: &V) -> Self {
        Self(PhantomData)
    }
}

impl KindProbe<()> {
    /// Returns a probe for the type of a stream's items.
    #[inline]
    pub fn item<S: Stream>(_stream: &S) -> KindProbe<S::Item> {
        KindProbe(PhantomData)
    }
}

/// The result of a call, as seen in the returned value.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallResult<'a, T: ?Sized, E: ?Sized> {
    /// The call returned a value.
    Value(&'a T),
    /// The call returned no value and no error, such as `Option::None`.
    NoValue,
    /// The call returned an error, with its failure if the type of the error has one.
    Error(&'a E, Option<Failure>),
}

/// A value that can be inspected as one of the kinds.
pub trait Inspect<Kind> {
    type Value;
    type Error;
    fn inspect(&self) -> CallResult<'_, Self::Value, Self::Error>;
    /// Returns the text of the value. A separate method from `inspect`, since only a concrete type gives the text the
    /// lifetime of `self`.
    fn text_of(&self, text: impl Fn(&Self::Value) -> Option<&str>) -> Option<&str>;
}

/// The kind of a value that is neither a `Result` nor an `Option`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Plain;

/// The kind of an `Option`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Maybe;

/// The kind of a `Result` whose error does not convert into a [`Failure`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Fallible;

/// The kind of a `Result` whose error converts into a [`Failure`].
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct FallibleTyped;

impl<T> Inspect<Plain> for T {
    type Value = T;
    type Error = Infallible;

    #[inline]
    fn inspect(&self) -> CallResult<'_, T, Infallible> {
        CallResult::Value(self)
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self)
    }
}

impl<T> Inspect<Maybe> for Option<T> {
    type Value = T;
    type Error = Infallible;

    #[inline]
    fn inspect(&self) -> CallResult<'_, T, Infallible> {
        self.as_ref().map_or(CallResult::NoValue, CallResult::Value)
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref()?)
    }
}

impl<T, E> Inspect<Fallible> for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn inspect(&self) -> CallResult<'_, T, E> {
        match self {
            Ok(value) => CallResult::Value(value),
            Err(error) => CallResult::Error(error, None),
        }
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref().ok()?)
    }
}

impl<T, E: HasErrorType> Inspect<FallibleTyped> for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn inspect(&self) -> CallResult<'_, T, E> {
        match self {
            Ok(value) => CallResult::Value(value),
            Err(error) => CallResult::Error(error, Some(error.failure())),
        }
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref().ok()?)
    }
}

/// An error whose type is known: a reference to it converts into a [`Failure`].
#[diagnostic::on_unimplemented(
    message = "the attribute cannot infer the type of this error",
    label = "the type of an error is used before it is known to be `{Self}`",
    note = "name the type where the value is made: `Ok::<_, {Self}>(value)`",
    note = "or make the error known to llmobs: `impl From<&{Self}> for llmobs::Failure`"
)]
pub trait HasErrorType {
    fn failure(&self) -> Failure;
}

// Without this line, the message is that of the bound below.
#[diagnostic::do_not_recommend]
impl<E> HasErrorType for E
where
    for<'a> Failure: From<&'a E>,
{
    fn failure(&self) -> Failure {
        self.into()
    }
}

/// A bound that no type satisfies: refuses a function that returns a hidden future, since the call would end too early.
#[diagnostic::on_unimplemented(
    message = "the call would end before this future runs",
    label = "this return type hides that the function returns a future",
    note = "make the function `async`, or write the type out: `impl Future<Output = T>`, \
            `Pin<Box<dyn Future<Output = T>>>` or `BoxFuture<'_, T>`"
)]
pub trait VisibleFuture {}

/// A bound that no type satisfies: refuses a function that returns a hidden stream without `stream`.
#[diagnostic::on_unimplemented(
    message = "the call would end before the first item of this stream",
    label = "this return type hides that the function returns a stream",
    note = "add `stream` and write the type out: `impl Stream<Item = T>`, `Pin<Box<dyn Stream<Item = T>>>` or \
            `BoxStream<'_, T>`"
)]
pub trait VisibleStream {}

macro_rules! kind_traits {
    ($($(#[$doc:meta])* $name:ident<$($parameter:ident),*>: $probe:ty => $kind:ident $(where $bounded:ident: $bound:path)?;)*) => {
        $($(#[$doc])*
        pub trait $name {
            fn kind(&self) -> $kind;
        }

        impl<$($parameter),*> $name for $probe
        where
            $($bounded: $bound,)?
        {
            #[inline]
            fn kind(&self) -> $kind {
                $kind
            }
        })*
    };
}

kind_traits! {
    /// Third choice: a `Result` whose error converts into a `Failure`.
    KindOfTypedResult<T, E>: &&&KindProbe<Result<T, E>> => FallibleTyped where E: HasErrorType;
    /// Fourth choice: any other `Result`.
    KindOfResult<T, E>: &&KindProbe<Result<T, E>> => Fallible;
    /// Fifth choice: an `Option`.
    KindOfOption<T>: &KindProbe<Option<T>> => Maybe;
    /// Last choice: any other value.
    KindOfPlain<T>: KindProbe<T> => Plain;
}

/// First choice: a future, which is refused.
pub trait KindOfFuture<F> {
    fn kind(&self) -> Plain
    where
        F: VisibleFuture;
}

impl<F: Future> KindOfFuture<F> for &&&&&KindProbe<F> {
    fn kind(&self) -> Plain
    where
        F: VisibleFuture,
    {
        Plain
    }
}

/// Second choice: a stream, which is refused.
pub trait KindOfStream<S> {
    fn kind(&self) -> Plain
    where
        S: VisibleStream;
}

impl<S: Stream> KindOfStream<S> for &&&&KindProbe<S> {
    fn kind(&self) -> Plain
    where
        S: VisibleStream,
    {
        Plain
    }
}
