//! Streams that keep an operation or step running after their function has returned.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use futures_core::Stream;
use pin_project_lite::pin_project;

use super::finish::IntoFailure;
use super::finish::IntoUsage;
use super::finish::failure_of;
use super::return_kind::CallResult;
use super::return_kind::Inspect;
use crate::error::Failure;
use crate::observer::Chunk;
use crate::observer::ItemReader;
use crate::observer::ObservedStream;
use crate::observer::Operation;
use crate::observer::Step;
use crate::observer::StreamItem;
use crate::semconv::value::ErrorType;
use crate::unwind::has_panicked;

/// A type that the function of the argument `tokens` may return: an unsigned number of tokens, or a chunk.
#[diagnostic::on_unimplemented(
    message = "the function of `tokens` must not return `{Self}`",
    label = "expected `u8`, `u16`, `u32`, `u64`, `usize` or `llmobs::Chunk`"
)]
pub trait IntoChunk {
    /// Converts to a chunk. A number is a number of tokens; more than `u32::MAX` counts as `u32::MAX`.
    fn into_chunk(self) -> Chunk;
}

impl IntoChunk for Chunk {
    #[inline]
    fn into_chunk(self) -> Chunk {
        self
    }
}

macro_rules! impl_into_chunk {
    ($($number:ty),*) => {
        $(impl IntoChunk for $number {
            #[inline]
            fn into_chunk(self) -> Chunk {
                Chunk::tokens(u32::try_from(self).unwrap_or(u32::MAX))
            }
        })*
    };
}

impl_into_chunk!(u8, u16, u32, u64, usize);

/// Converts the result of the function of `tokens`.
#[inline]
pub fn into_chunk<C: IntoChunk>(value: C) -> Chunk {
    value.into_chunk()
}

/// Returns the chunk of an item that describes itself, for an attribute without `tokens`.
#[inline]
pub fn item_to_chunk<T: StreamItem>(item: &T) -> Chunk {
    item.to_chunk()
}

/// Provides the type of a stream's items for inference.
#[inline]
pub const fn infer_items<T, S: Stream<Item = T>>(_stream: &S) {}

/// Returns a stream that passes the items of `stream` on and ends the operation. For each value, `tokens` returns the
/// chunk, `text` the text (`None` if it has none) and `usage` the usage to record. For an error, `error_type` returns
/// the failure. An item without a value is ignored. `_kind` selects the [`Inspect`] implementation of the items.
#[inline]
pub fn observe<S, K, C, F, U>(
    operation: Operation,
    stream: S,
    _kind: K,
    mut tokens: impl FnMut(&<S::Item as Inspect<K>>::Value) -> C,
    text: impl Fn(&<S::Item as Inspect<K>>::Value) -> Option<&str>,
    mut error_type: impl FnMut(&<S::Item as Inspect<K>>::Error) -> F,
    mut usage: impl FnMut(&<S::Item as Inspect<K>>::Value) -> U,
) -> ObservedStream<S, impl ItemReader<S::Item>>
where
    S: Stream,
    S::Item: Inspect<K>,
    C: Into<Chunk>,
    F: IntoFailure,
    U: IntoUsage,
{
    let marker = U::HAS_USAGE.then(|| operation.marker().clone());
    let read = move |item: &S::Item| match item.inspect() {
        CallResult::Value(value) => {
            if let Some(marker) = &marker
                && let Some(usage) = usage(value).into_usage()
            {
                marker.usage(usage);
            }
            tokens(value).into()
        }
        CallResult::NoValue => Chunk::ignored(),
        CallResult::Error(error, known) => error_chunk(failure_of(error, known, &mut error_type)),
    };
    let observed = operation.observe_with_reader(stream, AttributeItemReader { read, text, kind: PhantomData });
    observed.with_own_markers(u8::from(U::HAS_USAGE))
}

/// Reads the items: `read` records the usage of an item and returns its chunk, `text` returns the text of its value.
struct AttributeItemReader<K, C, T> {
    read: C,
    text: T,
    kind: PhantomData<fn() -> K>,
}

impl<Item, K, C, T> ItemReader<Item> for AttributeItemReader<K, C, T>
where
    Item: Inspect<K>,
    C: FnMut(&Item) -> Chunk,
    T: Fn(&Item::Value) -> Option<&str>,
{
    #[inline]
    fn read(&mut self, item: &Item) -> Chunk {
        (self.read)(item)
    }

    fn text<'i>(&self, item: &'i Item) -> Option<&'i str> {
        item.text_of(&self.text)
    }
}

#[cold]
fn error_chunk(failure: Failure) -> Chunk {
    Chunk::error(failure)
}

/// Returns a stream that ends the step: as failed at the first error item, as complete at the end of the stream.
/// `usage` is called for each value until then. For a drop before that, see [`StepStream`].
#[inline]
pub fn observe_step<S, K, F, U>(
    step: Step,
    stream: S,
    _kind: K,
    mut error_type: impl FnMut(&<S::Item as Inspect<K>>::Error) -> F,
    mut usage: impl FnMut(&<S::Item as Inspect<K>>::Value) -> U,
) -> StepStream<S, impl FnMut(&Step, &S::Item) -> Option<ErrorType>>
where
    S: Stream,
    S::Item: Inspect<K>,
    F: IntoFailure,
    U: IntoUsage,
{
    let inspect = move |step: &Step, item: &S::Item| match item.inspect() {
        CallResult::Value(value) => {
            if let Some(usage) = usage(value).into_usage() {
                step.usage(usage);
            }
            None
        }
        CallResult::NoValue => None,
        CallResult::Error(error, known) => Some(failure_of(error, known, &mut error_type).error_type()),
    };
    StepStream { stream, inspect, step: Some(step), polling: false }
}

pin_project! {
    /// Passes the items of a stream on and ends its step. A stream that is dropped before its end completes its step if
    /// its `size_hint` says that no item remains and its code has not panicked; otherwise the step ends by its drop.
    #[must_use = "streams do nothing unless polled"]
    pub struct StepStream<S, L>
    where
        S: Stream,
    {
        #[pin]
        stream: S,
        inspect: L,
        step: Option<Step>,
        // Set while the stream or the closure runs. If set at the drop, that code panicked.
        polling: bool,
    }

    impl<S, L> PinnedDrop for StepStream<S, L>
    where
        S: Stream,
    {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let is_complete = !has_panicked(*this.polling) && this.stream.size_hint() == (0, Some(0));
            if let Some(step) = this.step.take_if(|_| is_complete) {
                step.complete();
            }
        }
    }
}

impl<S, L> Stream for StepStream<S, L>
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
            (Poll::Ready(Some(item)), Some(step)) => (this.inspect)(step, item),
            _ => None,
        };
        *this.polling = false;
        let step_ends = matches!(polled, Poll::Ready(None)) || error.is_some();
        if let Some(step) = this.step.take_if(|_| step_ends) {
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

impl<S: Stream + fmt::Debug, L> fmt::Debug for StepStream<S, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StepStream").field("stream", &self.stream).field("step", &self.step).finish_non_exhaustive()
    }
}
