//! Tool calls and tool definitions.

use std::fmt;

use serde_json::Value;

use crate::content::Content;
use llmobs_redact::Truncation;

/// A tool call that a model requests.
///
/// ```
/// use llmobs::content::ToolCall;
///
/// let call = ToolCall::new("weather").id("call_1").arguments_text(r#"{"city":"Paris"}"#);
/// assert!(!format!("{call:?}").contains("Paris"));
/// assert!(!format!("{call:?}").contains("weather"), "a model may have made the name up");
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct ToolCall {
    pub(crate) name: String,
    pub(crate) id: Option<String>,
    pub(crate) arguments: Option<Content<Value>>,
    /// The state of truncation of the arguments.
    pub(crate) truncation: Truncation,
}

impl ToolCall {
    /// Creates a call of the tool with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), id: None, arguments: None, truncation: Truncation::None }
    }

    /// Sets the id of the call, which the tool's response repeats.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the arguments.
    pub fn arguments(mut self, arguments: impl Into<Content<Value>>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    /// Sets the arguments from JSON text, as models generate them. Invalid JSON is kept as a text.
    pub fn arguments_text(self, text: impl Into<String>) -> Self {
        let text = text.into();
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        self.arguments(value)
    }

    /// Returns the approximate size in bytes of the name, the id and the arguments.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let id = self.id.as_ref().map_or(0, String::len);
        self.name.len() + id + self.arguments.as_ref().map_or(0, Content::estimated_bytes)
    }
}

/// Omits the name and the id, since a model generated them.
impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

/// A tool that a model may call, as in `gen_ai.tool.definitions`.
///
/// ```
/// use llmobs::content::ToolDefinition;
/// use serde_json::json;
///
/// let weather = ToolDefinition::function("weather")
///     .description("The weather in a city")
///     .parameters(json!({"type": "object", "properties": {"city": {"type": "string"}}}));
/// assert!(!format!("{weather:?}").contains("city"));
/// ```
#[derive(Clone, PartialEq)]
#[must_use]
pub struct ToolDefinition {
    pub(crate) tool_type: String,
    pub(crate) name: String,
    pub(crate) description: Option<Content<String>>,
    pub(crate) parameters: Option<Content<Value>>,
}

impl ToolDefinition {
    /// Creates the definition of a function of the application.
    pub fn function(name: impl Into<String>) -> Self {
        Self::new("function", name)
    }

    /// Creates the definition of a tool of any type, such as a tool of the provider.
    pub fn new(tool_type: impl Into<String>, name: impl Into<String>) -> Self {
        Self { tool_type: tool_type.into(), name: name.into(), description: None, parameters: None }
    }

    /// Sets the description for the model.
    pub fn description(mut self, text: impl Into<Content<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// Sets the JSON schema of the parameters.
    pub fn parameters(mut self, schema: impl Into<Content<Value>>) -> Self {
        self.parameters = Some(schema.into());
        self
    }

    /// Returns the approximate size in memory, in bytes.
    pub(crate) fn estimated_bytes(&self) -> usize {
        let description = self.description.as_ref().map_or(0, Content::estimated_bytes);
        let parameters = self.parameters.as_ref().map_or(0, Content::estimated_bytes);
        size_of::<Self>() + self.tool_type.len() + self.name.len() + description + parameters
    }
}

/// Omits the name and the type: in a gateway, the caller provides them.
impl fmt::Debug for ToolDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (description, parameters) = (&self.description, &self.parameters);
        f.debug_struct("ToolDefinition")
            .field("description", description)
            .field("parameters", parameters)
            .finish_non_exhaustive()
    }
}
