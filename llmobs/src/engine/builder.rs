//! The builder of an engine's handle.

use super::handle::Engine;
use super::registry::EngineRegistry;
use super::series::EngineInfo;
use crate::cardinality::sanitize;

/// The id of an engine whose builder sets none.
const DEFAULT_ID: &str = "0";

/// The settings of an [`Engine`].
#[derive(Debug)]
#[must_use = "a builder observes nothing until `build` is called"]
pub struct EngineBuilder<'a> {
    /// `None` for a disabled observer.
    registry: Option<&'a EngineRegistry>,
    model: &'a str,
    id: &'a str,
    info: EngineInfo,
}

impl<'a> EngineBuilder<'a> {
    pub(crate) fn new(registry: Option<&'a EngineRegistry>, model: &'a str) -> Self {
        Self { registry, model, id: DEFAULT_ID, info: EngineInfo::default() }
    }

    /// Sets the id of the engine, for example the rank of a data-parallel replica, which distinguishes engines of one
    /// model. The application must choose it from a fixed list, never from a request. Defaults to `0`.
    pub const fn id(mut self, id: &'a str) -> Self {
        self.id = id;
        self
    }

    /// Sets the revision of the model's weights, for `llmobs.engine.info`. Defaults to none.
    pub fn revision(mut self, revision: &str) -> Self {
        self.info.revision = Some(sanitize(revision).into());
        self
    }

    /// Sets the quantization of the model's weights, such as `fp8`, for `llmobs.engine.info`. Defaults to none.
    pub fn quantization(mut self, quantization: &str) -> Self {
        self.info.quantization = Some(sanitize(quantization).into());
        self
    }

    /// Sets the number of tokens of a block of the KV cache, for `llmobs.engine.info`. Defaults to none.
    pub fn block_size(mut self, tokens: usize) -> Self {
        self.info.block_size = Some(tokens.to_string().into());
        self
    }

    /// Builds the handle of the engine. A handle with the model and id of an engine that exists is a handle of that
    /// engine, whose revision, quantization and block size remain. An observer has at most 64 engines during its life: the
    /// handle of a further one records nothing, and is counted in `llmobs.self.folded_labels`. The handle of a disabled
    /// observer records nothing.
    #[must_use]
    pub fn build(self) -> Engine {
        Engine::new(self.registry.and_then(|registry| registry.open(self.model, self.id, &self.info)))
    }
}
