// Do not edit: `cargo xtask semconv` writes this file from the data in `semconv/`.

//! The names of the conventions' attributes, the values of those that have a list, and the type of each.
//!
//! A name belongs to both profiles unless its doc says otherwise. The values of an attribute are in a
//! module that is named after it, without `gen_ai`.

use super::definition::AttributeDefinition;
use super::definition::AttributeType;

/// The address of the caller, behind all proxies that it came through.
///
/// Type: `string`. Stability: stable.
pub const CLIENT_ADDRESS: &str = "client.address";

/// The port of the caller.
///
/// Type: `int`. Stability: stable.
pub const CLIENT_PORT: &str = "client.port";

/// The table, collection, container or index that is worked on.
///
/// Type: `string`. Stability: stable.
pub const DB_COLLECTION_NAME: &str = "db.collection.name";

/// The database, with all that qualifies it inside its server.
///
/// Type: `string`. Stability: stable.
pub const DB_NAMESPACE: &str = "db.namespace";

/// How many queries a batch holds; never 1.
///
/// Type: `int`. Stability: stable.
pub const DB_OPERATION_BATCH_SIZE: &str = "db.operation.batch.size";

/// The operation or command.
///
/// Type: `string`. Stability: stable.
pub const DB_OPERATION_NAME: &str = "db.operation.name";

/// What a query does and to what, in few words of low cardinality.
///
/// Type: `string`. Stability: stable.
pub const DB_QUERY_SUMMARY: &str = "db.query.summary";

/// The query.
///
/// Type: `string`. Stability: stable.
pub const DB_QUERY_TEXT: &str = "db.query.text";

/// How many rows came back.
///
/// Type: `int`. Stability: development.
pub const DB_RESPONSE_RETURNED_ROWS: &str = "db.response.returned_rows";

/// The code that the database gave back, in its own notation.
///
/// Type: `string`. Stability: stable.
pub const DB_RESPONSE_STATUS_CODE: &str = "db.response.status_code";

/// The stored procedure that is called.
///
/// Type: `string`. Stability: stable.
pub const DB_STORED_PROCEDURE_NAME: &str = "db.stored_procedure.name";

/// The database product, as the client knows it.
///
/// Type: `string`. Stability: stable.
///
/// Values: `azure.cosmosdb`, `cassandra`, `clickhouse`, `cockroachdb`, `couchbase`, `elasticsearch`, `mariadb`,
/// `memcached`, `microsoft.sql_server`, `mongodb`, `mysql`, `neo4j`, `opensearch`, `oracle.db`, `other_sql`,
/// `postgresql`, `redis`, `sqlite`; see [`db_system_name`].
pub const DB_SYSTEM_NAME: &str = "db.system.name";

/// The values of `db.system.name` that have a meaning of their own.
pub mod db_system_name {
    /// Azure Cosmos DB.
    pub const AZURE_COSMOSDB: &str = "azure.cosmosdb";

    /// Apache Cassandra.
    pub const CASSANDRA: &str = "cassandra";

    /// ClickHouse.
    pub const CLICKHOUSE: &str = "clickhouse";

    /// CockroachDB.
    pub const COCKROACHDB: &str = "cockroachdb";

    /// Couchbase.
    pub const COUCHBASE: &str = "couchbase";

    /// Elasticsearch.
    pub const ELASTICSEARCH: &str = "elasticsearch";

    /// MariaDB.
    pub const MARIADB: &str = "mariadb";

    /// Memcached.
    pub const MEMCACHED: &str = "memcached";

    /// Microsoft SQL Server.
    pub const MICROSOFT_SQL_SERVER: &str = "microsoft.sql_server";

    /// MongoDB.
    pub const MONGODB: &str = "mongodb";

    /// MySQL.
    pub const MYSQL: &str = "mysql";

    /// Neo4j.
    pub const NEO4J: &str = "neo4j";

    /// OpenSearch.
    pub const OPENSEARCH: &str = "opensearch";

    /// Oracle Database.
    pub const ORACLE_DB: &str = "oracle.db";

    /// A database with SQL that has no value of its own.
    pub const OTHER_SQL: &str = "other_sql";

    /// PostgreSQL.
    pub const POSTGRESQL: &str = "postgresql";

    /// Redis.
    pub const REDIS: &str = "redis";

    /// SQLite.
    pub const SQLITE: &str = "sqlite";
}

/// The environment that the service runs in, such as `production`.
///
/// Type: `string`. Stability: development.
pub const DEPLOYMENT_ENVIRONMENT_NAME: &str = "deployment.environment.name";

/// The class of error an operation ended with, from a list of low cardinality. Absent on success.
///
/// Type: `string`. Stability: stable.
pub const ERROR_TYPE: &str = "error.type";

/// What the exception says.
///
/// Type: `string`. Stability: stable.
pub const EXCEPTION_MESSAGE: &str = "exception.message";

/// Where it was thrown, in the notation of the language.
///
/// Type: `string`. Stability: stable.
pub const EXCEPTION_STACKTRACE: &str = "exception.stacktrace";

/// The type of the exception, with all that qualifies it.
///
/// Type: `string`. Stability: stable.
pub const EXCEPTION_TYPE: &str = "exception.type";

/// Free-form description of the GenAI agent provided by the application.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_AGENT_DESCRIPTION: &str = "gen_ai.agent.description";

/// The unique identifier of the GenAI agent.
///
/// In `latest`: The unique and stable identifier of the GenAI hosted agent resource.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_AGENT_ID: &str = "gen_ai.agent.id";

/// Human-readable name of the GenAI agent provided by the application.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_AGENT_NAME: &str = "gen_ai.agent.name";

/// The version of the GenAI agent.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_AGENT_VERSION: &str = "gen_ai.agent.version";

/// Indicates whether the effective conversation context used for this operation is a compacted view of a prior
/// conversation.
///
/// Type: `boolean`. Stability: development. Profile: `latest` only.
pub const GEN_AI_CONVERSATION_COMPACTED: &str = "gen_ai.conversation.compacted";

/// The unique identifier for a conversation (session, thread), used to store and correlate messages within this
/// conversation.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_CONVERSATION_ID: &str = "gen_ai.conversation.id";

/// The data source identifier.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_DATA_SOURCE_ID: &str = "gen_ai.data_source.id";

/// The number of dimensions the resulting output embeddings should have.
///
/// Type: `int`. Stability: development.
pub const GEN_AI_EMBEDDINGS_DIMENSION_COUNT: &str = "gen_ai.embeddings.dimension.count";

/// A free-form explanation for the assigned score provided by the evaluator.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_EVALUATION_EXPLANATION: &str = "gen_ai.evaluation.explanation";

/// The name of the evaluation metric used for the GenAI response.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_EVALUATION_NAME: &str = "gen_ai.evaluation.name";

/// Human readable label for evaluation.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_EVALUATION_SCORE_LABEL: &str = "gen_ai.evaluation.score.label";

/// The evaluation score returned by the evaluator.
///
/// Type: `double`. Stability: development.
pub const GEN_AI_EVALUATION_SCORE_VALUE: &str = "gen_ai.evaluation.score.value";

/// The chat history provided to the model as an input.
///
/// Type: `any`. Stability: development.
pub const GEN_AI_INPUT_MESSAGES: &str = "gen_ai.input.messages";

/// The free-form description of the top-level Generative AI agent in the process.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MAIN_AGENT_DESCRIPTION: &str = "gen_ai.main_agent.description";

/// The unique and stable identifier of the top-level Generative AI agent in the process.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MAIN_AGENT_ID: &str = "gen_ai.main_agent.id";

/// The human-readable name of the top-level Generative AI agent in the process.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MAIN_AGENT_NAME: &str = "gen_ai.main_agent.name";

/// The search query used to retrieve memories.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MEMORY_QUERY_TEXT: &str = "gen_ai.memory.query.text";

/// The number of memory records relevant to the operation.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MEMORY_RECORD_COUNT: &str = "gen_ai.memory.record.count";

/// The unique identifier of the memory record.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MEMORY_RECORD_ID: &str = "gen_ai.memory.record.id";

/// The memory records stored or retrieved in a memory operation.
///
/// Type: `any`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MEMORY_RECORDS: &str = "gen_ai.memory.records";

/// The unique identifier of the memory store.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_MEMORY_STORE_ID: &str = "gen_ai.memory.store.id";

/// The name of the operation being performed.
///
/// Type: `string`. Stability: development.
///
/// Values: `chat`, `generate_content`, `text_completion`, `embeddings`, `retrieval`, `create_agent`, `invoke_agent`,
/// `execute_tool`, `invoke_workflow`, `fetch_response`, `plan`, `search_memory`, `create_memory`, `update_memory`,
/// `upsert_memory`, `delete_memory`, `create_memory_store`, `delete_memory_store`; see [`operation_name`].
pub const GEN_AI_OPERATION_NAME: &str = "gen_ai.operation.name";

/// The values of `gen_ai.operation.name` that have a meaning of their own.
pub mod operation_name {
    /// Chat completion operation such as OpenAI Chat API.
    pub const CHAT: &str = "chat";

    /// Multimodal content generation operation such as Gemini Generate Content.
    pub const GENERATE_CONTENT: &str = "generate_content";

    /// Text completions operation such as OpenAI Completions API (Legacy).
    pub const TEXT_COMPLETION: &str = "text_completion";

    /// Embeddings operation such as OpenAI Create embeddings API.
    pub const EMBEDDINGS: &str = "embeddings";

    /// Retrieval operation such as OpenAI Search Vector Store API.
    pub const RETRIEVAL: &str = "retrieval";

    /// Create GenAI agent.
    pub const CREATE_AGENT: &str = "create_agent";

    /// Invoke GenAI agent.
    pub const INVOKE_AGENT: &str = "invoke_agent";

    /// Execute a tool.
    pub const EXECUTE_TOOL: &str = "execute_tool";

    /// Invoke GenAI workflow.
    pub const INVOKE_WORKFLOW: &str = "invoke_workflow";

    /// Fetch a previously generated model response by its identifier, without performing inference, such as OpenAI Get
    /// a model response. Profile: `latest` only.
    pub const FETCH_RESPONSE: &str = "fetch_response";

    /// Agent planning or task decomposition phase. Profile: `latest` only.
    pub const PLAN: &str = "plan";

    /// Search/query memories from a memory store. Profile: `latest` only.
    pub const SEARCH_MEMORY: &str = "search_memory";

    /// Create new memory records. Profile: `latest` only.
    pub const CREATE_MEMORY: &str = "create_memory";

    /// Update existing memory records. Profile: `latest` only.
    pub const UPDATE_MEMORY: &str = "update_memory";

    /// Create or update memory records without the caller choosing which. Profile: `latest` only.
    pub const UPSERT_MEMORY: &str = "upsert_memory";

    /// Delete memory records. Profile: `latest` only.
    pub const DELETE_MEMORY: &str = "delete_memory";

    /// Create or initialize a memory store. Profile: `latest` only.
    pub const CREATE_MEMORY_STORE: &str = "create_memory_store";

    /// Delete or deprovision a memory store. Profile: `latest` only.
    pub const DELETE_MEMORY_STORE: &str = "delete_memory_store";
}

/// Messages returned by the model where each message represents a specific model response (choice, candidate).
///
/// Type: `any`. Stability: development.
pub const GEN_AI_OUTPUT_MESSAGES: &str = "gen_ai.output.messages";

/// Represents the content type requested by the client.
///
/// Type: `string`. Stability: development.
///
/// Values: `text`, `json`, `image`, `speech`; see [`output_type`].
pub const GEN_AI_OUTPUT_TYPE: &str = "gen_ai.output.type";

/// The values of `gen_ai.output.type` that have a meaning of their own.
pub mod output_type {
    /// Plain text.
    pub const TEXT: &str = "text";

    /// JSON object with known or unknown schema.
    pub const JSON: &str = "json";

    /// Image.
    pub const IMAGE: &str = "image";

    /// Speech.
    pub const SPEECH: &str = "speech";
}

/// The name of the prompt that uniquely identifies it.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_PROMPT_NAME: &str = "gen_ai.prompt.name";

/// The variables supplied to the prompt template, the `<key>` being the variable name, the value being the variable
/// value.
///
/// Type: `template[string]`. Stability: development. The full name has a key behind it, after a dot. Profile: `latest`
/// only.
pub const GEN_AI_PROMPT_VARIABLE: &str = "gen_ai.prompt.variable";

/// The version of the prompt template used.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_PROMPT_VERSION: &str = "gen_ai.prompt.version";

/// The Generative AI provider as identified by the client or server instrumentation.
///
/// Type: `string`. Stability: development.
///
/// Values: `openai`, `gcp.gen_ai`, `gcp.vertex_ai`, `gcp.gemini`, `anthropic`, `cohere`, `azure.ai.inference`,
/// `azure.ai.openai`, `ibm.watsonx.ai`, `aws.bedrock`, `perplexity`, `x_ai`, `deepseek`, `groq`, `mistral_ai`,
/// `moonshot_ai`; see [`provider_name`].
pub const GEN_AI_PROVIDER_NAME: &str = "gen_ai.provider.name";

/// The values of `gen_ai.provider.name` that have a meaning of their own.
pub mod provider_name {
    /// OpenAI.
    pub const OPENAI: &str = "openai";

    /// Any Google generative AI endpoint.
    pub const GCP_GEN_AI: &str = "gcp.gen_ai";

    /// Vertex AI.
    pub const GCP_VERTEX_AI: &str = "gcp.vertex_ai";

    /// Gemini.
    pub const GCP_GEMINI: &str = "gcp.gemini";

    /// Anthropic.
    pub const ANTHROPIC: &str = "anthropic";

    /// Cohere.
    pub const COHERE: &str = "cohere";

    /// Azure AI Inference.
    pub const AZURE_AI_INFERENCE: &str = "azure.ai.inference";

    /// Azure OpenAI.
    pub const AZURE_AI_OPENAI: &str = "azure.ai.openai";

    /// IBM Watsonx AI.
    pub const IBM_WATSONX_AI: &str = "ibm.watsonx.ai";

    /// AWS Bedrock.
    pub const AWS_BEDROCK: &str = "aws.bedrock";

    /// Perplexity.
    pub const PERPLEXITY: &str = "perplexity";

    /// xAI.
    pub const X_AI: &str = "x_ai";

    /// DeepSeek.
    pub const DEEPSEEK: &str = "deepseek";

    /// Groq.
    pub const GROQ: &str = "groq";

    /// Mistral AI.
    pub const MISTRAL_AI: &str = "mistral_ai";

    /// Moonshot AI. Profile: `latest` only.
    pub const MOONSHOT_AI: &str = "moonshot_ai";
}

/// The target number of candidate completions to return.
///
/// Type: `int`. Stability: development.
pub const GEN_AI_REQUEST_CHOICE_COUNT: &str = "gen_ai.request.choice.count";

/// The encoding formats requested in an embeddings operation, if specified.
///
/// Type: `string[]`. Stability: development.
pub const GEN_AI_REQUEST_ENCODING_FORMATS: &str = "gen_ai.request.encoding_formats";

/// The frequency penalty setting for the GenAI request.
///
/// Type: `double`. Stability: development.
pub const GEN_AI_REQUEST_FREQUENCY_PENALTY: &str = "gen_ai.request.frequency_penalty";

/// The maximum number of tokens the model generates for a request.
///
/// Type: `int`. Stability: development.
pub const GEN_AI_REQUEST_MAX_TOKENS: &str = "gen_ai.request.max_tokens";

/// The name of the GenAI model a request is being made to.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_REQUEST_MODEL: &str = "gen_ai.request.model";

/// The presence penalty setting for the GenAI request.
///
/// Type: `double`. Stability: development.
pub const GEN_AI_REQUEST_PRESENCE_PENALTY: &str = "gen_ai.request.presence_penalty";

/// The unique identifier of a previous response or interaction used to provide context for the current operation.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID: &str = "gen_ai.request.previous_response.id";

/// The reasoning or thinking effort level requested for a GenAI model.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_REQUEST_REASONING_LEVEL: &str = "gen_ai.request.reasoning.level";

/// Requests with same seed value more likely to return same result.
///
/// Type: `int`. Stability: development.
pub const GEN_AI_REQUEST_SEED: &str = "gen_ai.request.seed";

/// List of sequences that the model will use to stop generating further tokens.
///
/// Type: `string[]`. Stability: development.
pub const GEN_AI_REQUEST_STOP_SEQUENCES: &str = "gen_ai.request.stop_sequences";

/// Indicates whether the GenAI request was made in streaming mode.
///
/// Type: `boolean`. Stability: development.
pub const GEN_AI_REQUEST_STREAM: &str = "gen_ai.request.stream";

/// The cursor identifying the last streamed event already received, used to resume a streamed response from that
/// position.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_REQUEST_STREAM_CURSOR: &str = "gen_ai.request.stream_cursor";

/// The temperature setting for the GenAI request.
///
/// Type: `double`. Stability: development.
pub const GEN_AI_REQUEST_TEMPERATURE: &str = "gen_ai.request.temperature";

/// The `top_k` sampling setting for the GenAI request.
///
/// In `latest`: The top-K sampling setting for the GenAI request: restricts token generation at each step to the K most
/// likely next tokens.
///
/// Type: `double` in `v1_41`, `int` in `latest`. Stability: development.
pub const GEN_AI_REQUEST_TOP_K: &str = "gen_ai.request.top_k";

/// The `top_p` sampling setting for the GenAI request.
///
/// Type: `double`. Stability: development.
pub const GEN_AI_REQUEST_TOP_P: &str = "gen_ai.request.top_p";

/// Array of reasons the model stopped generating tokens, corresponding to each generation received.
///
/// Type: `string[]`. Stability: development.
pub const GEN_AI_RESPONSE_FINISH_REASONS: &str = "gen_ai.response.finish_reasons";

/// The unique identifier for the completion.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_RESPONSE_ID: &str = "gen_ai.response.id";

/// The name of the model that generated the response.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_RESPONSE_MODEL: &str = "gen_ai.response.model";

/// The lifecycle status of a generated response, as reported by the provider when the response is fetched or polled.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
///
/// Values: `queued`, `in_progress`, `completed`, `incomplete`, `failed`, `cancelled`; see [`response_status`].
pub const GEN_AI_RESPONSE_STATUS: &str = "gen_ai.response.status";

/// The values of `gen_ai.response.status` that have a meaning of their own.
pub mod response_status {
    /// The response has been accepted by the provider but generation has not started yet.
    pub const QUEUED: &str = "queued";

    /// The response is still being generated, for example a background or streamed response that has not finished.
    pub const IN_PROGRESS: &str = "in_progress";

    /// The response finished generating successfully.
    pub const COMPLETED: &str = "completed";

    /// The response stopped before generation completed, for example because a token limit or content filter was
    /// reached.
    pub const INCOMPLETE: &str = "incomplete";

    /// The response generation failed with an error.
    pub const FAILED: &str = "failed";

    /// The response generation was cancelled before it completed.
    pub const CANCELLED: &str = "cancelled";
}

/// Time to first chunk in a streaming response, measured from request issuance, in seconds. The value is measured from
/// when the client issues the generation request to when the first chunk is received in the response stream.
///
/// Type: `double`. Stability: development.
pub const GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK: &str = "gen_ai.response.time_to_first_chunk";

/// The documents retrieved.
///
/// Type: `any`. Stability: development.
pub const GEN_AI_RETRIEVAL_DOCUMENTS: &str = "gen_ai.retrieval.documents";

/// The query text used for retrieval.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_RETRIEVAL_QUERY_TEXT: &str = "gen_ai.retrieval.query.text";

/// The maximum number of documents the retriever was asked to return for the query (also known as `k`, `limit`, or
/// `max_num_results`).
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_RETRIEVAL_TOP_K: &str = "gen_ai.retrieval.top_k";

/// The description of the Agent Skill.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_SKILL_DESCRIPTION: &str = "gen_ai.skill.description";

/// The name of the Agent Skill.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_SKILL_NAME: &str = "gen_ai.skill.name";

/// The skill-relative name of the resource (script, reference, or asset) being accessed or executed.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_SKILL_RESOURCE_NAME: &str = "gen_ai.skill.resource.name";

/// The source URI for loading the skill.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
pub const GEN_AI_SKILL_SOURCE_URI: &str = "gen_ai.skill.source.uri";

/// The system message or instructions provided to the GenAI model separately from the chat history.
///
/// Type: `any`. Stability: development.
pub const GEN_AI_SYSTEM_INSTRUCTIONS: &str = "gen_ai.system_instructions";

/// The modality of the tokens being counted.
///
/// Type: `string`. Stability: development. Profile: `latest` only.
///
/// Values: `text`, `image`, `audio`, `unknown`; see [`token_modality`].
pub const GEN_AI_TOKEN_MODALITY: &str = "gen_ai.token.modality";

/// The values of `gen_ai.token.modality` that have a meaning of their own.
pub mod token_modality {
    /// Text tokens.
    pub const TEXT: &str = "text";

    /// Image tokens.
    pub const IMAGE: &str = "image";

    /// Audio tokens.
    pub const AUDIO: &str = "audio";

    /// The modality is not known.
    pub const UNKNOWN: &str = "unknown";
}

/// The type of token being counted.
///
/// Type: `string`. Stability: development. Profile: `v1_41` only.
///
/// Values: `input`, `output`; see [`token_type`].
pub const GEN_AI_TOKEN_TYPE: &str = "gen_ai.token.type";

/// The values of `gen_ai.token.type` that have a meaning of their own.
pub mod token_type {
    /// Input tokens (prompt, input, etc.).
    pub const INPUT: &str = "input";

    /// Output tokens (completion, response, etc.).
    pub const OUTPUT: &str = "output";
}

/// Parameters passed to the tool call.
///
/// Type: `any`. Stability: development.
pub const GEN_AI_TOOL_CALL_ARGUMENTS: &str = "gen_ai.tool.call.arguments";

/// The tool call identifier.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_TOOL_CALL_ID: &str = "gen_ai.tool.call.id";

/// The result returned by the tool call (if any and if execution was successful).
///
/// Type: `any`. Stability: development.
pub const GEN_AI_TOOL_CALL_RESULT: &str = "gen_ai.tool.call.result";

/// The list of tool definitions available to the GenAI agent or model.
///
/// Type: `any`. Stability: development.
pub const GEN_AI_TOOL_DEFINITIONS: &str = "gen_ai.tool.definitions";

/// The tool description.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_TOOL_DESCRIPTION: &str = "gen_ai.tool.description";

/// Name of the tool utilized by the agent.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_TOOL_NAME: &str = "gen_ai.tool.name";

/// Type of the tool utilized by the agent.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_TOOL_TYPE: &str = "gen_ai.tool.type";

/// The number of audio input tokens served from a provider-managed cache.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS: &str = "gen_ai.usage.audio.cache_read.input_tokens";

/// The number of audio input tokens.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_AUDIO_INPUT_TOKENS: &str = "gen_ai.usage.audio.input_tokens";

/// The number of audio output tokens.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS: &str = "gen_ai.usage.audio.output_tokens";

/// The number of input tokens written to a provider-managed cache.
///
/// Type: `int`. Stability: development. Profile: `v1_41` only.
pub const GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS: &str = "gen_ai.usage.cache_creation.input_tokens";

/// The number of input tokens served from a provider-managed cache.
///
/// Type: `int`. Stability: development.
pub const GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS: &str = "gen_ai.usage.cache_read.input_tokens";

/// The number of input tokens written to a provider-managed cache.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS: &str = "gen_ai.usage.cache_write.input_tokens";

/// The number of image input tokens served from a provider-managed cache.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS: &str = "gen_ai.usage.image.cache_read.input_tokens";

/// The number of image input tokens.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_IMAGE_INPUT_TOKENS: &str = "gen_ai.usage.image.input_tokens";

/// The number of image output tokens.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS: &str = "gen_ai.usage.image.output_tokens";

/// The number of tokens used in the GenAI input (prompt).
///
/// Type: `int`. Stability: development.
pub const GEN_AI_USAGE_INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";

/// The number of tokens used in the GenAI response (completion).
///
/// Type: `int`. Stability: development.
pub const GEN_AI_USAGE_OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";

/// The number of output tokens used for reasoning (e.g. chain-of-thought, extended thinking).
///
/// Type: `int`. Stability: development.
pub const GEN_AI_USAGE_REASONING_OUTPUT_TOKENS: &str = "gen_ai.usage.reasoning.output_tokens";

/// The number of text input tokens served from a provider-managed cache.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS: &str = "gen_ai.usage.text.cache_read.input_tokens";

/// The number of text input tokens.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_TEXT_INPUT_TOKENS: &str = "gen_ai.usage.text.input_tokens";

/// The number of text output tokens.
///
/// Type: `int`. Stability: development. Profile: `latest` only.
pub const GEN_AI_USAGE_TEXT_OUTPUT_TOKENS: &str = "gen_ai.usage.text.output_tokens";

/// Human-readable name of the GenAI workflow provided by the application.
///
/// Type: `string`. Stability: development.
pub const GEN_AI_WORKFLOW_NAME: &str = "gen_ai.workflow.name";

/// The bytes of the request body as sent, without the headers.
///
/// Type: `int`. Stability: development.
pub const HTTP_REQUEST_BODY_SIZE: &str = "http.request.body.size";

/// The method of the request.
///
/// Type: `string`. Stability: stable.
///
/// Values: `CONNECT`, `DELETE`, `GET`, `HEAD`, `OPTIONS`, `PATCH`, `POST`, `PUT`, `TRACE`, `_OTHER`; see
/// [`http_request_method`].
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";

/// The values of `http.request.method` that have a meaning of their own.
pub mod http_request_method {
    /// CONNECT.
    pub const CONNECT: &str = "CONNECT";

    /// DELETE.
    pub const DELETE: &str = "DELETE";

    /// GET.
    pub const GET: &str = "GET";

    /// HEAD.
    pub const HEAD: &str = "HEAD";

    /// OPTIONS.
    pub const OPTIONS: &str = "OPTIONS";

    /// PATCH.
    pub const PATCH: &str = "PATCH";

    /// POST.
    pub const POST: &str = "POST";

    /// PUT.
    pub const PUT: &str = "PUT";

    /// TRACE.
    pub const TRACE: &str = "TRACE";

    /// Any method that is not listed.
    pub const _OTHER: &str = "_OTHER";
}

/// The method as it was sent, where it is not the one that is reported.
///
/// Type: `string`. Stability: stable.
pub const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";

/// Which repetition of the request this is.
///
/// Type: `int`. Stability: stable.
pub const HTTP_REQUEST_RESEND_COUNT: &str = "http.request.resend_count";

/// The bytes of the response body as sent, without the headers.
///
/// Type: `int`. Stability: development.
pub const HTTP_RESPONSE_BODY_SIZE: &str = "http.response.body.size";

/// The status code of the response.
///
/// Type: `int`. Stability: stable.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";

/// The template of the path that matched, and never the path itself.
///
/// Type: `string`. Stability: stable.
pub const HTTP_ROUTE: &str = "http.route";

/// Design capacity in Watts-hours or Ampere-hours.
///
/// Type: `string`. Stability: development.
pub const HW_BATTERY_CAPACITY: &str = "hw.battery.capacity";

/// Battery chemistry, e.g. Lithium-Ion, Nickel-Cadmium, etc.
///
/// Type: `string`. Stability: development.
pub const HW_BATTERY_CHEMISTRY: &str = "hw.battery.chemistry";

/// The current state of the battery.
///
/// Type: `string`. Stability: development.
///
/// Values: `charging`, `discharging`; see [`hw_battery_state`].
pub const HW_BATTERY_STATE: &str = "hw.battery.state";

/// The values of `hw.battery.state` that have a meaning of their own.
pub mod hw_battery_state {
    /// Charging.
    pub const CHARGING: &str = "charging";

    /// Discharging.
    pub const DISCHARGING: &str = "discharging";
}

/// BIOS version of the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_BIOS_VERSION: &str = "hw.bios_version";

/// Driver version for the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_DRIVER_VERSION: &str = "hw.driver_version";

/// Type of the enclosure (useful for modular systems).
///
/// Type: `string`. Stability: development.
pub const HW_ENCLOSURE_TYPE: &str = "hw.enclosure.type";

/// Firmware version of the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_FIRMWARE_VERSION: &str = "hw.firmware_version";

/// Type of task the GPU is performing.
///
/// Type: `string`. Stability: development.
///
/// Values: `decoder`, `encoder`, `general`; see [`hw_gpu_task`].
pub const HW_GPU_TASK: &str = "hw.gpu.task";

/// The values of `hw.gpu.task` that have a meaning of their own.
pub mod hw_gpu_task {
    /// Decoder.
    pub const DECODER: &str = "decoder";

    /// Encoder.
    pub const ENCODER: &str = "encoder";

    /// General.
    pub const GENERAL: &str = "general";
}

/// An identifier for the hardware component, unique within the monitored host.
///
/// Type: `string`. Stability: development.
pub const HW_ID: &str = "hw.id";

/// Type of limit for hardware components.
///
/// Type: `string`. Stability: development.
///
/// Values: `critical`, `degraded`, `high.critical`, `high.degraded`, `low.critical`, `low.degraded`, `max`,
/// `throttled`, `turbo`; see [`hw_limit_type`].
pub const HW_LIMIT_TYPE: &str = "hw.limit_type";

/// The values of `hw.limit_type` that have a meaning of their own.
pub mod hw_limit_type {
    /// Critical.
    pub const CRITICAL: &str = "critical";

    /// Degraded.
    pub const DEGRADED: &str = "degraded";

    /// High Critical.
    pub const HIGH_CRITICAL: &str = "high.critical";

    /// High Degraded.
    pub const HIGH_DEGRADED: &str = "high.degraded";

    /// Low Critical.
    pub const LOW_CRITICAL: &str = "low.critical";

    /// Low Degraded.
    pub const LOW_DEGRADED: &str = "low.degraded";

    /// Maximum.
    pub const MAX: &str = "max";

    /// Throttled.
    pub const THROTTLED: &str = "throttled";

    /// Turbo.
    pub const TURBO: &str = "turbo";
}

/// RAID Level of the logical disk.
///
/// Type: `string`. Stability: development.
pub const HW_LOGICAL_DISK_RAID_LEVEL: &str = "hw.logical_disk.raid_level";

/// State of the logical disk space usage.
///
/// Type: `string`. Stability: development.
///
/// Values: `used`, `free`; see [`hw_logical_disk_state`].
pub const HW_LOGICAL_DISK_STATE: &str = "hw.logical_disk.state";

/// The values of `hw.logical_disk.state` that have a meaning of their own.
pub mod hw_logical_disk_state {
    /// Used.
    pub const USED: &str = "used";

    /// Free.
    pub const FREE: &str = "free";
}

/// Type of the memory module.
///
/// Type: `string`. Stability: development.
pub const HW_MEMORY_TYPE: &str = "hw.memory.type";

/// Descriptive model name of the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_MODEL: &str = "hw.model";

/// An easily-recognizable name for the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_NAME: &str = "hw.name";

/// Logical addresses of the adapter (e.g. IP address, or WWPN).
///
/// Type: `string[]`. Stability: development.
pub const HW_NETWORK_LOGICAL_ADDRESSES: &str = "hw.network.logical_addresses";

/// Physical address of the adapter (e.g. MAC address, or WWNN).
///
/// Type: `string`. Stability: development.
pub const HW_NETWORK_PHYSICAL_ADDRESS: &str = "hw.network.physical_address";

/// Unique identifier of the parent component (typically the `hw.id` attribute of the enclosure, or disk controller).
///
/// Type: `string`. Stability: development.
pub const HW_PARENT: &str = "hw.parent";

/// S.M.A.R.T. (Self-Monitoring, Analysis, and Reporting Technology) attribute of the physical disk.
///
/// Type: `string`. Stability: development.
pub const HW_PHYSICAL_DISK_SMART_ATTRIBUTE: &str = "hw.physical_disk.smart_attribute";

/// State of the physical disk endurance utilization.
///
/// Type: `string`. Stability: development.
///
/// Values: `remaining`; see [`hw_physical_disk_state`].
pub const HW_PHYSICAL_DISK_STATE: &str = "hw.physical_disk.state";

/// The values of `hw.physical_disk.state` that have a meaning of their own.
pub mod hw_physical_disk_state {
    /// Remaining.
    pub const REMAINING: &str = "remaining";
}

/// Type of the physical disk.
///
/// Type: `string`. Stability: development.
pub const HW_PHYSICAL_DISK_TYPE: &str = "hw.physical_disk.type";

/// Location of the sensor.
///
/// Type: `string`. Stability: development.
pub const HW_SENSOR_LOCATION: &str = "hw.sensor_location";

/// Serial number of the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_SERIAL_NUMBER: &str = "hw.serial_number";

/// The current state of the component.
///
/// Type: `string`. Stability: development.
///
/// Values: `degraded`, `failed`, `needs_cleaning`, `ok`, `predicted_failure`; see [`hw_state`].
pub const HW_STATE: &str = "hw.state";

/// The values of `hw.state` that have a meaning of their own.
pub mod hw_state {
    /// Degraded.
    pub const DEGRADED: &str = "degraded";

    /// Failed.
    pub const FAILED: &str = "failed";

    /// Needs Cleaning.
    pub const NEEDS_CLEANING: &str = "needs_cleaning";

    /// OK.
    pub const OK: &str = "ok";

    /// Predicted Failure.
    pub const PREDICTED_FAILURE: &str = "predicted_failure";
}

/// Type of tape drive operation.
///
/// Type: `string`. Stability: development.
///
/// Values: `mount`, `unmount`, `clean`; see [`hw_tape_drive_operation_type`].
pub const HW_TAPE_DRIVE_OPERATION_TYPE: &str = "hw.tape_drive.operation_type";

/// The values of `hw.tape_drive.operation_type` that have a meaning of their own.
pub mod hw_tape_drive_operation_type {
    /// Mount.
    pub const MOUNT: &str = "mount";

    /// Unmount.
    pub const UNMOUNT: &str = "unmount";

    /// Clean.
    pub const CLEAN: &str = "clean";
}

/// Type of the component.
///
/// Type: `string`. Stability: development.
///
/// Values: `battery`, `cpu`, `disk_controller`, `enclosure`, `fan`, `gpu`, `logical_disk`, `memory`, `network`,
/// `physical_disk`, `power_supply`, `tape_drive`, `temperature`, `voltage`; see [`hw_type`].
pub const HW_TYPE: &str = "hw.type";

/// The values of `hw.type` that have a meaning of their own.
pub mod hw_type {
    /// Battery.
    pub const BATTERY: &str = "battery";

    /// CPU.
    pub const CPU: &str = "cpu";

    /// Disk controller.
    pub const DISK_CONTROLLER: &str = "disk_controller";

    /// Enclosure.
    pub const ENCLOSURE: &str = "enclosure";

    /// Fan.
    pub const FAN: &str = "fan";

    /// GPU.
    pub const GPU: &str = "gpu";

    /// Logical disk.
    pub const LOGICAL_DISK: &str = "logical_disk";

    /// Memory.
    pub const MEMORY: &str = "memory";

    /// Network.
    pub const NETWORK: &str = "network";

    /// Physical disk.
    pub const PHYSICAL_DISK: &str = "physical_disk";

    /// Power supply.
    pub const POWER_SUPPLY: &str = "power_supply";

    /// Tape drive.
    pub const TAPE_DRIVE: &str = "tape_drive";

    /// Temperature.
    pub const TEMPERATURE: &str = "temperature";

    /// Voltage.
    pub const VOLTAGE: &str = "voltage";
}

/// Vendor name of the hardware component.
///
/// Type: `string`. Stability: development.
pub const HW_VENDOR: &str = "hw.vendor";

/// The direction of a transfer, as the component that reports it sees it.
///
/// Type: `string`. Stability: development.
///
/// Values: `receive`, `transmit`; see [`network_io_direction`].
pub const NETWORK_IO_DIRECTION: &str = "network.io.direction";

/// The values of `network.io.direction` that have a meaning of their own.
pub mod network_io_direction {
    /// Towards the component.
    pub const RECEIVE: &str = "receive";

    /// Away from the component.
    pub const TRANSMIT: &str = "transmit";
}

/// The own address of the connection.
///
/// Type: `string`. Stability: stable.
pub const NETWORK_LOCAL_ADDRESS: &str = "network.local.address";

/// The own port of the connection.
///
/// Type: `int`. Stability: stable.
pub const NETWORK_LOCAL_PORT: &str = "network.local.port";

/// The address of the other end of the connection.
///
/// Type: `string`. Stability: stable.
pub const NETWORK_PEER_ADDRESS: &str = "network.peer.address";

/// The port of the other end of the connection.
///
/// Type: `int`. Stability: stable.
pub const NETWORK_PEER_PORT: &str = "network.peer.port";

/// The application protocol, in lower case.
///
/// Type: `string`. Stability: stable.
pub const NETWORK_PROTOCOL_NAME: &str = "network.protocol.name";

/// The version of the application protocol that is really used.
///
/// Type: `string`. Stability: stable.
pub const NETWORK_PROTOCOL_VERSION: &str = "network.protocol.version";

/// The transport below the application protocol.
///
/// Type: `string`. Stability: stable.
///
/// Values: `pipe`, `quic`, `tcp`, `udp`, `unix`; see [`network_transport`].
pub const NETWORK_TRANSPORT: &str = "network.transport";

/// The values of `network.transport` that have a meaning of their own.
pub mod network_transport {
    /// A pipe.
    pub const PIPE: &str = "pipe";

    /// QUIC.
    pub const QUIC: &str = "quic";

    /// TCP.
    pub const TCP: &str = "tcp";

    /// UDP.
    pub const UDP: &str = "udp";

    /// A Unix domain socket.
    pub const UNIX: &str = "unix";
}

/// The method with its service and package, as in `package.Service/Method`.
///
/// Type: `string`. Stability: `release_candidate`.
pub const RPC_METHOD: &str = "rpc.method";

/// The method as it was called, where it is not the one that is reported.
///
/// Type: `string`. Stability: `release_candidate`.
pub const RPC_METHOD_ORIGINAL: &str = "rpc.method_original";

/// The status code of the answer by its name, as in `OK` or `DEADLINE_EXCEEDED`.
///
/// Type: `string`. Stability: `release_candidate`.
pub const RPC_RESPONSE_STATUS_CODE: &str = "rpc.response.status_code";

/// The system of remote calls.
///
/// Type: `string`. Stability: `release_candidate`.
///
/// Values: `connectrpc`, `dubbo`, `grpc`, `jsonrpc`; see [`rpc_system_name`].
pub const RPC_SYSTEM_NAME: &str = "rpc.system.name";

/// The values of `rpc.system.name` that have a meaning of their own.
pub mod rpc_system_name {
    /// Connect RPC.
    pub const CONNECTRPC: &str = "connectrpc";

    /// Apache Dubbo.
    pub const DUBBO: &str = "dubbo";

    /// gRPC.
    pub const GRPC: &str = "grpc";

    /// JSON-RPC.
    pub const JSONRPC: &str = "jsonrpc";
}

/// The host name or address of the server, without a reverse look-up of names.
///
/// Type: `string`. Stability: stable.
pub const SERVER_ADDRESS: &str = "server.address";

/// The port of the server.
///
/// Type: `int`. Stability: stable.
pub const SERVER_PORT: &str = "server.port";

/// One of the processes of a service, by a value that no other has.
///
/// Type: `string`. Stability: stable.
pub const SERVICE_INSTANCE_ID: &str = "service.instance.id";

/// The name of the service.
///
/// Type: `string`. Stability: stable.
pub const SERVICE_NAME: &str = "service.name";

/// What the name of the service is unique in.
///
/// Type: `string`. Stability: stable.
pub const SERVICE_NAMESPACE: &str = "service.namespace";

/// The version of the service, in any notation.
///
/// Type: `string`. Stability: stable.
pub const SERVICE_VERSION: &str = "service.version";

/// The language that the SDK is written in.
///
/// Type: `string`. Stability: stable.
///
/// Values: `rust`; see [`telemetry_sdk_language`].
pub const TELEMETRY_SDK_LANGUAGE: &str = "telemetry.sdk.language";

/// The values of `telemetry.sdk.language` that have a meaning of their own.
pub mod telemetry_sdk_language {
    /// Rust.
    pub const RUST: &str = "rust";
}

/// The name of the SDK, `opentelemetry` for one of OpenTelemetry.
///
/// Type: `string`. Stability: stable.
pub const TELEMETRY_SDK_NAME: &str = "telemetry.sdk.name";

/// The version of the SDK.
///
/// Type: `string`. Stability: stable.
pub const TELEMETRY_SDK_VERSION: &str = "telemetry.sdk.version";

/// The path of the URL.
///
/// Type: `string`. Stability: stable.
pub const URL_PATH: &str = "url.path";

/// The query of the URL, without the question mark.
///
/// Type: `string`. Stability: stable.
pub const URL_QUERY: &str = "url.query";

/// The scheme of the URL, as in `https`.
///
/// Type: `string`. Stability: stable.
pub const URL_SCHEME: &str = "url.scheme";

/// The `User-Agent` header as it was sent.
///
/// Type: `string`. Stability: stable.
pub const USER_AGENT_ORIGINAL: &str = "user_agent.original";

/// The GenAI attributes of the profile `v1_41`, by name.
pub const V1_41: &[AttributeDefinition] = &[
    AttributeDefinition { name: GEN_AI_AGENT_DESCRIPTION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_AGENT_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_AGENT_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_AGENT_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_CONVERSATION_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_DATA_SOURCE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EMBEDDINGS_DIMENSION_COUNT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_EXPLANATION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_SCORE_LABEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_SCORE_VALUE, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_INPUT_MESSAGES, kind: AttributeType::Any, values: &[] },
    AttributeDefinition {
        name: GEN_AI_OPERATION_NAME,
        kind: AttributeType::String,
        values: &[
            "chat",
            "generate_content",
            "text_completion",
            "embeddings",
            "retrieval",
            "create_agent",
            "invoke_agent",
            "execute_tool",
            "invoke_workflow",
        ],
    },
    AttributeDefinition { name: GEN_AI_OUTPUT_MESSAGES, kind: AttributeType::Any, values: &[] },
    AttributeDefinition {
        name: GEN_AI_OUTPUT_TYPE,
        kind: AttributeType::String,
        values: &["text", "json", "image", "speech"],
    },
    AttributeDefinition { name: GEN_AI_PROMPT_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: GEN_AI_PROVIDER_NAME,
        kind: AttributeType::String,
        values: &[
            "openai",
            "gcp.gen_ai",
            "gcp.vertex_ai",
            "gcp.gemini",
            "anthropic",
            "cohere",
            "azure.ai.inference",
            "azure.ai.openai",
            "ibm.watsonx.ai",
            "aws.bedrock",
            "perplexity",
            "x_ai",
            "deepseek",
            "groq",
            "mistral_ai",
        ],
    },
    AttributeDefinition { name: GEN_AI_REQUEST_CHOICE_COUNT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_ENCODING_FORMATS, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_FREQUENCY_PENALTY, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_MAX_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_MODEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_PRESENCE_PENALTY, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_SEED, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_STOP_SEQUENCES, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_STREAM, kind: AttributeType::Boolean, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_TEMPERATURE, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_TOP_K, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_TOP_P, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_FINISH_REASONS, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_MODEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_RETRIEVAL_DOCUMENTS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_RETRIEVAL_QUERY_TEXT, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_SYSTEM_INSTRUCTIONS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOKEN_TYPE, kind: AttributeType::String, values: &["input", "output"] },
    AttributeDefinition { name: GEN_AI_TOOL_CALL_ARGUMENTS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_CALL_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_CALL_RESULT, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_DEFINITIONS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_DESCRIPTION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_CACHE_CREATION_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_WORKFLOW_NAME, kind: AttributeType::String, values: &[] },
];

/// The GenAI attributes of the profile `latest`, by name.
pub const LATEST: &[AttributeDefinition] = &[
    AttributeDefinition { name: GEN_AI_AGENT_DESCRIPTION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_AGENT_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_AGENT_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_AGENT_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_CONVERSATION_COMPACTED, kind: AttributeType::Boolean, values: &[] },
    AttributeDefinition { name: GEN_AI_CONVERSATION_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_DATA_SOURCE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EMBEDDINGS_DIMENSION_COUNT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_EXPLANATION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_SCORE_LABEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_EVALUATION_SCORE_VALUE, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_INPUT_MESSAGES, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_MAIN_AGENT_DESCRIPTION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_MAIN_AGENT_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_MAIN_AGENT_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_MEMORY_QUERY_TEXT, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_MEMORY_RECORD_COUNT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_MEMORY_RECORD_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_MEMORY_RECORDS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_MEMORY_STORE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: GEN_AI_OPERATION_NAME,
        kind: AttributeType::String,
        values: &[
            "chat",
            "generate_content",
            "text_completion",
            "embeddings",
            "retrieval",
            "fetch_response",
            "create_agent",
            "invoke_agent",
            "execute_tool",
            "invoke_workflow",
            "plan",
            "search_memory",
            "create_memory",
            "update_memory",
            "upsert_memory",
            "delete_memory",
            "create_memory_store",
            "delete_memory_store",
        ],
    },
    AttributeDefinition { name: GEN_AI_OUTPUT_MESSAGES, kind: AttributeType::Any, values: &[] },
    AttributeDefinition {
        name: GEN_AI_OUTPUT_TYPE,
        kind: AttributeType::String,
        values: &["text", "json", "image", "speech"],
    },
    AttributeDefinition { name: GEN_AI_PROMPT_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_PROMPT_VARIABLE, kind: AttributeType::Template, values: &[] },
    AttributeDefinition { name: GEN_AI_PROMPT_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: GEN_AI_PROVIDER_NAME,
        kind: AttributeType::String,
        values: &[
            "openai",
            "gcp.gen_ai",
            "gcp.vertex_ai",
            "gcp.gemini",
            "anthropic",
            "cohere",
            "azure.ai.inference",
            "azure.ai.openai",
            "ibm.watsonx.ai",
            "aws.bedrock",
            "perplexity",
            "x_ai",
            "deepseek",
            "groq",
            "mistral_ai",
            "moonshot_ai",
        ],
    },
    AttributeDefinition { name: GEN_AI_REQUEST_CHOICE_COUNT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_ENCODING_FORMATS, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_FREQUENCY_PENALTY, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_MAX_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_MODEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_PRESENCE_PENALTY, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_PREVIOUS_RESPONSE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_REASONING_LEVEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_SEED, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_STOP_SEQUENCES, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_STREAM, kind: AttributeType::Boolean, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_STREAM_CURSOR, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_TEMPERATURE, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_TOP_K, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_REQUEST_TOP_P, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_FINISH_REASONS, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_RESPONSE_MODEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: GEN_AI_RESPONSE_STATUS,
        kind: AttributeType::String,
        values: &["queued", "in_progress", "completed", "incomplete", "failed", "cancelled"],
    },
    AttributeDefinition { name: GEN_AI_RESPONSE_TIME_TO_FIRST_CHUNK, kind: AttributeType::Double, values: &[] },
    AttributeDefinition { name: GEN_AI_RETRIEVAL_DOCUMENTS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_RETRIEVAL_QUERY_TEXT, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_RETRIEVAL_TOP_K, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_SKILL_DESCRIPTION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_SKILL_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_SKILL_RESOURCE_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_SKILL_SOURCE_URI, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_SYSTEM_INSTRUCTIONS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition {
        name: GEN_AI_TOKEN_MODALITY,
        kind: AttributeType::String,
        values: &["text", "image", "audio", "unknown"],
    },
    AttributeDefinition { name: GEN_AI_TOOL_CALL_ARGUMENTS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_CALL_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_CALL_RESULT, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_DEFINITIONS, kind: AttributeType::Any, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_DESCRIPTION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_TOOL_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_AUDIO_CACHE_READ_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_AUDIO_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_AUDIO_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_CACHE_READ_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_CACHE_WRITE_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_IMAGE_CACHE_READ_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_IMAGE_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_IMAGE_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_REASONING_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_TEXT_CACHE_READ_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_TEXT_INPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_USAGE_TEXT_OUTPUT_TOKENS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: GEN_AI_WORKFLOW_NAME, kind: AttributeType::String, values: &[] },
];

/// The hardware attributes, by name; both profiles share them.
pub const HARDWARE: &[AttributeDefinition] = &[
    AttributeDefinition { name: HW_BATTERY_CAPACITY, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_BATTERY_CHEMISTRY, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_BATTERY_STATE, kind: AttributeType::String, values: &["charging", "discharging"] },
    AttributeDefinition { name: HW_BIOS_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_DRIVER_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_ENCLOSURE_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_FIRMWARE_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_GPU_TASK, kind: AttributeType::String, values: &["decoder", "encoder", "general"] },
    AttributeDefinition { name: HW_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: HW_LIMIT_TYPE,
        kind: AttributeType::String,
        values: &[
            "critical",
            "degraded",
            "high.critical",
            "high.degraded",
            "low.critical",
            "low.degraded",
            "max",
            "throttled",
            "turbo",
        ],
    },
    AttributeDefinition { name: HW_LOGICAL_DISK_RAID_LEVEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_LOGICAL_DISK_STATE, kind: AttributeType::String, values: &["used", "free"] },
    AttributeDefinition { name: HW_MEMORY_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_MODEL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_NETWORK_LOGICAL_ADDRESSES, kind: AttributeType::Strings, values: &[] },
    AttributeDefinition { name: HW_NETWORK_PHYSICAL_ADDRESS, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_PARENT, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_PHYSICAL_DISK_SMART_ATTRIBUTE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_PHYSICAL_DISK_STATE, kind: AttributeType::String, values: &["remaining"] },
    AttributeDefinition { name: HW_PHYSICAL_DISK_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_SENSOR_LOCATION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HW_SERIAL_NUMBER, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: HW_STATE,
        kind: AttributeType::String,
        values: &["degraded", "failed", "needs_cleaning", "ok", "predicted_failure"],
    },
    AttributeDefinition {
        name: HW_TAPE_DRIVE_OPERATION_TYPE,
        kind: AttributeType::String,
        values: &["mount", "unmount", "clean"],
    },
    AttributeDefinition {
        name: HW_TYPE,
        kind: AttributeType::String,
        values: &[
            "battery",
            "cpu",
            "disk_controller",
            "enclosure",
            "fan",
            "gpu",
            "logical_disk",
            "memory",
            "network",
            "physical_disk",
            "power_supply",
            "tape_drive",
            "temperature",
            "voltage",
        ],
    },
    AttributeDefinition { name: HW_VENDOR, kind: AttributeType::String, values: &[] },
];

/// The attributes of the core conventions, by name; both profiles share them.
pub const CORE: &[AttributeDefinition] = &[
    AttributeDefinition { name: CLIENT_ADDRESS, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: CLIENT_PORT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: DB_COLLECTION_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: DB_NAMESPACE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: DB_OPERATION_BATCH_SIZE, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: DB_OPERATION_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: DB_QUERY_SUMMARY, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: DB_QUERY_TEXT, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: DB_RESPONSE_RETURNED_ROWS, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: DB_RESPONSE_STATUS_CODE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: DB_STORED_PROCEDURE_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: DB_SYSTEM_NAME,
        kind: AttributeType::String,
        values: &[
            "azure.cosmosdb",
            "cassandra",
            "clickhouse",
            "cockroachdb",
            "couchbase",
            "elasticsearch",
            "mariadb",
            "memcached",
            "microsoft.sql_server",
            "mongodb",
            "mysql",
            "neo4j",
            "opensearch",
            "oracle.db",
            "other_sql",
            "postgresql",
            "redis",
            "sqlite",
        ],
    },
    AttributeDefinition { name: DEPLOYMENT_ENVIRONMENT_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: ERROR_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: EXCEPTION_MESSAGE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: EXCEPTION_STACKTRACE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: EXCEPTION_TYPE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HTTP_REQUEST_BODY_SIZE, kind: AttributeType::Int, values: &[] },
    AttributeDefinition {
        name: HTTP_REQUEST_METHOD,
        kind: AttributeType::String,
        values: &["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE", "_OTHER"],
    },
    AttributeDefinition { name: HTTP_REQUEST_METHOD_ORIGINAL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: HTTP_REQUEST_RESEND_COUNT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: HTTP_RESPONSE_BODY_SIZE, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: HTTP_RESPONSE_STATUS_CODE, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: HTTP_ROUTE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: NETWORK_IO_DIRECTION, kind: AttributeType::String, values: &["receive", "transmit"] },
    AttributeDefinition { name: NETWORK_LOCAL_ADDRESS, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: NETWORK_LOCAL_PORT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: NETWORK_PEER_ADDRESS, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: NETWORK_PEER_PORT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: NETWORK_PROTOCOL_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: NETWORK_PROTOCOL_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: NETWORK_TRANSPORT,
        kind: AttributeType::String,
        values: &["pipe", "quic", "tcp", "udp", "unix"],
    },
    AttributeDefinition { name: RPC_METHOD, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: RPC_METHOD_ORIGINAL, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: RPC_RESPONSE_STATUS_CODE, kind: AttributeType::String, values: &[] },
    AttributeDefinition {
        name: RPC_SYSTEM_NAME,
        kind: AttributeType::String,
        values: &["connectrpc", "dubbo", "grpc", "jsonrpc"],
    },
    AttributeDefinition { name: SERVER_ADDRESS, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: SERVER_PORT, kind: AttributeType::Int, values: &[] },
    AttributeDefinition { name: SERVICE_INSTANCE_ID, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: SERVICE_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: SERVICE_NAMESPACE, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: SERVICE_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: TELEMETRY_SDK_LANGUAGE, kind: AttributeType::String, values: &["rust"] },
    AttributeDefinition { name: TELEMETRY_SDK_NAME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: TELEMETRY_SDK_VERSION, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: URL_PATH, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: URL_QUERY, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: URL_SCHEME, kind: AttributeType::String, values: &[] },
    AttributeDefinition { name: USER_AGENT_ORIGINAL, kind: AttributeType::String, values: &[] },
];
