//! What is known of a step before it starts: one builder for each kind that the conventions know.

use super::Observer;
use super::step::Step;
use crate::catalog::Profile;
use crate::semconv::value::CacheKind;
use crate::semconv::value::Provider;
use crate::span;
use crate::span::StepSpanKind;
use crate::span::TopK;

/// Declares the builder of a kind of step, with its setters.
macro_rules! step_builder {
    (
        $(#[$doc:meta])* $name:ident {
            $($(#[$set_doc:meta])* $setter:ident($field:ident),)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone)]
        #[must_use = "nothing is observed before `start`"]
        pub struct $name<'a> {
            observer: &'a Observer,
            step: span::StepSpan<'a>,
        }

        impl<'a> $name<'a> {
            $($(#[$set_doc])*
            pub const fn $setter(mut self, $setter: &'a str) -> Self {
                self.step.$field = Some($setter);
                self
            })*

            /// Starts the step.
            pub fn start(self) -> Step {
                let Some(core) = &self.observer.core else { return Step::disabled() };
                Step::new(self.observer.fitted(self.step).open(), core)
            }
        }
    };
}

step_builder! {
    /// A search for documents, as in retrieval-augmented generation: `retrieval {data source}`.
    Retrieval {
        /// The model that embeds or ranks. Defaults to none.
        model(model),
    }
}

step_builder! {
    /// A call of a tool: `execute_tool {tool}`.
    ExecuteTool {
        /// `function`, `extension` or `datastore`, or a word of your own. Defaults to none.
        kind(tool_type),
        /// The identifier that the model gave the call. Defaults to none.
        call_id(tool_call),
        /// What the tool is for, as the model was told. Defaults to none.
        description(tool_description),
        /// The agent that calls. Profile `latest`. Defaults to none.
        agent(agent),
        /// The conversation that it belongs to. Profile `latest`. Defaults to none.
        conversation(conversation),
    }
}

step_builder! {
    /// An agent at work, in this process unless a [`provider`](Self::provider) is given: `invoke_agent {agent}`.
    InvokeAgent {
        /// What the agent is for. Defaults to none.
        description(agent_description),
        /// The model of an agent that has one. Defaults to none.
        model(model),
        /// The conversation that it belongs to. Defaults to none.
        conversation(conversation),
        /// The source of data that it is bound to. Defaults to none.
        data_source(data_source),
    }
}

step_builder! {
    /// The creation of an agent at a remote service: `create_agent {agent}`.
    CreateAgent {
        /// What the agent is for. Defaults to none.
        description(agent_description),
        /// The identifier of the agent. Defaults to none.
        id(agent_id),
        /// The version of the agent. Defaults to none.
        version(agent_version),
        /// The model of the agent. Defaults to none.
        model(model),
    }
}

step_builder! {
    /// Several agents or model calls that work on one thing: `invoke_workflow {workflow}`.
    InvokeWorkflow {
        /// The conversation that it belongs to. Profile `latest`. Defaults to none.
        conversation(conversation),
    }
}

step_builder! {
    /// A query of a database, such as one of vectors, by the database conventions: `{operation} {collection}`.
    Database {
        /// The database within the system. Defaults to none.
        namespace(db_namespace),
    }
}

impl Observer {
    /// A search for documents in this source of data.
    pub fn retrieval<'a>(&'a self, data_source: &'a str) -> Retrieval<'a> {
        let step = step("retrieval", data_source);
        Retrieval {
            observer: self,
            step: span::StepSpan { kind: StepSpanKind::Client, data_source: Some(data_source), ..step },
        }
    }

    /// A call of this tool.
    pub fn execute_tool<'a>(&'a self, tool: &'a str) -> ExecuteTool<'a> {
        let step = step("execute_tool", tool);
        ExecuteTool { observer: self, step: span::StepSpan { tool: Some(tool), ..step } }
    }

    /// This agent at work.
    pub fn invoke_agent<'a>(&'a self, agent: &'a str) -> InvokeAgent<'a> {
        let step = step("invoke_agent", agent);
        InvokeAgent { observer: self, step: span::StepSpan { agent: Some(agent), ..step } }
    }

    /// The creation of this agent at the observer's provider.
    pub fn create_agent<'a>(&'a self, agent: &'a str) -> CreateAgent<'a> {
        let step = step("create_agent", agent);
        let provider = Some(self.provider.as_str());
        CreateAgent {
            observer: self,
            step: span::StepSpan { kind: StepSpanKind::Client, provider, agent: Some(agent), ..step },
        }
    }

    /// This workflow.
    pub fn invoke_workflow<'a>(&'a self, workflow: &'a str) -> InvokeWorkflow<'a> {
        let step = step("invoke_workflow", workflow);
        InvokeWorkflow { observer: self, step: span::StepSpan { workflow: Some(workflow), ..step } }
    }

    /// An operation such as `search` on a collection of a database, by the system's name in the database conventions,
    /// such as `postgresql` or `qdrant`.
    pub fn database<'a>(&'a self, system: &'a str, operation: &'a str, collection: &'a str) -> Database<'a> {
        let step = span::StepSpan {
            name: (operation, Some(collection)),
            kind: StepSpanKind::Client,
            db_system: Some(system),
            db_operation: Some(operation),
            db_collection: Some(collection),
            ..span::StepSpan::default()
        };
        Database { observer: self, step }
    }

    /// The step as the profile has it: it has what its profile wants, and nothing that its profile lacks.
    fn fitted<'a>(&'a self, step: span::StepSpan<'a>) -> span::StepSpan<'a> {
        let (latest, internal) = (self.has_latest_profile(), step.kind == StepSpanKind::Internal);
        match step.operation {
            Some("execute_tool") if !latest => span::StepSpan { agent: None, conversation: None, ..step },
            Some("invoke_workflow") if !latest => span::StepSpan { conversation: None, ..step },
            Some("invoke_agent") if internal && latest => {
                span::StepSpan { agent_id: None, agent_version: None, server: None, ..step }
            }
            Some("invoke_agent") if internal => {
                span::StepSpan { provider: Some(self.provider.as_str()), server: None, ..step }
            }
            _ => step,
        }
    }

    fn has_latest_profile(&self) -> bool {
        self.core.as_ref().is_some_and(|core| core.vocabulary().profile == Profile::Latest)
    }
}

/// A step by the GenAI conventions: its operation, and what it is about.
fn step<'a>(operation: &'static str, about: &'a str) -> span::StepSpan<'a> {
    span::StepSpan { name: (operation, Some(about)), operation: Some(operation), ..span::StepSpan::default() }
}

impl<'a> Retrieval<'a> {
    /// Whose search it is. Defaults to none.
    pub fn provider(mut self, provider: &'a Provider) -> Self {
        self.step.provider = Some(provider.as_str());
        self
    }

    /// The host that is searched, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }

    /// How many documents may come. Defaults to none said.
    pub fn top_k(mut self, documents: u32) -> Self {
        let latest = self.observer.has_latest_profile();
        self.step.top_k = Some(match latest {
            true => TopK::Latest(documents.into()),
            false => TopK::V1_41(documents.into()),
        });
        self
    }
}

impl<'a> InvokeAgent<'a> {
    /// Whose agent it is: one that a remote service runs. Defaults to an agent in this process, which in profile `v1_41`
    /// is told with the observer's provider.
    pub fn provider(mut self, provider: &'a Provider) -> Self {
        (self.step.kind, self.step.provider) = (StepSpanKind::Client, Some(provider.as_str()));
        self
    }

    /// The identifier and the version of a remote agent. Defaults to none.
    pub const fn id(mut self, id: &'a str, version: Option<&'a str>) -> Self {
        (self.step.agent_id, self.step.agent_version) = (Some(id), version);
        self
    }

    /// The host of a remote agent, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }
}

impl<'a> CreateAgent<'a> {
    /// Whose agent it is. Defaults to the observer's provider.
    pub fn provider(mut self, provider: &'a Provider) -> Self {
        self.step.provider = Some(provider.as_str());
        self
    }

    /// The host of the service, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }
}

impl<'a> Database<'a> {
    /// The host of the database, and its port. Defaults to none.
    pub const fn server(mut self, address: &'a str, port: u16) -> Self {
        self.step.server = Some((address, port));
        self
    }

    /// It holds whole answers: this is a look into a cache. Say what it found with
    /// [`Step::cache_result`]. Defaults to no cache.
    pub fn cache(mut self, kind: CacheKind) -> Self {
        self.step.cache_kind = Some(kind.as_str());
        self
    }
}
