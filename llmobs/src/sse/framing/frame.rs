//! One frame of a response.

/// One frame of a response: the data of an SSE event, a line, or a JSON object.
#[derive(Clone, Copy)]
pub(in crate::sse) struct Frame<'a> {
    pub(in crate::sse) data: &'a [u8],
    /// True if the SSE event was named `error`, or its data was in a field named `error`.
    pub(in crate::sse) is_error_event: bool,
    /// True if the frame was longer than the decoder's limit: its long strings and arrays are shortened.
    pub(in crate::sse) is_condensed: bool,
}
