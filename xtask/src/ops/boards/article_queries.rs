//! The queries of the articles that this project grew from, in their present form, each by its name. A test finds each one
//! on a board, and `cargo xtask ops-live` runs it.

/// A query of an article, and the panel with its present form.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ArticleQuery {
    pub(crate) name: &'static str,
    /// The board's id and the title of the panel.
    pub(crate) board: &'static str,
    pub(crate) panel: &'static str,
    /// Parts of the query that its form must keep.
    pub(crate) keeps: &'static [&'static str],
}

pub(crate) const ARTICLE_QUERIES: [ArticleQuery; 7] = [
    ArticleQuery {
        name: "latency p95 by model",
        board: "llmobs-service",
        panel: "Duration p95 by model",
        keeps: &["histogram_quantile(0.95", "gen_ai_server_request_duration_seconds_bucket", "gen_ai_request_model"],
    },
    ArticleQuery {
        name: "share of status 5xx",
        board: "llmobs-service",
        panel: "HTTP status 5xx",
        keeps: &["http_response_status_code=~\"5..\"", "http_server_request_duration_seconds_count"],
    },
    ArticleQuery {
        name: "output tokens per second",
        board: "llmobs-service",
        panel: "Output tokens by model",
        keeps: &["rate(llmobs_token_processed_total", "llmobs_token_direction=\"output\""],
    },
    ArticleQuery {
        name: "queue of TGI by instance",
        board: "llmobs-engine",
        panel: "TGI queue by instance",
        keeps: &["max by (instance) (tgi_queue_size"],
    },
    ArticleQuery {
        name: "time to first token of vLLM p95",
        board: "llmobs-engine",
        panel: "vLLM TTFT p95",
        keeps: &["histogram_quantile(0.95", "vllm:time_to_first_token_seconds_bucket"],
    },
    ArticleQuery {
        name: "rate of token usage",
        board: "llmobs-service",
        panel: "Tokens",
        keeps: &["rate(llmobs_token_processed_total", "llmobs_token_kind"],
    },
    ArticleQuery {
        name: "jump of the inference time",
        board: "llmobs-service",
        panel: "Duration p95 against one hour before",
        keeps: &["offset 1h", "histogram_quantile(0.95"],
    },
];
