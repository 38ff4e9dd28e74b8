//! The parts of a message.

use std::fmt;

use serde_json::Value;

use crate::content::Content;
use crate::content::ToolCall;
use llmobs_redact::Truncation;

/// A part of a message.
///
/// ```
/// use llmobs::content::Message;
/// use llmobs::content::Modality;
/// use llmobs::content::Part;
/// use llmobs::content::ToolCall;
/// use serde_json::json;
///
/// let call = ToolCall::new("weather").id("call_1").arguments(json!({"city": "Paris"}));
/// let answer = Part::tool_call_response("call_1", json!({"rain": true}));
/// let asked = Message::user("What is this?").part(Part::uri(Modality::Image, "https://example.com/a.png"));
/// let said = Message::assistant().part(Part::reasoning("A city, so weather.")).part(call);
/// let conversation = [asked, said, Message::tool(answer)];
/// assert_eq!(conversation.len(), 3);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Part(PartKind);

/// The kinds of parts. Private, so that new kinds of the conventions can be added.
#[derive(Clone, PartialEq)]
pub(crate) enum PartKind {
    /// `omitted_bytes` is the number of bytes removed from `content`.
    Blob {
        modality: Modality,
        mime_type: Option<String>,
        content: Content<Vec<u8>>,
        omitted_bytes: usize,
    },
    File {
        modality: Modality,
        mime_type: Option<String>,
        file_id: Content<String>,
    },
    Reasoning {
        content: Content<String>,
        truncation: Truncation,
    },
    Text {
        content: Content<String>,
        truncation: Truncation,
    },
    ToolCall(ToolCall),
    ToolCallResponse {
        id: Option<String>,
        response: Content<Value>,
    },
    /// `omitted_bytes` is the number of bytes removed from the body of a `data:` URI.
    Uri {
        modality: Modality,
        mime_type: Option<String>,
        uri: Content<String>,
        omitted_bytes: usize,
    },
}

impl Part {
    /// Creates a text part.
    pub fn text(content: impl Into<Content<String>>) -> Self {
        Self(PartKind::Text { content: content.into(), truncation: Truncation::None })
    }

    /// Creates a part with the model's reasoning.
    pub fn reasoning(content: impl Into<Content<String>>) -> Self {
        Self(PartKind::Reasoning { content: content.into(), truncation: Truncation::None })
    }

    /// Creates a tool's response to the call with this id.
    pub fn tool_call_response(id: impl Into<String>, response: impl Into<Content<Value>>) -> Self {
        Self(PartKind::ToolCallResponse { id: Some(id.into()), response: response.into() })
    }

    /// Creates a tool's response for APIs without call ids.
    pub fn response(response: impl Into<Content<Value>>) -> Self {
        Self(PartKind::ToolCallResponse { id: None, response: response.into() })
    }

    /// Creates media with inline bytes. Blobs are neither redacted nor truncated. The bytes are exported only if there
    /// are at most [`ContentLimits::media`](crate::capture::ContentLimits::media), which defaults to 0; otherwise only
    /// modality and media type are.
    pub const fn blob(modality: Modality, content: Vec<u8>) -> Self {
        Self(PartKind::Blob { modality, mime_type: None, content: Content::new(content), omitted_bytes: 0 })
    }

    /// Creates a reference to media that the provider stores under this id.
    pub fn file(modality: Modality, file_id: impl Into<Content<String>>) -> Self {
        Self(PartKind::File { modality, mime_type: None, file_id: file_id.into() })
    }

    /// Creates a reference to external media. A `data:` URI is treated as a blob, whose bytes are never exported if
    /// they are not in base64.
    pub fn uri(modality: Modality, uri: impl Into<Content<String>>) -> Self {
        Self(PartKind::Uri { modality, mime_type: None, uri: uri.into(), omitted_bytes: 0 })
    }

    /// Sets the media type, such as `image/png`, of a blob, file or URI. Ignored for other parts.
    pub fn mime_type(mut self, name: impl Into<String>) -> Self {
        match &mut self.0 {
            PartKind::Blob { mime_type, .. } | PartKind::File { mime_type, .. } | PartKind::Uri { mime_type, .. } => {
                *mime_type = Some(name.into());
            }
            PartKind::Reasoning { .. }
            | PartKind::Text { .. }
            | PartKind::ToolCall(_)
            | PartKind::ToolCallResponse { .. } => {}
        }
        self
    }

    /// Creates a text part with this state of truncation.
    pub(crate) const fn truncated_text(content: Content<String>, truncation: Truncation) -> Self {
        Self(PartKind::Text { content, truncation })
    }

    /// Creates a reasoning part with this state of truncation.
    pub(crate) const fn truncated_reasoning(content: Content<String>, truncation: Truncation) -> Self {
        Self(PartKind::Reasoning { content, truncation })
    }

    /// Returns the kind of the part, with its content.
    pub(crate) const fn kind(&self) -> &PartKind {
        &self.0
    }

    /// Returns the kind of the part, with its content, to change it.
    pub(crate) const fn kind_mut(&mut self) -> &mut PartKind {
        &mut self.0
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let content_bytes = match &self.0 {
            PartKind::Blob { content, .. } => content.estimated_bytes(),
            PartKind::File { file_id: text, .. } | PartKind::Uri { uri: text, .. } => text.estimated_bytes(),
            PartKind::Reasoning { content, .. } | PartKind::Text { content, .. } => content.estimated_bytes(),
            PartKind::ToolCall(call) => call.estimated_bytes(),
            PartKind::ToolCallResponse { id, response } => {
                id.as_ref().map_or(0, String::len) + response.estimated_bytes()
            }
        };
        size_of::<Self>() + content_bytes
    }
}

/// Prints the kind and the size class. Omits ids and media types, since callers and models provide them.
impl fmt::Debug for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob { modality, content, .. } => f.debug_tuple("Blob").field(modality).field(content).finish(),
            Self::File { modality, file_id, .. } => f.debug_tuple("File").field(modality).field(file_id).finish(),
            Self::Reasoning { content, .. } => f.debug_tuple("Reasoning").field(content).finish(),
            Self::Text { content, .. } => f.debug_tuple("Text").field(content).finish(),
            Self::ToolCall(call) => call.fmt(f),
            Self::ToolCallResponse { response, .. } => f.debug_tuple("ToolCallResponse").field(response).finish(),
            Self::Uri { modality, uri, .. } => f.debug_tuple("Uri").field(modality).field(uri).finish(),
        }
    }
}

impl From<ToolCall> for Part {
    fn from(call: ToolCall) -> Self {
        Self(PartKind::ToolCall(call))
    }
}

impl From<&str> for Part {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

/// The kind of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Modality {
    /// Audio.
    Audio,
    /// Documents, such as PDF.
    Document,
    /// Images.
    Image,
    /// Video.
    Video,
}

impl Modality {
    /// Returns the modality as spelled in the OpenTelemetry GenAI conventions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Image => "image",
            Self::Video => "video",
        }
    }
}
