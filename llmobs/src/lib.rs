//! llmobs
