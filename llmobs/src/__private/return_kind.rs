//! What kind of value a type is, asked without knowing the type: method calls find the first impl that fits, with one
//! `&` less at every step. Aliases do not hide anything from it.

use std::convert::Infallible;
use std::future::Future;
use std::marker::PhantomData;

use futures_core::Stream;

use crate::error::Failure;
use crate::semconv::value::ErrorType;

/// A type that is asked about.
#[derive(Debug)]
pub struct KindProbe<V>(PhantomData<fn(V)>);

impl<V> KindProbe<V> {
    /// Asks about a value.
    #[inline]
    pub fn of(_value: &V) -> Self {
        Self(PhantomData)
    }
}

impl KindProbe<()> {
    /// Asks about the items of a stream.
    #[inline]
    pub fn item<S: Stream>(_stream: &S) -> KindProbe<S::Item> {
        KindProbe(PhantomData)
    }
}

/// What a value says about the call.
#[derive(Debug)]
#[non_exhaustive]
pub enum CallResult<'a, T: ?Sized, E: ?Sized> {
    /// It gave this.
    Value(&'a T),
    /// It gave nothing, and nothing broke.
    NoValue,
    /// It broke; the error may know its type.
    Error(&'a E, Option<ErrorType>),
}

/// A value that can be looked at as one of a kind.
pub trait Inspect<Kind> {
    type Value;
    type Error;
    fn inspect(&self) -> CallResult<'_, Self::Value, Self::Error>;
    /// The text of what it gave. Here and not by `look`: only where the type is known does what it gave live as long.
    fn text_of(&self, text: impl Fn(&Self::Value) -> Option<&str>) -> Option<&str>;
}

/// A value that is neither a `Result` nor an `Option`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Plain;

/// An `Option`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Maybe;

/// A `Result`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Fallible;

/// A `Result` whose error knows its type.
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
            Err(error) => CallResult::Error(error, Some(error.known_error_type())),
        }
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref().ok()?)
    }
}

/// An error that is one of the closed list, or holds one.
pub trait HasErrorType {
    fn known_error_type(&self) -> ErrorType;
}

impl HasErrorType for ErrorType {
    fn known_error_type(&self) -> ErrorType {
        *self
    }
}

impl HasErrorType for Failure {
    fn known_error_type(&self) -> ErrorType {
        self.error_type()
    }
}

/// No type has this: a function without `stream` whose value goes on after it is refused.
#[diagnostic::on_unimplemented(
    message = "the call would end before this future runs",
    label = "this function returns a future that its return type does not show",
    note = "make the function `async`, or write the type out: `impl Future<Output = T>`, \
            `Pin<Box<dyn Future<Output = T>>>` or `BoxFuture<'_, T>`"
)]
pub trait VisibleFuture {}

/// No type has this either.
#[diagnostic::on_unimplemented(
    message = "the call would end before the first item of this stream",
    label = "this function returns a stream, and its return type does not show it",
    note = "add `stream` and write the type out: `impl Stream<Item = T>`, `Pin<Box<dyn Stream<Item = T>>>` or \
            `BoxStream<'_, T>`"
)]
pub trait VisibleStream {}

macro_rules! kind_traits {
    ($($(#[$doc:meta])* $asked:ident<$($parameter:ident),*>: $probe:ty => $kind:ident $(where $bounded:ident: $bound:path)?;)*) => {
        $($(#[$doc])*
        pub trait $asked {
            fn kind(&self) -> $kind;
        }

        impl<$($parameter),*> $asked for $probe
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
    /// Asked third.
    KindOfTypedResult<T, E>: &&&KindProbe<Result<T, E>> => FallibleTyped where E: HasErrorType;
    /// Asked fourth.
    KindOfResult<T, E>: &&KindProbe<Result<T, E>> => Fallible;
    /// Asked fifth.
    KindOfOption<T>: &KindProbe<Option<T>> => Maybe;
    /// Asked last.
    KindOfPlain<T>: KindProbe<T> => Plain;
}

/// Asked first.
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

/// Asked second.
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
