//! Content, which is not exported unless capture is on, and the messages that consist of content.
//!
//! [`Content`] wraps a value so that it cannot be printed. A [`Message`] follows the OpenTelemetry GenAI conventions: a
//! role and parts, each a text, reasoning, a tool call, a tool's response, or media. No type of this module prints its
//! content. Content is exported only through the [gate](crate::capture::Gate), which redacts and truncates text and
//! JSON; the bytes of media are exported whole, and only up to a limit that is zero by default.

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
pub use self::sealed::Content;
pub use self::sensitivity::Sensitivity;
#[cfg(feature = "content")]
pub use self::tool::ToolCall;
#[cfg(feature = "content")]
pub use self::tool::ToolDefinition;
