//! The kind of an observed function, the first argument of the attribute.

use syn::Error;
use syn::LitStr;
use syn::Result;

/// The kind of an observed function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FunctionKind {
    /// A model call, with the operation name of the GenAI conventions. Has metrics and a span.
    Model(String),
    /// A step around model calls. Has a span.
    Step(StepKind),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    Agent,
    Retrieval,
    Tool,
    Workflow,
}

pub(crate) const KIND_KEYWORDS: &str = "`chat`, `text_completion`, `embeddings`, `tool`, `retrieval`, `agent`, `workflow` \
                                  or `operation = \"...\"`";

/// The arguments that do not depend on the kind, with the exceptions in [`FunctionKind::accepts`].
const COMMON_ARGUMENTS: [&str; 7] = ["observer", "fields", "error_type", "usage", "stream", "producer", "crate"];

impl FunctionKind {
    pub(crate) fn from_keyword(keyword: &str) -> Option<Self> {
        Some(match keyword {
            "chat" | "text_completion" | "embeddings" => Self::Model(keyword.to_owned()),
            "tool" => Self::Step(StepKind::Tool),
            "retrieval" => Self::Step(StepKind::Retrieval),
            "agent" => Self::Step(StepKind::Agent),
            "workflow" => Self::Step(StepKind::Workflow),
            _ => return None,
        })
    }

    /// Parses `operation = "..."`: a model call with another operation name.
    pub(crate) fn from_operation(literal: &LitStr) -> Result<Self> {
        let keyword = match literal.value().as_str() {
            "execute_tool" => "tool",
            "retrieval" => "retrieval",
            "invoke_agent" => "agent",
            "invoke_workflow" => "workflow",
            name => {
                let is_name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_.-".contains(c);
                if name.is_empty() || !name.chars().all(is_name) {
                    let text = "an operation name has only `a-z`, `0-9`, `_`, `.` and `-`, such as `generate_content`";
                    return Err(Error::new_spanned(literal, text));
                }
                return Ok(Self::Model(name.to_owned()));
            }
        };
        Err(Error::new_spanned(literal, format!("this operation is a step, not a model call: write `{keyword}`")))
    }

    /// Returns the name of the kind in the attribute.
    pub(crate) fn keyword(&self) -> &str {
        match self {
            Self::Model(name) => name,
            Self::Step(step) => step.keyword(),
        }
    }

    /// Returns whether an argument is allowed for this kind.
    pub(crate) fn accepts(&self, argument: &str) -> bool {
        let is_about_embeddings = matches!(self, Self::Model(name) if name == "embeddings");
        if is_about_embeddings && ["stream", "tokens", "producer", "without_finish_reason"].contains(&argument) {
            return false;
        }
        // The producer matters only for streams whose tokens are timed.
        if matches!(self, Self::Step(_)) && argument == "producer" {
            return false;
        }
        COMMON_ARGUMENTS.contains(&argument) || self.specific_arguments().contains(&argument)
    }

    /// Returns the list of accepted arguments for an error message.
    pub(crate) fn accepted_arguments(&self) -> String {
        let all: Vec<_> = self
            .specific_arguments()
            .iter()
            .chain(&COMMON_ARGUMENTS)
            .filter(|argument| self.accepts(argument))
            .collect();
        all.iter().map(|argument| format!("`{argument}`")).collect::<Vec<_>>().join(", ")
    }

    const fn specific_arguments(&self) -> &'static [&'static str] {
        match self {
            Self::Model(_) => &[
                "provider",
                "model",
                "max_tokens",
                "conversation",
                "tenant",
                "input",
                "tokens",
                "without_finish_reason",
                "objective",
                "handle",
                "docs",
            ],
            Self::Step(step) => step.specific_arguments(),
        }
    }
}

impl StepKind {
    const fn keyword(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Retrieval => "retrieval",
            Self::Tool => "tool",
            Self::Workflow => "workflow",
        }
    }

    const fn specific_arguments(self) -> &'static [&'static str] {
        match self {
            Self::Agent => &["name", "provider", "model", "conversation"],
            Self::Retrieval => &["name", "provider", "model", "query"],
            Self::Tool => &["name", "conversation", "arguments", "result"],
            Self::Workflow => &["name", "conversation"],
        }
    }

    /// Returns the name of the observer's method that starts this step.
    pub(crate) const fn observer_method(self) -> &'static str {
        match self {
            Self::Agent => "invoke_agent",
            Self::Retrieval => "retrieval",
            Self::Tool => "execute_tool",
            Self::Workflow => "invoke_workflow",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operation_name_of_a_step_is_rejected_with_its_keyword() {
        let named = |name: &str| FunctionKind::from_operation(&LitStr::new(name, proc_macro2::Span::call_site()));
        assert_eq!(named("generate_content").unwrap(), FunctionKind::Model("generate_content".to_owned()));
        assert!(named("execute_tool").unwrap_err().to_string().contains("write `tool`"));
        assert!(named("Generate Content").is_err());
        assert!(named("").is_err());
    }

    #[test]
    fn messages_list_the_accepted_arguments() {
        let tool = FunctionKind::Step(StepKind::Tool);
        assert!(tool.accepts("name") && !tool.accepts("max_tokens") && !tool.accepts("producer"));
        assert!(
            tool.accepted_arguments().starts_with("`name`, `conversation`, `arguments`, `result`, `observer`")
                && !tool.accepted_arguments().contains("producer")
        );
        let embeddings = FunctionKind::from_keyword("embeddings").unwrap();
        assert!(embeddings.accepts("model") && !embeddings.accepts("stream"));
    }
}
