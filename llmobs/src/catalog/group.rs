//! The groups of metrics.

use super::names::check_name;

/// A group of metrics, as in the label `llmobs.metric.group`. Another crate defines its own group.
///
/// ```
/// use llmobs::catalog::Group;
///
/// const VECTOR_STORE: Group = Group::new("vector_store");
/// assert_eq!(VECTOR_STORE.as_str(), "vector_store");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Group(&'static str);

impl Group {
    /// The server metrics of the GenAI conventions.
    pub const GEN_AI_SERVER: Self = Self("gen_ai.server");
    /// The client metrics of the GenAI conventions.
    pub const GEN_AI_CLIENT: Self = Self("gen_ai.client");
    /// The HTTP server metrics of the OpenTelemetry conventions.
    pub const HTTP_SERVER: Self = Self("http.server");
    /// Operations that started, are in flight, and ended: their counts, states, ages and attempts.
    pub const OPERATION: Self = Self("operation");
    /// Times of operations and of their streams, stalls, and the tokens whose time is not known.
    pub const TIME: Self = Self("time");
    /// Tokens by direction, kind and source.
    pub const TOKEN: Self = Self("token");
    /// Operations, tokens and costs by tenant.
    pub const TENANT: Self = Self("tenant");
    /// Costs, the price book and budgets.
    pub const COST: Self = Self("cost");
    /// Parameters of requests.
    pub const REQUEST: Self = Self("request");
    /// Lookups in caches of complete responses.
    pub const RESPONSE_CACHE: Self = Self("response_cache");
    /// Evaluation results of answers.
    pub const EVALUATION: Self = Self("evaluation");
    /// Service-level objectives.
    pub const OBJECTIVE: Self = Self("objective");
    /// The states of backends, the providers to which a gateway or client sends requests.
    pub const BACKEND: Self = Self("backend");
    /// The scheduler of an inference engine: sequences, steps, caches, speculation and adapters.
    pub const ENGINE: Self = Self("engine");
    /// Decisions, queue and limits of the application's admission control.
    pub const ADMISSION: Self = Self("admission");
    /// The async runtime.
    pub const RUNTIME: Self = Self("runtime");
    /// The library's own operation: series, folded labels, redactions and anomalies.
    pub const SELF_OBSERVABILITY: Self = Self("self");
    /// Exports of the pipeline: durations, queues and dropped items.
    pub const PIPELINE: Self = Self("pipeline");
    /// The version and the settings of the running library.
    pub const BUILD: Self = Self("build");
    /// Metrics of other crates that define no group.
    pub const OTHER: Self = Self("other");

    /// Returns a group with this name. Define it as a `const`, so that an invalid name does not compile.
    ///
    /// # Panics
    ///
    /// Panics if the name does not consist of lower case letters, digits, `_` and `.`, does not begin with a letter,
    /// has an empty segment between dots, or has more than 255 bytes.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        check_name(name);
        Self(name)
    }

    /// Returns the name of the group, which is also the value of the label `llmobs.metric.group`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
