//! The end of an operation with a whole response, one that was not streamed.

#[cfg(feature = "content")]
use super::content_delta::ContentDelta;
use super::decoder::Decoder;
use super::dialect::Dialect;
use super::event::Event;
use super::sinks::DecoderSinks;
use crate::observer::Operation;
use crate::semconv::value::ErrorType;

/// Ends an operation with a response that was not streamed. Records the usage, finish reasons, id, model and, if
/// content is captured, the output that the body contains. `status` is the HTTP status of the response.
///
/// The first case that applies determines the outcome:
///
/// - The body contains an error, or the status is 400 or higher: the end of [`Operation::end_with_error`]. The error
///   type of the body, unless it is `upstream`, precedes that of the status, because a wrong key and a filtered prompt
///   may both have the status 400.
/// - The status is 200, and the body of a chat, `generate_content` or text completion has no field of the dialect or is
///   not JSON, and is not too long to be read: `failed` with the error type `upstream`.
/// - Otherwise: `completed`, or `failed` if an error was marked before.
///
/// ```
/// use llmobs::Observer;
/// use llmobs::sse::{self, Dialect};
///
/// let observer = Observer::builder().model("m").build()?;
/// let answer = br#"{"choices":[{"index":0,"finish_reason":"stop"}],"usage":{"prompt_tokens":9,"completion_tokens":1}}"#;
/// sse::end_with_response(observer.chat("m").start(), Dialect::OpenAi, 200, answer); // completed
/// sse::end_with_response(observer.chat("m").start(), Dialect::OpenAi, 429, b"slow down"); // rejected, rate_limited
/// # Ok::<(), llmobs::BuildError>(())
/// ```
pub fn end_with_response(operation: Operation, dialect: Dialect, status: u16, body: &[u8]) {
    let mut response = WholeResponse::new(operation, dialect);
    response.feed(body);
    response.finish(status);
}

/// A response that is not streamed, while its bytes arrive. Owns the operation, and ends it in
/// [`finish`](Self::finish). Stores at most 1 MiB of the response; of a longer one, long strings and the later items of
/// lists are skipped, and no content is captured.
#[derive(Debug)]
pub(crate) struct WholeResponse {
    operation: Operation,
    decoder: Decoder,
    error: Option<ErrorType>,
    /// Set if the body has a field of the dialect.
    is_readable: bool,
    /// Set if the body is not to be read, because it is compressed.
    is_unread: bool,
}

impl WholeResponse {
    pub(crate) const fn new(operation: Operation, dialect: Dialect) -> Self {
        Self { operation, decoder: Decoder::of_json(dialect), error: None, is_readable: false, is_unread: false }
    }

    /// Returns a response whose body is not read, because it is compressed: its status alone is the outcome.
    #[cfg(feature = "gateway")]
    pub(crate) const fn unread(mut self) -> Self {
        self.is_unread = true;
        self
    }

    /// Returns whether the JSON of the body is complete and has a field of the dialect.
    #[cfg(feature = "gateway")]
    pub(crate) const fn is_read(&self) -> bool {
        self.is_readable
    }

    /// Ends the operation as `failed`.
    #[cfg(feature = "gateway")]
    pub(crate) fn fail(self, error: ErrorType) {
        self.operation.fail(error);
    }

    /// Marks the operation as failing: the body broke off.
    #[cfg(feature = "gateway")]
    pub(crate) fn set_error(&self, error: ErrorType) {
        self.operation.marker().set_error(error);
    }

    /// Reads the next bytes of the body.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.operation.is_enabled() && !self.is_unread {
            self.decode_with(|decoder, sinks| decoder.decode(bytes, sinks));
        }
    }

    /// Ends the operation after the last byte of the body.
    pub(crate) fn finish(mut self, status: u16) {
        self.decode_with(Decoder::decode_end);
        // An error type of the body is more precise than the status, unless it says nothing.
        let of_body = self.error.filter(|error| *error != ErrorType::Upstream);
        let error = of_body.or_else(|| ErrorType::from_http_status(status)).or(self.error);
        let is_foreign = !self.is_readable && !self.is_unread && !self.decoder.has_lost_frames();
        match error {
            Some(error) => self.operation.end_with_error(error),
            None if status == 200 && is_foreign && self.operation.marker().generates() => {
                self.operation.fail(ErrorType::Upstream);
            }
            None => self.operation.complete(),
        }
    }

    /// Decodes bytes, and records what they contain on the operation.
    fn decode_with(&mut self, decode: impl FnOnce(&mut Decoder, &mut DecoderSinks<'_>)) {
        let Self { operation, decoder, error, is_readable, .. } = self;
        let marker = operation.marker();
        let mut on_event = |event: Event<'_>| {
            *is_readable = true;
            match event {
                Event::Error(first) => {
                    error.get_or_insert(first);
                }
                Event::FinishReason { choice, reason } => marker.finish_reason_for(choice, reason),
                Event::Id(id) => marker.response_id(id),
                Event::Model(model) => marker.response_model(model),
                Event::Usage(usage) => marker.usage(usage),
                Event::Delta { .. } | Event::Done => {}
            }
        };
        #[cfg(feature = "content")]
        let mut on_delta = |delta: ContentDelta<'_>| delta.record_on(marker);
        decode(
            decoder,
            &mut DecoderSinks {
                on_event: &mut on_event,
                #[cfg(feature = "content")]
                on_delta: if marker.is_capturing() { Some(&mut on_delta) } else { None },
            },
        );
    }
}
