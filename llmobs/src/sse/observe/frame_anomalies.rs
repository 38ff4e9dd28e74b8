//! Counting of the frames that could not be read.

use std::sync::Once;

use crate::observer::Marker;
use crate::sse::Decoder;

/// Counts as anomalies the frames of one stream that could not be read in full, and warns once in a process.
#[derive(Debug, Default)]
pub(super) struct FrameAnomalies {
    /// The numbers of frames that are already counted: malformed, skipped and foreign ones.
    counted: [u64; 3],
}

const NAMES: [&str; 3] = ["malformed_frame", "skipped_frame", "foreign_event"];

impl FrameAnomalies {
    /// Counts the frames since the last call.
    pub(super) fn update(&mut self, decoder: &Decoder, marker: &Marker) {
        let frames = [decoder.malformed_frames(), decoder.skipped_frames(), decoder.foreign_frames()];
        if frames == self.counted {
            return;
        }
        for ((name, frames), counted) in NAMES.into_iter().zip(frames).zip(&mut self.counted) {
            (*counted..frames).for_each(|_| marker.count_anomaly(name));
            if *counted < frames {
                warn_once(name, decoder);
            }
            *counted = frames;
        }
    }
}

fn warn_once(anomaly: &str, decoder: &Decoder) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::warn!(
            target: "llmobs",
            anomaly,
            dialect = ?decoder.dialect(),
            "a frame of a response could not be read; `llmobs.self.anomalies` counts such frames"
        );
    });
}
