//! Tools: calls of them, and what a model is told of them.

use std::fmt;

use serde_json::Value;

use crate::content::Content;
use crate::content::Truncation;

/// A call of a tool that a model asks for.
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
    /// What is missing behind the arguments.
    pub(crate) missing: Truncation,
}

impl ToolCall {
    /// A call of the tool of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), id: None, arguments: None, missing: Truncation::None }
    }

    /// The identity of the call, which the answer repeats.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The arguments.
    pub fn arguments(mut self, arguments: impl Into<Content<Value>>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    /// The arguments as models give them: JSON in a text. What is no JSON stays a text.
    pub fn arguments_text(self, text: impl Into<String>) -> Self {
        let text = text.into();
        let value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        self.arguments(value)
    }

    /// How much it holds, about, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let id = self.id.as_ref().map_or(0, String::len);
        self.name.len() + id + self.arguments.as_ref().map_or(0, Content::weight)
    }
}

/// Without the name and the identity: a model wrote them.
impl fmt::Debug for ToolCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolCall").field("arguments", &self.arguments).finish_non_exhaustive()
    }
}

/// A tool that a model may call, as `gen_ai.tool.definitions` has it.
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
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) description: Option<Content<String>>,
    pub(crate) parameters: Option<Content<Value>>,
}

impl ToolDefinition {
    /// A function of the application.
    pub fn function(name: impl Into<String>) -> Self {
        Self::of("function", name)
    }

    /// A tool of another type, such as one of the provider's own.
    pub fn of(kind: impl Into<String>, name: impl Into<String>) -> Self {
        Self { kind: kind.into(), name: name.into(), description: None, parameters: None }
    }

    /// What the model is told of it.
    pub fn description(mut self, text: impl Into<Content<String>>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The JSON schema of its parameters.
    pub fn parameters(mut self, schema: impl Into<Content<Value>>) -> Self {
        self.parameters = Some(schema.into());
        self
    }

    /// How much it holds, about, in bytes.
    pub(crate) fn weight(&self) -> usize {
        let description = self.description.as_ref().map_or(0, Content::weight);
        let parameters = self.parameters.as_ref().map_or(0, Content::weight);
        size_of::<Self>() + self.kind.len() + self.name.len() + description + parameters
    }
}

/// Without the name and the type: in a gateway a caller wrote them.
impl fmt::Debug for ToolDefinition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (description, parameters) = (&self.description, &self.parameters);
        f.debug_struct("ToolDefinition")
            .field("description", description)
            .field("parameters", parameters)
            .finish_non_exhaustive()
    }
}
