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
pub struct Probe<V>(PhantomData<fn(V)>);

impl<V> Probe<V> {
    /// Asks about a value.
    #[inline]
    pub fn of(_value: &V) -> Self {
        Self(PhantomData)
    }
}

impl Probe<()> {
    /// Asks about the items of a stream.
    #[inline]
    pub fn item<S: Stream>(_stream: &S) -> Probe<S::Item> {
        Probe(PhantomData)
    }
}

/// What a value says about the call.
#[derive(Debug)]
#[non_exhaustive]
pub enum Seen<'a, T: ?Sized, E: ?Sized> {
    /// It gave this.
    Gave(&'a T),
    /// It gave nothing, and nothing broke.
    Nothing,
    /// It broke; the error may know its type.
    Broke(&'a E, Option<ErrorType>),
}

/// A value that can be looked at as one of a kind.
pub trait Look<Kind> {
    type Value;
    type Error;
    fn look(&self) -> Seen<'_, Self::Value, Self::Error>;
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
pub struct Named;

impl<T> Look<Plain> for T {
    type Value = T;
    type Error = Infallible;

    #[inline]
    fn look(&self) -> Seen<'_, T, Infallible> {
        Seen::Gave(self)
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self)
    }
}

impl<T> Look<Maybe> for Option<T> {
    type Value = T;
    type Error = Infallible;

    #[inline]
    fn look(&self) -> Seen<'_, T, Infallible> {
        self.as_ref().map_or(Seen::Nothing, Seen::Gave)
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref()?)
    }
}

impl<T, E> Look<Fallible> for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn look(&self) -> Seen<'_, T, E> {
        match self {
            Ok(value) => Seen::Gave(value),
            Err(error) => Seen::Broke(error, None),
        }
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref().ok()?)
    }
}

impl<T, E: KnowsItsType> Look<Named> for Result<T, E> {
    type Value = T;
    type Error = E;

    #[inline]
    fn look(&self) -> Seen<'_, T, E> {
        match self {
            Ok(value) => Seen::Gave(value),
            Err(error) => Seen::Broke(error, Some(error.its_type())),
        }
    }

    fn text_of(&self, text: impl Fn(&T) -> Option<&str>) -> Option<&str> {
        text(self.as_ref().ok()?)
    }
}

/// An error that is one of the closed list, or holds one.
pub trait KnowsItsType {
    fn its_type(&self) -> ErrorType;
}

impl KnowsItsType for ErrorType {
    fn its_type(&self) -> ErrorType {
        *self
    }
}

impl KnowsItsType for Failure {
    fn its_type(&self) -> ErrorType {
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
pub trait FutureShown {}

/// No type has this either.
#[diagnostic::on_unimplemented(
    message = "the call would end before the first item of this stream",
    label = "this function returns a stream, and its return type does not show it",
    note = "add `stream` and write the type out: `impl Stream<Item = T>`, `Pin<Box<dyn Stream<Item = T>>>` or \
            `BoxStream<'_, T>`"
)]
pub trait StreamShown {}

macro_rules! kinds {
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

kinds! {
    /// Asked third.
    OfNamed<T, E>: &&&Probe<Result<T, E>> => Named where E: KnowsItsType;
    /// Asked fourth.
    OfResult<T, E>: &&Probe<Result<T, E>> => Fallible;
    /// Asked fifth.
    OfMaybe<T>: &Probe<Option<T>> => Maybe;
    /// Asked last.
    OfPlain<T>: Probe<T> => Plain;
}

/// Asked first.
pub trait OfFuture<F> {
    fn kind(&self) -> Plain
    where
        F: FutureShown;
}

impl<F: Future> OfFuture<F> for &&&&&Probe<F> {
    fn kind(&self) -> Plain
    where
        F: FutureShown,
    {
        Plain
    }
}

/// Asked second.
pub trait OfStream<S> {
    fn kind(&self) -> Plain
    where
        S: StreamShown;
}

impl<S: Stream> OfStream<S> for &&&&Probe<S> {
    fn kind(&self) -> Plain
    where
        S: StreamShown,
    {
        Plain
    }
}
