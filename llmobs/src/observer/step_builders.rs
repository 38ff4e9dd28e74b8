//! The builders of steps. A step is work of an application beside its model calls: a tool call, a retrieval, the run or
//! the creation of an agent, a workflow or a database query. Each step has one span, which follows the OpenTelemetry
//! conventions. The methods of [`Observer`](crate::Observer) return the builders.

use super::state::observer_parts::ObserverParts;
use super::step::Step;
use crate::catalog::Profile;
use crate::number::OptionalInteger;
use crate::number::to_f64;
use crate::semconv::value::CacheKind;
use crate::semconv::value::Provider;
use crate::span;
use crate::span::StepSpanKind;
use crate::span::TopK;

/// Declares the builder of one kind of step, with its setters.
macro_rules! step_builder {
    (
        $(#[$doc:meta])* struct $name:ident {
            $($(#[$set_doc:meta])* $setter:ident($field:ident),)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[must_use = "a builder observes nothing until `start` is called"]
        pub struct $name<'a> {
            observer: &'a ObserverParts,
            step: span::StepSpan<'a>,
        }

        impl<'a> $name<'a> {
            $($(#[$set_doc])*
            pub const fn $setter(mut self, $setter: &'a str) -> Self {
                self.step.$field = Some($setter);
                self
            })*

            /// Starts the step and its span. The caller ends the returned step.
            pub fn start(self) -> Step {
                let Some(inner) = &self.observer.inner else { return Step::disabled() };
                if inner.spans.is_disabled {
                    return Step::disabled();
                }
                Step::new(fit_to_profile(self.observer, self.step).start_span(), inner)
            }
        }
    };
}

step_builder! {
    /// Builds a step that searches for documents, as in retrieval-augmented generation. Its span is named
    /// `retrieval {data source}`.
    struct Retrieval {
        /// Sets the model that embeds or ranks. Defaults to none.
        model(model),
    }
}

step_builder! {
    /// Builds a step that calls a tool. Its span is named `execute_tool {tool}`.
    struct ExecuteTool {
        /// Sets the type of the tool: `function`, `extension`, `datastore` or a custom value. Defaults to none.
        kind(tool_type),
        /// Sets the identifier that the model gave the call. Defaults to none.
        call_id(tool_call_id),
        /// Sets the description of the tool, as given to the model. Defaults to none.
        description(tool_description),
        /// Sets the name of the agent that calls the tool. Recorded only in profile `latest`. Defaults to none.
        agent(agent_name),
        /// Sets the conversation that the call belongs to. Recorded only in profile `latest`. Defaults to none.
        conversation(conversation_id),
    }
}

step_builder! {
    /// Builds a step that runs an agent, in this process unless a [`provider`](Self::provider) is set. Its span is
    /// named `invoke_agent {agent}`.
    struct InvokeAgent {
        /// Sets the description of the agent. Defaults to none.
        description(agent_description),
        /// Sets the model that the agent uses. Defaults to none.
        model(model),
        /// Sets the conversation that the call belongs to. Defaults to none.
        conversation(conversation_id),
        /// Sets the identifier of the data source that the agent uses. Defaults to none.
        data_source(data_source_id),
    }
}

step_builder! {
    /// Builds a step that creates an agent at a remote service. Its span is named `create_agent {agent}`.
    struct CreateAgent {
        /// Sets the description of the agent. Defaults to none.
        description(agent_description),
        /// Sets the identifier of the agent. Defaults to none.
        id(agent_id),
        /// Sets the version of the agent. Defaults to none.
        version(agent_version),
        /// Sets the model of the agent. Defaults to none.
        model(model),
    }
}

step_builder! {
    /// Builds a step that coordinates several agents or model calls. Its span is named `invoke_workflow {workflow}`.
    struct InvokeWorkflow {
        /// Sets the conversation that the workflow belongs to. Recorded only in profile `latest`. Defaults to none.
        conversation(conversation_id),
    }
}

step_builder! {
    /// Builds a step that queries a database, for example a vector database. Its attributes follow the OpenTelemetry
    /// database conventions; its span is named `{operation} {collection}`.
    struct Database {
        /// Sets the namespace within the database system. Defaults to none.
        namespace(db_namespace),
    }
}

/// Returns the step with the attributes of the observer's profile: attributes that the profile does not define are
/// removed, and required ones are added.
fn fit_to_profile<'a>(observer: &'a ObserverParts, step: span::StepSpan<'a>) -> span::StepSpan<'a> {
    let (latest, internal) = (has_latest_profile(observer), step.kind == StepSpanKind::Internal);
    match step.operation {
        Some("execute_tool") if !latest => span::StepSpan { agent_name: None, conversation_id: None, ..step },
        Some("invoke_workflow") if !latest => span::StepSpan { conversation_id: None, ..step },
        Some("invoke_agent") if internal && latest => {
            span::StepSpan { agent_id: None, agent_version: None, server: None, ..step }
        }
        Some("invoke_agent") if internal => {
            span::StepSpan { provider: Some(observer.provider.as_str()), server: None, ..step }
        }
        _ => step,
    }
}

fn has_latest_profile(observer: &ObserverParts) -> bool {
    observer.inner.as_ref().is_some_and(|inner| inner.declared_names().profile == Profile::Latest)
}

/// Returns a step of the GenAI conventions with its operation name and the target in the span name.
fn gen_ai_step<'a>(operation: &'static str, target: &'a str) -> span::StepSpan<'a> {
    span::StepSpan { name: (operation, Some(target)), operation: Some(operation), ..span::StepSpan::default() }
}

impl<'a> Retrieval<'a> {
    /// Returns a builder of a search in a data source.
    pub(super) fn new(observer: &'a ObserverParts, data_source: &'a str) -> Self {
        let step = gen_ai_step("retrieval", data_source);
        let step = span::StepSpan { kind: StepSpanKind::Client, data_source_id: Some(data_source), ..step };
        Self { observer, step }
    }

    /// Sets the provider of the search. Defaults to none.
    pub fn provider(mut self, provider: &'a Provider) -> Self {
        self.step.provider = Some(provider.as_str());
        self
    }

    /// Sets the host that is searched, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }

    /// Sets the maximum number of documents to return. Defaults to none.
    pub fn top_k(mut self, documents: impl OptionalInteger) -> Self {
        let latest = has_latest_profile(self.observer);
        self.step.top_k = match latest {
            true => documents.optional_i64().map(TopK::Latest),
            false => documents.optional_u64().map(to_f64).map(TopK::V1_41),
        };
        self
    }
}

impl<'a> InvokeAgent<'a> {
    /// Returns a builder of a run of an agent in this process.
    pub(super) fn new(observer: &'a ObserverParts, agent: &'a str) -> Self {
        let step = gen_ai_step("invoke_agent", agent);
        Self { observer, step: span::StepSpan { agent_name: Some(agent), ..step } }
    }

    /// Declares that a remote service runs the agent, and sets the provider of the service. Makes the span a client
    /// span. By default the agent runs in this process, and every profile except `latest` records the observer's
    /// provider.
    pub fn provider(mut self, provider: &'a Provider) -> Self {
        (self.step.kind, self.step.provider) = (StepSpanKind::Client, Some(provider.as_str()));
        self
    }

    /// Sets the identifier and the version of the agent. Profile `latest` records them only if a
    /// [`provider`](Self::provider) is set. Defaults to none.
    pub const fn id(mut self, id: &'a str, version: Option<&'a str>) -> Self {
        (self.step.agent_id, self.step.agent_version) = (Some(id), version);
        self
    }

    /// Sets the host and port of a remote agent. Recorded only if a [`provider`](Self::provider) is set. Defaults to
    /// none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }
}

impl<'a> CreateAgent<'a> {
    /// Returns a builder of the creation of an agent at the observer's provider.
    pub(super) fn new(observer: &'a ObserverParts, agent: &'a str) -> Self {
        let step = gen_ai_step("create_agent", agent);
        let provider = Some(observer.provider.as_str());
        let step = span::StepSpan { kind: StepSpanKind::Client, provider, agent_name: Some(agent), ..step };
        Self { observer, step }
    }

    /// Sets the provider of the agent. Defaults to the observer's provider.
    pub fn provider(mut self, provider: &'a Provider) -> Self {
        self.step.provider = Some(provider.as_str());
        self
    }

    /// Sets the host of the service, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }
}

impl<'a> Database<'a> {
    /// Returns a builder of an operation on a collection of a database system.
    pub(super) fn new(observer: &'a ObserverParts, system: &'a str, operation: &'a str, collection: &'a str) -> Self {
        let step = span::StepSpan {
            name: (operation, Some(collection)),
            kind: StepSpanKind::Client,
            db_system: Some(system),
            db_operation: Some(operation),
            db_collection: Some(collection),
            ..span::StepSpan::default()
        };
        Self { observer, step }
    }

    /// Sets the host of the database, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }

    /// Declares that the query looks up a whole answer of a model in a cache of this kind. Record a hit or a miss with
    /// [`Step::cache_result`]. By default the query is not a cache look-up.
    pub fn cache(mut self, kind: CacheKind) -> Self {
        self.step.cache_kind = Some(kind.as_str());
        self
    }
}

impl<'a> ExecuteTool<'a> {
    /// Returns a builder of a call of a tool.
    pub(super) fn new(observer: &'a ObserverParts, tool: &'a str) -> Self {
        let step = gen_ai_step("execute_tool", tool);
        Self { observer, step: span::StepSpan { tool_name: Some(tool), ..step } }
    }
}

impl<'a> InvokeWorkflow<'a> {
    /// Returns a builder of a run of a workflow.
    pub(super) fn new(observer: &'a ObserverParts, workflow: &'a str) -> Self {
        let step = gen_ai_step("invoke_workflow", workflow);
        Self { observer, step: span::StepSpan { workflow_name: Some(workflow), ..step } }
    }
}
