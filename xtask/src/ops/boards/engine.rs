//! The board of the inference engine: its scheduler, its caches, and the engines that report their own metrics.

use super::board::Board;
use super::gpu;
use super::panel::Absent;
use super::panel::Load;
use super::panel::Panel;
use super::panel::lines;
use super::panel::quantiles;
use super::panel::stacked;
use super::panel::table;
use super::panel::tile;
use super::variables;
use super::variables::Variable;

const ENGINE_JOB: Variable = Variable::Values {
    name: "engine_job",
    label: "Jobs of engines",
    query: "label_values(llmobs:engine_waiting, job)",
};

pub(super) fn board() -> Board {
    let variables: Vec<Variable> = variables::SERVICE.into_iter().chain([ENGINE_JOB, gpu::HOST]).collect();
    Board::new(
        "llmobs-engine",
        "LLM engine and GPU",
        "The scheduler, the caches and the GPUs of one service, and engines with metrics of their own.",
        &variables,
    )
    .row("Engine now", now())
    .row("Scheduler", scheduler())
    .row("Caches", caches())
    .row("Speculation and efficiency", efficiency())
    .row("GPUs of the service", gpu::own())
    .row("GPUs by DCGM", gpu::dcgm())
    .row("All engines, by the normalising rules", recorded())
    .row("Other engines, by their own names", others())
}

fn now() -> Vec<Panel> {
    vec![
        tile("Running", "short", "sum(llmobs_engine_sequence_active{<E>,llmobs_sequence_state=\"running\"})")
            .says("Sequences that run."),
        tile("Waiting", "short", "sum(llmobs_engine_sequence_active{<E>,llmobs_sequence_state=\"waiting\"})")
            .says("Sequences that wait."),
        tile("KV cache used", "percentunit", "max(llmobs_engine_kv_cache_utilization_ratio{<E>})")
            .says("Used share of the KV cache; the highest of the engines.")
            .from(0.9, "yellow")
            .from(0.98, "red"),
        tile("Preemptions per second", "cps", "sum(rate(llmobs_engine_preemptions_total{<E>}[<R>]))")
            .says("Running sequences that were taken out of the batch.")
            .from(1.0, "yellow"),
        tile(
            "Age of the last step",
            "s",
            "max(llmobs_engine_step_age_seconds{<E>} and on (instance, gen_ai_request_model, llmobs_engine_id) \
             (llmobs_engine_sequence_active{<E>,llmobs_sequence_state=\"running\"} > 0))",
        )
        .says("Time since the last step of an engine that runs sequences. In a hang it rises.")
        .no_value("nothing runs")
        .from(10.0, "yellow")
        .from(30.0, "red"),
        tile(
            "Tokens per step",
            "short",
            "sum(rate(llmobs_engine_step_tokens_sum{<E>}[<R>])) / (sum(rate(llmobs_engine_step_tokens_count{<E>}[<R>])) > 0)",
        )
        .says("Mean number of prompt and generated tokens of a step."),
        tile("Work in the queue", "s", "max(llmobs_engine_queue_work_seconds{<E>})")
            .says("Time that an engine needs for the prompt tokens that wait; the highest of the engines."),
        tile(
            "Output tokens per GPU",
            "suffix: tok/s",
            "sum(rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[<R>])) \
             / count(count by (instance, hw_id) (hw_gpu_memory_limit_bytes{<P>}))",
        )
        .says("Output tokens in a second, divided by the number of GPUs that the processes sample.")
        .no_value("no GPU"),
    ]
}

fn scheduler() -> Vec<Panel> {
    vec![
        stacked("Sequences by state", "short")
            .query(
                "{{llmobs_sequence_state}} {{llmobs_wait_reason}}",
                "sum by (llmobs_sequence_state, llmobs_wait_reason) (llmobs_engine_sequence_active{<E>})",
            )
            .query("limit", "sum(llmobs_engine_sequence_limit{<E>})")
            .says("Sequences that run, wait or are swapped out, and the limit of running ones. Waiting ones by reason."),
        lines("Duration of a step p95", "s")
            .query(
                "{{llmobs_step_kind}}",
                "histogram_quantile(0.95, sum by (le, llmobs_step_kind) (rate(llmobs_engine_step_duration_seconds_bucket{<E>}[<R>])))",
            )
            .says("Duration of an engine step, 95th percentile, by kind: prefill, decode or mixed."),
        stacked("Steps per second", "cps")
            .query("{{llmobs_step_kind}}", "sum by (llmobs_step_kind) (rate(llmobs_engine_step_duration_seconds_count{<E>}[<R>]))")
            .says("Engine steps in a second, by kind."),
        quantiles("Sequences of a step", "short", "llmobs_engine_step_sequences", "<E>").says("The batch size: sequences in one step."),
        quantiles("Tokens of a step", "short", "llmobs_engine_step_tokens", "<E>")
            .query("limit", "max(llmobs_engine_step_token_limit{<E>})")
            .says("Prompt and generated tokens in one step, and the limit of the engine."),
        lines("Prefill and decode p95", "s")
            .query("prefill", "histogram_quantile(0.95, sum by (le) (rate(llmobs_prefill_duration_seconds_bucket{<S>}[<R>])))")
            .query("decode", "histogram_quantile(0.95, sum by (le) (rate(llmobs_decode_duration_seconds_bucket{<S>}[<R>])))")
            .says("Time of operations in prefill and in decode, 95th percentile."),
        lines("Age of the last step by engine", "s")
            .query("{{instance}} {{llmobs_engine_id}}", "max by (instance, llmobs_engine_id) (llmobs_engine_step_age_seconds{<E>})")
            .says("Time since the last step, also of engines without work."),
        lines("Work in the queue by engine", "s")
            .query("{{instance}} {{llmobs_engine_id}}", "max by (instance, llmobs_engine_id) (llmobs_engine_queue_work_seconds{<E>})")
            .says("Time that each engine needs for the prompt tokens that wait, at its rate of the last 30 seconds."),
        lines("LoRA adapters", "short")
            .query("{{llmobs_sequence_state}}", "sum by (llmobs_sequence_state) (llmobs_engine_lora_active{<E>})")
            .under(Load::History)
            .no_value("no LoRA")
            .says("LoRA adapters that sequences use, by the state of the sequences."),
    ]
}

fn caches() -> Vec<Panel> {
    vec![
        lines("KV cache used", "percentunit")
            .query("highest", "max(llmobs_engine_kv_cache_utilization_ratio{<E>})")
            .query("of all blocks", "sum(llmobs_engine_kv_cache_usage{<E>}) / (sum(llmobs_engine_kv_cache_limit{<E>}) > 0)")
            .query("lowest", "min(llmobs_engine_kv_cache_utilization_ratio{<E>})")
            .says("Used share of the KV cache: of the fullest and the emptiest engine, and of all blocks together."),
        lines("Time until the KV cache is full", "s")
            .query("{{instance}} {{llmobs_engine_id}}", "min by (instance, llmobs_engine_id) (llmobs_engine_kv_cache_time_to_full_seconds{<E>})")
            .no_value("usage does not grow")
            .says("Time until the KV cache is full, at the rate of the last 30 seconds."),
        lines("Preemptions and recomputed tokens", "cps")
            .query("preemptions", "sum(rate(llmobs_engine_preemptions_total{<E>}[<R>]))")
            .query("recomputed tokens", "sum(rate(llmobs_engine_recomputed_tokens_total{<E>}[<R>]))")
            .says("Running sequences that lost their blocks, and the tokens that were computed again for it."),
        lines("Preemptions of one operation", "short")
            .query("mean", "sum(rate(llmobs_operation_preemptions_sum{<S>}[<R>])) / (sum(rate(llmobs_operation_preemptions_count{<S>}[<R>])) > 0)")
            .says("Mean number of times that an operation was scheduled again."),
        lines("Prefix cache hits", "percentunit")
            .query(
                "{{gen_ai_request_model}}",
                "sum by (gen_ai_request_model) (rate(llmobs_engine_prefix_cache_tokens_total{<E>,llmobs_cache_result=\"hit\"}[<R>])) \
                 / (sum by (gen_ai_request_model) (rate(llmobs_engine_prefix_cache_tokens_total{<E>}[<R>])) > 0)",
            )
            .says("Share of prompt tokens whose KV cache was reused, by model."),
        stacked("Prompt tokens by source", "suffix: tok/s")
            .query(
                "{{llmobs_cache_result}} {{llmobs_cache_tier}}",
                "sum by (llmobs_cache_result, llmobs_cache_tier) (rate(llmobs_engine_prefix_cache_tokens_total{<E>}[<R>]))",
            )
            .says("Prompt tokens looked up in the prefix cache, by result and by the memory that had them."),
    ]
}

fn efficiency() -> Vec<Panel> {
    vec![
        lines("Accepted drafts", "percentunit")
            .query(
                "{{gen_ai_request_model}}",
                "sum by (gen_ai_request_model) (rate(llmobs_engine_speculative_tokens_total{<E>,llmobs_draft_result=\"accepted\"}[<R>])) \
                 / (sum by (gen_ai_request_model) (rate(llmobs_engine_speculative_tokens_total{<E>}[<R>])) > 0)",
            )
            .under(Load::History)
            .no_value("no speculation")
            .says("Share of drafted tokens of speculative decoding that the model accepted."),
        lines("Accepted tokens per draft", "short")
            .query(
                "{{gen_ai_request_model}}",
                "sum by (gen_ai_request_model) (rate(llmobs_engine_speculative_tokens_total{<E>,llmobs_draft_result=\"accepted\"}[<R>])) \
                 / (sum by (gen_ai_request_model) (rate(llmobs_engine_speculative_drafts_total{<E>}[<R>])) > 0)",
            )
            .under(Load::History)
            .no_value("no speculation")
            .says("Accepted tokens of one draft."),
        lines("Estimated use of the GPU by the model", "percentunit")
            .query("arithmetic {{llmobs_engine_id}}", "max by (llmobs_engine_id) (llmobs_engine_flops_utilization_ratio{<E>})")
            .query("memory traffic {{llmobs_engine_id}}", "max by (llmobs_engine_id) (llmobs_engine_memory_bandwidth_utilization_ratio{<E>})")
            .under(Load::Synthetic(Absent::Gpu))
            .no_value("needs the level full and a GPU")
            .says("Estimated share of the peak arithmetic and of the peak memory traffic that the model needs. Recorded at level full."),
        stacked("GPU idle while operations wait", "percentunit")
            .query(
                "{{llmobs_starved_cause}}",
                "sum by (llmobs_starved_cause) (rate(llmobs_engine_starved_time_seconds_total{<E>}[<R>]))",
            )
            .no_value("no GPU")
            .says("Share of time in which operations waited while the GPU was nearly idle, by cause."),
        lines("Time to load the model", "s")
            .query("{{gen_ai_request_model}}", "max by (gen_ai_request_model) (llmobs_model_load_duration_seconds{<E>})")
            .under(Load::History)
            .says("Time of the last load of each model: the least time that a new replica needs."),
        table("Engines")
            .column(
                "Engines",
                "short",
                "count by (gen_ai_request_model, llmobs_engine_id, llmobs_engine_revision, llmobs_engine_quantization, llmobs_engine_block_size) (llmobs_engine_info{<E>} == 1)",
            )
            .under(Load::History)
            .width(8)
            .says("Engines with their model, revision, quantization and block size."),
    ]
}

/// The panels of all kinds of engines, from the rules that give their metrics common names. Those with the load of the
/// history have a rule for the engine metrics of llmobs too.
fn recorded() -> Vec<Panel> {
    let panel = |load, title, unit, metric: &str| {
        let legend = "{{llmobs_engine_kind}} {{job}} {{gen_ai_request_model}}";
        let labels = "llmobs_engine_kind, job, gen_ai_request_model";
        let query = format!("max by ({labels}) ({metric}{{job=~\"$engine_job\",gen_ai_request_model=~\"$model\"}})");
        lines(title, unit).query(legend, &query).under(load).no_value("needs the rules `engines.yml`")
    };
    let engines = Load::Synthetic(Absent::Engines);
    vec![
        panel(Load::History, "Requests that run", "short", "llmobs:engine_running")
            .says("Requests or sequences that run, of the busiest instance."),
        panel(Load::History, "Requests that wait", "short", "llmobs:engine_waiting")
            .says("Requests or sequences that wait, of the busiest instance."),
        panel(Load::History, "KV caches", "percentunit", "llmobs:engine_kv_cache:ratio")
            .says("Used share of the KV cache, of the fullest instance."),
        panel(Load::History, "Output tokens by engine", "suffix: tok/s", "llmobs:engine_output_tokens:rate5m")
            .says("Output tokens in a second, of the busiest instance."),
        panel(engines, "Requests by engine", "reqps", "llmobs:engine_requests:rate5m")
            .says("Requests in a second, of the busiest instance."),
        panel(engines, "TTFT p95 by engine", "s", "llmobs:engine_time_to_first_token:p95")
            .says("Time to first token, 95th percentile, of the slowest instance."),
        panel(engines, "TPOT p95 by engine", "s", "llmobs:engine_time_per_output_token:p95")
            .says("Mean time per output token of a request, 95th percentile, of the slowest instance."),
        panel(engines, "Duration p95 by engine", "s", "llmobs:engine_request_time:p95")
            .says("Duration of requests, 95th percentile, of the slowest instance."),
        panel(engines, "Mean time in the queue by engine", "s", "llmobs:engine_queue_time:mean5m")
            .says("Mean time of a request in the queue, of the slowest instance."),
        panel(Load::History, "Prefix cache hits by engine", "percentunit", "llmobs:engine_prefix_hits:ratio5m")
            .says("Share of prompt tokens found in the prefix cache, of the best instance."),
        panel(Load::History, "Preemptions by engine", "cps", "llmobs:engine_preemptions:rate5m")
            .says("Preemptions in a second, of the instance with most."),
    ]
}

/// The panels of engines that have metrics of their own. `job=~"$engine_job"` selects them.
fn others() -> Vec<Panel> {
    vec![
        lines("vLLM TTFT p95", "s")
            .query(
                "{{job}} {{model_name}}",
                "histogram_quantile(0.95, sum by (le, job, model_name) (rate(vllm:time_to_first_token_seconds_bucket{job=~\"$engine_job\",model_name=~\"$model\"}[<R>])))",
            )
            .says("Time to first token of vLLM, 95th percentile."),
        lines("vLLM TPOT p95", "s")
            .query(
                "{{job}} {{model_name}}",
                "histogram_quantile(0.95, sum by (le, job, model_name) (rate(vllm:request_time_per_output_token_seconds_bucket{job=~\"$engine_job\",model_name=~\"$model\"}[<R>])))",
            )
            .says("Mean time per output token of vLLM, 95th percentile."),
        lines("vLLM requests", "short")
            .query("running {{model_name}}", "sum by (model_name) (vllm:num_requests_running{job=~\"$engine_job\",model_name=~\"$model\"})")
            .query("waiting {{model_name}}", "sum by (model_name) (vllm:num_requests_waiting{job=~\"$engine_job\",model_name=~\"$model\"})")
            .says("Requests that run and that wait in vLLM."),
        lines("vLLM KV cache and prefix hits", "percentunit")
            .query("KV cache {{model_name}}", "max by (model_name) (vllm:kv_cache_usage_perc{job=~\"$engine_job\",model_name=~\"$model\"})")
            .query(
                "prefix hits {{model_name}}",
                "sum by (model_name) (rate(vllm:prefix_cache_hits_total{job=~\"$engine_job\",model_name=~\"$model\"}[<R>])) \
                 / (sum by (model_name) (rate(vllm:prefix_cache_queries_total{job=~\"$engine_job\",model_name=~\"$model\"}[<R>])) > 0)",
            )
            .says("Used share of the KV cache of vLLM, and share of prompt tokens found in its prefix cache."),
        lines("TGI queue by instance", "short")
            .query("{{instance}}", "max by (instance) (tgi_queue_size{job=~\"$engine_job\"})")
            .says("Requests in the queue of each instance of TGI."),
        lines("TGI duration p95", "s")
            .query(
                "{{job}}",
                "histogram_quantile(0.95, sum by (le, job) (rate(tgi_request_duration_bucket{job=~\"$engine_job\"}[<R>])))",
            )
            .says("Duration of requests of TGI, 95th percentile."),
        lines("SGLang requests and cache", "short")
            .query("running {{model_name}}", "sum by (model_name) (sglang:num_running_reqs{job=~\"$engine_job\",model_name=~\"$model\"})")
            .query("waiting {{model_name}}", "sum by (model_name) (sglang:num_queue_reqs{job=~\"$engine_job\",model_name=~\"$model\"})")
            .says("Requests that run and that wait in SGLang."),
        lines("SGLang TTFT p95", "s")
            .query(
                "{{job}} {{model_name}}",
                "histogram_quantile(0.95, sum by (le, job, model_name) (rate(sglang:time_to_first_token_seconds_bucket{job=~\"$engine_job\",model_name=~\"$model\"}[<R>])))",
            )
            .says("Time to first token of SGLang, 95th percentile."),
        lines("Dynamo TTFT p95", "s")
            .query(
                "{{job}} {{model}}",
                "histogram_quantile(0.95, sum by (le, job, model) (rate(dynamo_frontend_time_to_first_token_seconds_bucket{job=~\"$engine_job\",model=~\"$model\"}[<R>])))",
            )
            .says("Time to first token of Dynamo's frontend, 95th percentile."),
        lines("Triton mean time in the queue", "s")
            .query(
                "{{model}}",
                "sum by (model) (rate(nv_inference_queue_duration_us{job=~\"$engine_job\",model=~\"$model\"}[<R>])) / 1000000 \
                 / (sum by (model) (rate(nv_inference_request_success{job=~\"$engine_job\",model=~\"$model\"}[<R>])) > 0)",
            )
            .says("Mean time of a request in the queue of Triton, which has no histogram of it."),
        stacked("Triton requests", "reqps")
            .query("{{model}} succeeded", "sum by (model) (rate(nv_inference_request_success{job=~\"$engine_job\",model=~\"$model\"}[<R>]))")
            .query("{{model}} failed", "sum by (model) (rate(nv_inference_request_failure{job=~\"$engine_job\",model=~\"$model\"}[<R>]))")
            .says("Requests of Triton in a second."),
        stacked("TorchServe requests", "reqps")
            .query("{{model_name}}", "sum by (model_name) (rate(ts_inference_requests_total{job=~\"$engine_job\",model_name=~\"$model\"}[<R>]))")
            .says("Requests of TorchServe in a second."),
    ]
    .into_iter()
    .map(|panel| panel.under(Load::Synthetic(Absent::Engines)).no_value("no such engine"))
    .collect()
}
