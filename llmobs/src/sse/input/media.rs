//! Media: in the request itself, in the provider's keeping, or elsewhere.

use serde_json::Value;

use crate::content::Modality;
use crate::content::Part;
use crate::sse::decoder_state::non_empty_str;

/// Media at an address, which may hold them itself.
pub(super) fn at(modality: Modality, address: &Value) -> Option<Part> {
    non_empty_str(address).map(|address| Part::uri(modality, address))
}

/// Media that the provider holds.
pub(super) fn file_part(modality: Modality, id: &Value) -> Option<Part> {
    non_empty_str(id).map(|id| Part::file(modality, id))
}

/// Media in base64: an address that holds them, so that nobody takes them apart to put them together again.
pub(super) fn inline(modality: Modality, kind: &str, base64: &Value) -> Option<Part> {
    non_empty_str(base64).map(|base64| Part::uri(modality, format!("data:{kind};base64,{base64}")))
}

/// The sense that a type of media speaks to.
pub(super) fn modality(kind: &str) -> Modality {
    match kind.split('/').next().unwrap_or_default() {
        "audio" => Modality::Audio,
        "image" => Modality::Image,
        "video" => Modality::Video,
        _ => Modality::Document,
    }
}
