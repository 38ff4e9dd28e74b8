//! Formats of keys, from the documentation of the services and from public rule sets. A longer prefix precedes a
//! shorter prefix that it starts with.

mod business;
mod clouds;
mod development;
mod models;

use super::format::KeyFormat;

/// Returns the formats of all services.
pub(in super::super) fn key_formats() -> impl Iterator<Item = &'static KeyFormat> {
    [models::MODELS, development::DEVELOPMENT, business::BUSINESS, clouds::CLOUDS].into_iter().flatten()
}

#[cfg(test)]
mod tests;
