//! Content: what must not leave the process unless somebody decided so, and the messages that consist of it.
//!
//! [`Content`] seals a text. A [`Message`] is what the conventions call one: somebody's role and parts, each a text, some
//! reasoning, a call of a tool, an answer of one, or media. Nothing here prints what it holds. What may be seen of it goes
//! through the [gate](crate::capture::Gate), redacted and bounded, or nowhere.

#[cfg(feature = "content")]
mod input;
#[cfg(feature = "content")]
mod message;
#[cfg(feature = "content")]
mod part;
pub(crate) mod sealed;
pub(crate) mod sensitivity;
#[cfg(feature = "content")]
mod tool;
#[cfg(feature = "content")]
mod truncation;

#[cfg(feature = "content")]
pub use self::input::Input;
#[cfg(feature = "content")]
pub use self::message::Document;
#[cfg(feature = "content")]
pub use self::message::Message;
#[cfg(feature = "content")]
pub use self::message::MessageRole;
#[cfg(feature = "content")]
pub use self::part::Modality;
#[cfg(feature = "content")]
pub use self::part::Part;
#[cfg(feature = "content")]
pub(crate) use self::part::PartKind;
pub(crate) use self::sealed::Content;
#[cfg(feature = "content")]
pub use self::tool::ToolCall;
#[cfg(feature = "content")]
pub use self::tool::ToolDefinition;
#[cfg(feature = "content")]
pub(crate) use self::truncation::Truncation;
