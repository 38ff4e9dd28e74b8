//! Decoding of the frames of one response.

use super::dialect::Dialect;
use super::event::Event;
use super::framing::Frame;
use super::json::Malformed;
use super::provider;
use super::provider::FrameKind;
use super::provider_error;
use super::reporter::Reporter;
use super::response_state::ResponseState;
use super::sinks::DecoderSinks;

/// Decodes the frames of one response, and counts them.
#[derive(Debug)]
pub(super) struct ResponseDecoder {
    pub(super) dialect: Dialect,
    state: ResponseState,
    /// The number of JSON frames, without keep-alives.
    pub(super) frame_count: u64,
    /// The number of frames that are not JSON, without error events.
    pub(super) malformed_frames: u64,
    /// The number of JSON frames that are not of the dialect.
    pub(super) foreign_frames: u64,
}

impl ResponseDecoder {
    pub(super) const fn new(dialect: Dialect) -> Self {
        Self { dialect, state: ResponseState::new(), frame_count: 0, malformed_frames: 0, foreign_frames: 0 }
    }

    /// Decodes a frame of a stream.
    pub(super) fn decode_frame(&mut self, frame: Frame<'_>, sinks: &mut DecoderSinks<'_>) {
        if frame.is_condensed {
            return self.decode_data(frame, &mut DecoderSinks::events_only(sinks.on_event));
        }
        self.decode_data(frame, sinks);
    }

    fn decode_data(&mut self, frame: Frame<'_>, sinks: &mut DecoderSinks<'_>) {
        match frame.data.trim_ascii() {
            b"" => {}
            b"[DONE]" => (sinks.on_event)(Event::Done),
            data => {
                if self.decode_json(data, frame.is_error_event, sinks).is_err() {
                    if frame.is_error_event {
                        let text = String::from_utf8_lossy(data);
                        (sinks.on_event)(Event::Error(provider_error::from_text(&text)));
                    } else {
                        self.malformed_frames += 1;
                    }
                }
            }
        }
    }

    /// Decodes the JSON of a frame, or of a response that was not streamed.
    pub(super) fn decode_json(
        &mut self,
        json: &[u8],
        is_error_event: bool,
        sinks: &mut DecoderSinks<'_>,
    ) -> Result<(), Malformed> {
        let mut reporter = Reporter::new(&mut self.state, sinks);
        let kind = provider::decode_frame(self.dialect, json, is_error_event, &mut reporter)?;
        self.frame_count += u64::from(kind != FrameKind::KeepAlive);
        self.foreign_frames += u64::from(kind == FrameKind::Foreign);
        Ok(())
    }
}
