//! The routes, one file each.

pub(crate) mod chat;
pub(crate) mod completions;
pub(crate) mod generate;
pub(crate) mod health;
pub(crate) mod models;
