//! Serialization of messages in the conventions' schemas, with redaction and the limit of each part.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;
use serde_json::Value;
use serde_json::json;

use super::limits::ContentLimits;
use super::report::CaptureReport;
use super::report::as_u64;
use super::truncate::Keep;
use crate::content::Content;
use crate::content::Document;
use crate::content::Message;
use crate::content::Modality;
use crate::content::Part;
use crate::content::PartKind;
use crate::content::ToolCall;
use crate::content::ToolDefinition;
use crate::semconv::value::FinishReason;
use llmobs_redact::Redactor;
use llmobs_redact::Truncation;

/// The longest name or id, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// A serializer of content. The code of this file is the only code that opens content.
pub(super) struct ContentSerializer<'a> {
    pub(super) redactor: &'a Redactor,
    pub(super) limits: &'a ContentLimits,
    pub(super) report: &'a mut CaptureReport,
    /// Limit of one text or JSON value in bytes. Media, names and ids have other limits.
    pub(super) part_bytes: usize,
    /// Maximum number of parts to serialize of each message.
    pub(super) max_parts: usize,
    /// Set if tool definitions include descriptions and parameters.
    pub(super) full_definitions: bool,
}

impl ContentSerializer<'_> {
    pub(super) fn message(&mut self, message: &Message, output: bool) -> Value {
        let parts = if output { Keep::First } else { Keep::Last }.select(&message.parts, self.max_parts);
        self.report.dropped_parts += as_u64(message.parts.len() - parts.len());
        let may_be_incomplete = output && !has_finished_normally(message.finish_reason.as_ref());
        let last = parts.len().saturating_sub(1);
        let parts = parts.iter().enumerate();
        let parts: Vec<Value> =
            parts.map(|(index, part)| self.part(part, may_be_incomplete && index == last)).collect();
        let mut fields = into_object(json!({"role": message.role.as_str(), "parts": parts}));
        if let Some(name) = &message.name {
            fields.insert("name".to_owned(), self.name(name.unseal()));
        }
        let reason = message.finish_reason.as_ref().map(|reason| self.name(reason.as_str()));
        // The schema requires a finish reason for every output. An output without one ended in an error.
        if let Some(reason) = reason.or_else(|| output.then(|| "error".into())) {
            fields.insert("finish_reason".to_owned(), reason);
        }
        Value::Object(fields)
    }

    /// Serializes a system instruction that is not a message.
    pub(super) fn instruction(&mut self, text: &Content<String>) -> Value {
        json!({"type": "text", "content": self.text(text, Truncation::None)})
    }

    fn part(&mut self, part: &Part, may_be_incomplete: bool) -> Value {
        let truncation_of = |known: Truncation| match known {
            Truncation::None if may_be_incomplete => Truncation::Unknown,
            known => known,
        };
        match part.kind() {
            PartKind::Blob { modality, mime_type, content, omitted_bytes } => {
                self.blob(*modality, mime_type.as_deref(), content.unseal(), *omitted_bytes)
            }
            PartKind::File { modality, mime_type, file_id } => {
                let fields = json!({"type": "file", "file_id": self.name(file_id.unseal())});
                self.with_media_fields(fields, *modality, mime_type.as_deref())
            }
            PartKind::Reasoning { content, truncation: known } => {
                json!({"type": "reasoning", "content": self.text(content, truncation_of(*known))})
            }
            PartKind::Text { content, truncation: known } => {
                json!({"type": "text", "content": self.text(content, truncation_of(*known))})
            }
            PartKind::ToolCall(call) => self.tool_call(call, truncation_of(call.truncation)),
            PartKind::ToolCallResponse { id, response } => {
                let mut fields = into_object(
                    json!({"type": "tool_call_response", "response": self.json(response, Truncation::None)}),
                );
                if let Some(id) = id {
                    fields.insert("id".to_owned(), self.name(id));
                }
                Value::Object(fields)
            }
            PartKind::Uri { modality, mime_type, uri, omitted_bytes } => {
                self.uri(*modality, mime_type.as_deref(), uri.unseal(), *omitted_bytes)
            }
        }
    }

    pub(super) fn definition(&mut self, tool: &ToolDefinition) -> Value {
        let mut fields = into_object(json!({"type": self.name(&tool.tool_type), "name": self.name(&tool.name)}));
        if self.full_definitions {
            if let Some(description) = &tool.description {
                fields.insert("description".to_owned(), self.text(description, Truncation::None));
            }
            if let Some(parameters) = &tool.parameters {
                fields.insert("parameters".to_owned(), self.json(parameters, Truncation::None));
            }
        }
        Value::Object(fields)
    }

    pub(super) fn document(&mut self, document: &Document) -> Value {
        json!({"id": self.name(document.id.unseal()), "score": document.score})
    }

    /// Redacts and truncates a text.
    pub(super) fn text(&mut self, content: &Content<String>, truncation: Truncation) -> Value {
        self.redact_text(content.unseal(), self.part_bytes, truncation).into()
    }

    fn redact_text(&mut self, text: &str, limit: usize, truncation: Truncation) -> String {
        let redacted = self.redactor.redact_and_truncate(text, limit, truncation);
        self.report.redactions += redacted.counts;
        self.report.add_truncated(redacted.truncated_bytes + truncation.known_bytes());
        redacted.text
    }

    fn name(&mut self, text: &str) -> Value {
        self.redact_text(text, MAX_NAME_BYTES, Truncation::None).into()
    }

    /// Redacts all strings of a JSON value and truncates the value to the limit of a part.
    pub(super) fn json(&mut self, content: &Content<Value>, truncation: Truncation) -> Value {
        let limit = self.part_bytes;
        // Truncated JSON cannot be parsed, so redact it as text.
        if let (Value::String(text), true) = (content.unseal(), truncation != Truncation::None) {
            return self.redact_text(text, limit, truncation).into();
        }
        let redacted = self.redactor.redact_and_truncate_json(content.unseal(), limit);
        self.report.redactions += redacted.counts;
        self.report.add_truncated(redacted.truncated_bytes);
        let mut value = redacted.value;
        let size = super::truncate::json_bytes(&value);
        if size > limit.max(2) {
            super::truncate::truncate_value(&mut value, limit.max(2));
            self.report.add_truncated(size - super::truncate::json_bytes(&value));
        }
        value
    }

    fn tool_call(&mut self, call: &ToolCall, truncation: Truncation) -> Value {
        let mut fields = into_object(json!({"type": "tool_call", "name": self.name(&call.name)}));
        if let Some(id) = &call.id {
            fields.insert("id".to_owned(), self.name(id));
        }
        if let Some(arguments) = &call.arguments {
            fields.insert("arguments".to_owned(), self.json(arguments, truncation));
        }
        Value::Object(fields)
    }

    /// Serializes a blob whole, or without its bytes if they exceed the limit. Blobs are not redacted.
    fn blob(&mut self, modality: Modality, mime_type: Option<&str>, bytes: &[u8], omitted_bytes: usize) -> Value {
        let fits = omitted_bytes == 0 && bytes.len() <= self.limits.media_bytes();
        if !fits {
            self.report.add_dropped_media(bytes.len() + omitted_bytes);
        }
        let content = if fits { STANDARD.encode(bytes) } else { String::new() };
        self.with_media_fields(json!({"type": "blob", "content": content}), modality, mime_type)
    }

    fn uri(&mut self, modality: Modality, mime_type: Option<&str>, uri: &str, omitted_bytes: usize) -> Value {
        if let Some((kind, body)) = parse_data_uri(uri) {
            let media = kind.split(';').next().filter(|kind| !kind.is_empty()).map(str::to_owned);
            let fits = omitted_bytes == 0 && is_media_allowed(kind, body, self.limits);
            if !fits {
                self.report.add_dropped_media(body.len() + omitted_bytes);
            }
            let content = if fits { body } else { "" };
            return self.with_media_fields(
                json!({"type": "blob", "content": content}),
                modality,
                mime_type.or(media.as_deref()),
            );
        }
        let uri = self.redact_text(uri, self.part_bytes.min(2_048), Truncation::None);
        self.with_media_fields(json!({"type": "uri", "uri": uri}), modality, mime_type)
    }

    /// Adds modality and media type. The media type is redacted, since it is text of the sender.
    fn with_media_fields(&mut self, fields: Value, modality: Modality, mime_type: Option<&str>) -> Value {
        let mut fields = into_object(fields);
        fields.insert("modality".to_owned(), modality.as_str().into());
        if let Some(name) = mime_type {
            fields.insert("mime_type".to_owned(), self.name(name));
        }
        Value::Object(fields)
    }
}

/// Removes from messages the bytes of media that will not be exported: media over the limit, and `data:` URIs that are
/// not base64. The parts remain. Frees the memory before the end of the operation.
pub(super) fn strip_media(messages: &mut [Message], limits: &ContentLimits) {
    for part in messages.iter_mut().flat_map(|message| &mut message.parts) {
        match part.kind_mut() {
            PartKind::Blob { content, omitted_bytes, .. } if content.estimated_bytes() > limits.media_bytes() => {
                *omitted_bytes += content.estimated_bytes();
                *content = Content::new(Vec::new());
            }
            PartKind::Uri { uri, omitted_bytes, .. } => {
                if let Some((kind, body)) =
                    parse_data_uri(uri.unseal()).filter(|(kind, body)| !is_media_allowed(kind, body, limits))
                {
                    *omitted_bytes += body.len();
                    *uri = Content::new(format!("data:{kind},"));
                }
            }
            _ => {}
        }
    }
}

/// Returns whether a generation ended by itself. Any other answer may end in the middle of a secret.
pub(super) const fn has_finished_normally(reason: Option<&FinishReason>) -> bool {
    matches!(reason, Some(FinishReason::Stop | FinishReason::ToolCall))
}

/// Splits a `data:` URI into its media type and body: `data:image/png;base64,AAAA` becomes `image/png;base64` and
/// `AAAA`. Returns `None` for other URIs.
fn parse_data_uri(uri: &str) -> Option<(&str, &str)> {
    let uri = uri.trim_start();
    let data = uri.get(..5).filter(|scheme| scheme.eq_ignore_ascii_case("data:")).map(|_| &uri[5..])?;
    Some(data.split_once(',').unwrap_or((data, "")))
}

/// Returns whether the body of a `data:` URI is base64 and within the media limit. Without base64 the body is text.
fn is_media_allowed(kind: &str, body: &str, limits: &ContentLimits) -> bool {
    let encoded = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    let short = body.len().div_ceil(4) * 3 <= limits.media_bytes();
    short && kind.ends_with(";base64") && body.bytes().all(encoded)
}

fn into_object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => [("value".to_owned(), other)].into_iter().collect(),
    }
}
