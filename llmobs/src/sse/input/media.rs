//! Media parts of a request: inline data, files stored at the provider, and URIs.

use serde_json::Value;

use super::values::non_empty_str;
use crate::content::Modality;
use crate::content::Part;

/// Returns a part for media at a URI, which may be a `data:` URI; `None` without one.
pub(super) fn uri_part(modality: Modality, address: &Value) -> Option<Part> {
    non_empty_str(address).map(|address| Part::uri(modality, address))
}

/// Returns a part for media stored at the provider.
pub(super) fn file_part(modality: Modality, id: &Value) -> Option<Part> {
    non_empty_str(id).map(|id| Part::file(modality, id))
}

/// Returns a part for media in base64, as a `data:` URI. This avoids decoding and encoding the data again.
pub(super) fn data_uri_part(modality: Modality, media_type: &str, base64: &Value) -> Option<Part> {
    non_empty_str(base64).map(|base64| Part::uri(modality, format!("data:{media_type};base64,{base64}")))
}

/// Returns the modality of a media type. Examples: `image/png` is `Image`, `application/pdf` is `Document`.
pub(super) fn modality(media_type: &str) -> Modality {
    match media_type.split('/').next().unwrap_or_default() {
        "audio" => Modality::Audio,
        "image" => Modality::Image,
        "video" => Modality::Video,
        _ => Modality::Document,
    }
}
