//! An operation whose stream waits for tokens that the test sends, on a manual clock.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use futures_util::Stream;
use llmobs::Chunk;
use llmobs::Marker;
use llmobs::Role;
use llmobs::catalog::Level;
use llmobs::engine::Engine;
use llmobs::semconv::value::StallCause;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::ms;

/// A stream whose chunks the test sends.
#[derive(Clone, Default)]
pub struct Chunks(Arc<Mutex<VecDeque<Chunk>>>);

impl Stream for Chunks {
    type Item = Chunk;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Chunk>> {
        self.0.lock().unwrap().pop_front().map_or(Poll::Pending, |chunk| Poll::Ready(Some(chunk)))
    }
}

/// An operation whose stream has carried its first token.
pub struct Scene {
    pub fixture: Fixture,
    pub marker: Marker,
    chunks: Chunks,
    pub stream: Pin<Box<dyn Stream<Item = Chunk>>>,
}

impl Scene {
    pub fn new() -> Self {
        Self::of(Role::Server)
    }

    pub fn of(role: Role) -> Self {
        let fixture = Fixture::with(|builder| builder.role(role).level(Level::Full));
        let operation = fixture.chat();
        let marker = operation.marker().clone();
        marker.scheduled();
        let chunks = Chunks::default();
        let stream = Box::pin(operation.observe(chunks.clone()));
        let mut scene = Self { fixture, marker, chunks, stream };
        scene.pause(|_| {});
        scene
    }

    /// Lets the consumer wait for a token while this runs.
    pub fn pause(&mut self, meanwhile: impl FnOnce(&Self)) {
        assert!(self.poll().is_pending());
        meanwhile(self);
        self.token();
    }

    /// Sends a token, which the consumer takes.
    pub fn token(&mut self) {
        self.chunks.0.lock().unwrap().push_back(Chunk::tokens(1));
        assert!(self.poll().is_ready());
    }

    pub fn poll(&mut self) -> Poll<Option<Chunk>> {
        self.stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()))
    }

    pub fn advance(&self, millis: u64) {
        self.fixture.advance(ms(millis));
    }

    pub fn engine(&self) -> Engine {
        self.fixture.observer.engine(MODEL).build()
    }

    /// Returns the causes of the stalls, in the order of `StallCause::ALL`, after the end of the operation. Checks that
    /// the record of the operation counts as many.
    #[track_caller]
    pub fn causes(self) -> Vec<StallCause> {
        drop(self.stream);
        let count =
            |cause: &StallCause| self.fixture.count("llmobs.stall.events", &[("llmobs.stall.cause", cause.as_str())]);
        let causes: Vec<_> = StallCause::ALL.iter().flat_map(|cause| (0..count(cause)).map(move |_| *cause)).collect();
        let record = self.fixture.observer.recent_operations();
        let stalls = record.split_once(r#""llmobs.operation.stalls":"#).unwrap().1;
        let stalls: usize = stalls.split([',', '}']).next().unwrap().parse().unwrap();
        assert_eq!(stalls, causes.len(), "in {record}");
        assert_eq!(self.fixture.count("llmobs.stall.events", &[]), causes.len() as u64);
        causes
    }
}
