//! Content (prompts, answers, tool arguments and results, error texts) of operations and steps, in builds with the
//! feature `content`. `content_disabled.rs` has the same interface for builds without it.

mod export;
mod gate;
mod slot;
mod step;

pub(crate) use self::export::ContentExport;
pub(crate) use self::gate::Capturing;
pub(crate) use self::gate::ContentGate;
pub(crate) use self::gate::ContentSettings;
pub(crate) use self::slot::ContentSlot;
pub(crate) use self::slot::capture_error_message;
pub(crate) use self::step::StepContent;
