//! The file of an overlay, and its reload.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use crate::cost::date::day_text;
use crate::cost::overlay::Overlay;
use crate::cost::price_book_error::PriceBookError;
use crate::cost::price_snapshot::Layer;

/// The file of an overlay, with the prices that were read last without an error.
#[derive(Debug, Clone)]
pub(super) struct OverlayFile {
    path: PathBuf,
    stamp: Option<Stamp>,
    text: String,
    layer: Layer,
    error: Option<PriceBookError>,
}

/// The properties of a file that differ after it changed; `None` if the file cannot be read.
type Stamp = (Option<SystemTime>, u64);

impl OverlayFile {
    /// Reads a file.
    pub(super) fn read(path: &Path) -> Result<Self, PriceBookError> {
        let stamp = stamp(path);
        let text = read_text(path)?;
        let layer = layer(path, &text, stamp)?;
        Ok(Self { path: path.to_owned(), stamp, text, layer, error: None })
    }

    /// Reads the file again if its properties changed since the last attempt. Returns true if its text changed.
    pub(super) fn reload_if_changed(&mut self) -> Result<bool, PriceBookError> {
        if stamp(&self.path) == self.stamp { Ok(false) } else { self.reload() }
    }

    /// Reads the file again. Returns true if its text changed; after an error, the earlier prices stay.
    pub(super) fn reload(&mut self) -> Result<bool, PriceBookError> {
        // Taken before the text is read: a change in between is then found by the next look.
        self.stamp = stamp(&self.path);
        match self.try_reload() {
            Ok(has_changed) => {
                self.error = None;
                Ok(has_changed)
            }
            Err(error) => {
                self.error = Some(error.clone());
                Err(error)
            }
        }
    }

    fn try_reload(&mut self) -> Result<bool, PriceBookError> {
        let text = read_text(&self.path)?;
        let layer = layer(&self.path, &text, self.stamp)?;
        let has_changed = text != self.text || layer.version != self.layer.version;
        self.text = text;
        self.layer = layer;
        Ok(has_changed)
    }

    pub(super) const fn layer(&self) -> &Layer {
        &self.layer
    }

    /// Returns the error of the last attempt to read the file.
    pub(super) const fn error(&self) -> Option<&PriceBookError> {
        self.error.as_ref()
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}

fn read_text(path: &Path) -> Result<String, PriceBookError> {
    fs::read_to_string(path).map_err(|error| PriceBookError::new(format!("cannot be read: {error}")).in_file(path))
}

/// Reads an overlay and names its version: the name of the file, and the day of the prices, by default that of the file.
fn layer(path: &Path, text: &str, stamp: Option<Stamp>) -> Result<Layer, PriceBookError> {
    let overlay = Overlay::from_toml(text).map_err(|error| error.in_file(path))?;
    let checked_at = overlay.checked_at().or_else(|| stamp?.0);
    let name = path.file_name().map_or_else(|| "overlay".into(), |name| name.to_string_lossy());
    let version = checked_at.map_or_else(|| name.to_string(), |date| format!("{name} {}", day_text(date)));
    Ok(Layer { overlay: Arc::new(overlay), version, checked_at })
}
