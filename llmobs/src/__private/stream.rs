//! Streams that carry a call on after its function.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::finish::AsFailure;
use super::finish::AsUsage;
use super::finish::failure;
use super::probe::Look;
use super::probe::Seen;
use crate::observer::Carries;
use crate::observer::Carry;
use crate::observer::Chunk;
use crate::observer::Observed;
use crate::observer::Operation;
use crate::observer::Step;
use crate::semconv::value::ErrorType;

/// What `tokens` may give.
#[diagnostic::on_unimplemented(
    message = "`tokens` gives `{Self}`",
    label = "a number of tokens or an `llmobs::Chunk` is wanted here"
)]
pub trait AsChunk {
    fn into_chunk(self) -> Chunk;
}

impl AsChunk for Chunk {
    #[inline]
    fn into_chunk(self) -> Chunk {
        self
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl AsChunk for $number {
            #[inline]
            fn into_chunk(self) -> Chunk {
                Chunk::tokens(u32::try_from(self).unwrap_or(u32::MAX))
            }
        })*
    };
}

numbers!(u8, u16, u32, u64, usize);

#[inline]
pub fn said_tokens<C: AsChunk>(said: C) -> Chunk {
    said.into_chunk()
}

#[inline]
pub fn carried<T: Carries>(item: &T) -> Chunk {
    item.carries()
}

/// Observes an operation by its stream.
#[inline]
pub fn observe<S, K, C, F, U>(
    operation: Operation,
    stream: S,
    _kind: K,
    mut tokens: impl FnMut(&<S::Item as Look<K>>::Value) -> C,
    text: impl Fn(&<S::Item as Look<K>>::Value) -> Option<&str>,
    mut error_type: impl FnMut(&<S::Item as Look<K>>::Error) -> F,
    mut usage: impl FnMut(&<S::Item as Look<K>>::Value) -> U,
) -> Observed<S, impl Carry<S::Item>>
where
    S: Stream,
    S::Item: Look<K>,
    C: Into<Chunk>,
    F: AsFailure,
    U: AsUsage,
{
    let marker = U::IS_READ.then(|| operation.marker());
    let carries = move |item: &S::Item| match item.look() {
        Seen::Gave(value) => {
            if let Some(marker) = &marker
                && let Some(usage) = usage(value).into_usage()
            {
                marker.usage(usage);
            }
            tokens(value).into()
        }
        Seen::Nothing => Chunk::silent(),
        Seen::Broke(error, its_type) => broken(failure(error, its_type, &mut error_type).error_type()),
    };
    operation.observe_by(stream, Items { carries, text, kind: PhantomData })
}

/// What the items of a stream carry, and what they say.
struct Items<K, C, T> {
    carries: C,
    text: T,
    kind: PhantomData<fn() -> K>,
}

impl<Item, K, C, T> Carry<Item> for Items<K, C, T>
where
    Item: Look<K>,
    C: FnMut(&Item) -> Chunk,
    T: Fn(&Item::Value) -> Option<&str>,
{
    #[inline]
    fn carry(&mut self, item: &Item) -> Chunk {
        (self.carries)(item)
    }

    fn text<'i>(&self, item: &'i Item) -> Option<&'i str> {
        item.text_of(&self.text)
    }
}

#[cold]
fn broken(error: ErrorType) -> Chunk {
    if error.is_refusal() { Chunk::rejected(error) } else { Chunk::failed(error) }
}

/// Lets a step last as long as its stream.
#[inline]
pub fn follow<S, K, F, U>(
    step: Step,
    stream: S,
    _kind: K,
    mut error_type: impl FnMut(&<S::Item as Look<K>>::Error) -> F,
    mut usage: impl FnMut(&<S::Item as Look<K>>::Value) -> U,
) -> Followed<S, impl FnMut(&Step, &S::Item) -> Option<ErrorType>>
where
    S: Stream,
    S::Item: Look<K>,
    F: AsFailure,
    U: AsUsage,
{
    let look = move |step: &Step, item: &S::Item| match item.look() {
        Seen::Gave(value) => {
            if let Some(usage) = usage(value).into_usage() {
                step.usage(usage);
            }
            None
        }
        Seen::Nothing => None,
        Seen::Broke(error, its_type) => Some(failure(error, its_type, &mut error_type).error_type()),
    };
    Followed { stream, look, step: Some(step), polling: false }
}

pin_project! {
    /// A stream that ends its step.
    #[must_use = "streams do nothing unless polled"]
    pub struct Followed<S, L>
    where
        S: Stream,
    {
        #[pin]
        stream: S,
        look: L,
        step: Option<Step>,
        // The stream or the closure is running; still so at the drop means that it panicked.
        polling: bool,
    }

    impl<S, L> PinnedDrop for Followed<S, L>
    where
        S: Stream,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let may_ask = !*this.polling && !std::thread::panicking();
            let is_whole = may_ask && this.stream.size_hint() == (0, Some(0));
            if let Some(step) = this.step.take_if(|_| is_whole) {
                step.complete();
            }
        }
    }
}

impl<S, L> Stream for Followed<S, L>
where
    S: Stream,
    L: FnMut(&Step, &S::Item) -> Option<ErrorType>,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        *this.polling = true;
        let polled = this.stream.poll_next(context);
        let error = match (&polled, this.step.as_ref()) {
            (Poll::Ready(Some(item)), Some(step)) => (this.look)(step, item),
            _ => None,
        };
        *this.polling = false;
        let is_over = matches!(polled, Poll::Ready(None)) || error.is_some();
        if let Some(step) = this.step.take_if(|_| is_over) {
            match error {
                Some(error) => step.fail(error),
                None => step.complete(),
            }
        }
        polled
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<S: Stream + fmt::Debug, L> fmt::Debug for Followed<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("stream", &self.stream).field("step", &self.step).finish_non_exhaustive()
    }
}
