//! The board of money: spending, budgets, prices, and the cost of tokens on own GPUs.

use super::board::Board;
use super::panel::Load;
use super::panel::Panel;
use super::panel::bars;
use super::panel::lines;
use super::panel::quantiles;
use super::panel::stacked;
use super::panel::tile;
use super::variables;
use super::variables::Variable;

/// The price of an own GPU. Prices of calls are in the price book of the service.
const GPU_HOUR: Variable = Variable::Text { name: "gpu_hour", label: "Dollars for a GPU hour", value: "2.5" };

pub(super) fn board() -> Board {
    let variables: Vec<Variable> = variables::SERVICE.into_iter().chain([GPU_HOUR]).collect();
    Board::new("llmobs-cost", "LLM cost", "Money of one service, from its price book and its budgets.", &variables)
        .row("Now", now())
        .row("Spending", spending())
        .row("Cost of tokens", tokens())
        .row("Budgets", budgets())
        .row("Prices", prices())
        .row("Own GPUs", own_gpus())
}

fn now() -> Vec<Panel> {
    [
        tile("Dollars an hour", "currencyUSD", "sum(rate(llmobs_cost_usd_total{<S>}[<R>])) * 3600")
            .says("Cost at the present rate."),
        tile("Dollars of 24 hours", "currencyUSD", "sum(increase(llmobs_cost_usd_total{<S>}[1d]))")
            .says("Cost of the last 24 hours. A restart of the process does not reset it."),
        tile(
            "Dollars per 1,000 tokens",
            "currencyUSD",
            "sum(rate(llmobs_cost_usd_total{<S>}[1h])) * 1000 / (sum(rate(llmobs_token_processed_total{<S>}[1h])) > 0)",
        )
        .says("Cost of the last hour divided by its tokens, input and output together."),
        tile(
            "Dollars per completed operation",
            "currencyUSD",
            "sum(rate(llmobs_cost_usd_total{<S>}[1h])) \
             / (sum(rate(llmobs_operation_ended_total{<S>,llmobs_operation_outcome=\"completed\"}[1h])) > 0)",
        )
        .says("Whole cost of the last hour, wasted cost included, divided by the completed operations."),
        tile(
            "Wasted",
            "percentunit",
            "sum(rate(llmobs_cost_usd_total{<S>,llmobs_operation_outcome!=\"completed\"}[<R>])) \
             / (sum(rate(llmobs_cost_usd_total{<S>}[<R>])) > 0)",
        )
        .says("Share of the cost of operations that did not complete.")
        .from(0.1, "yellow")
        .from(0.3, "red"),
        tile(
            "Without a price",
            "percentunit",
            "sum(rate(llmobs_pricebook_unpriced_total{<P>}[<R>])) / (sum(rate(llmobs_operation_ended_total{<S>}[<R>])) > 0)",
        )
        .says("Operations without a price as a share of those that ended. They have no cost, not a cost of zero.")
        .from(0.01, "yellow")
        .from(0.1, "red"),
        tile("Age of the prices", "s", "time() - max(llmobs_pricebook_checked_timestamp_seconds{<P>})")
            .says("Time since the newest price book was checked against its source.")
            .from(2_592_000.0, "yellow")
            .from(7_776_000.0, "red"),
        tile(
            "Highest budget use",
            "percentunit",
            "max(sum by (llmobs_budget_name) (llmobs_budget_usage_usd{<P>}) / max by (llmobs_budget_name) (llmobs_budget_limit_usd{<P>}))",
        )
        .says("Spent share of the budget that is used most.")
        .from(0.8, "yellow")
        .from(1.0, "red"),
    ]
    .map(money)
    .into()
}

/// Sets what is common to the panels of money.
fn money(panel: Panel) -> Panel {
    panel.under(Load::History).no_value("no prices")
}

fn spending() -> Vec<Panel> {
    let by = |label: &str| format!("sum by ({label}) (rate(llmobs_cost_usd_total{{<S>}}[<R>])) * 3600");
    [
        stacked("By model", "currencyUSD")
            .query("{{gen_ai_request_model}}", &by("gen_ai_request_model"))
            .says("Dollars an hour, by model."),
        stacked("By kind of token", "currencyUSD")
            .query("{{llmobs_token_direction}} {{llmobs_token_kind}}", &by("llmobs_token_direction, llmobs_token_kind"))
            .says("Dollars an hour for uncached and cached input, text and reasoning."),
        stacked("By outcome", "currencyUSD")
            .query("{{llmobs_operation_outcome}}", &by("llmobs_operation_outcome"))
            .says("Dollars an hour, by outcome. All but `completed` is wasted."),
        stacked("By operation", "currencyUSD")
            .query("{{gen_ai_operation_name}}", &by("gen_ai_operation_name"))
            .says("Dollars an hour, by the name of the operation."),
        stacked("By source and quality", "currencyUSD")
            .query("{{llmobs_cost_source}} {{llmobs_cost_quality}}", &by("llmobs_cost_source, llmobs_cost_quality"))
            .says("Dollars an hour by the source of the price, and whether the number of tokens was exact."),
        stacked("Tenants that cost most", "currencyUSD")
            .query(
                "{{llmobs_tenant_name}}",
                "topk(10, sum by (llmobs_tenant_name) (rate(llmobs_tenant_cost_usd_total{<P>}[<R>])) * 3600)",
            )
            .says("Dollars an hour of the ten tenants that cost most, if the service records tenants."),
        stacked("Tenants with most tokens", "suffix: tok/s")
            .query(
                "{{llmobs_tenant_name}}",
                "topk(10, sum by (llmobs_tenant_name) (rate(llmobs_tenant_tokens_total{<P>}[<R>])))",
            )
            .says("Tokens in a second of the ten tenants with most tokens, if the service records tenants."),
        quantiles("Cost of one operation", "currencyUSD", "llmobs_operation_cost_usd", "<S>")
            .says("Cost of one operation. Recorded at level full."),
    ]
    .map(money)
    .into()
}

fn tokens() -> Vec<Panel> {
    let per_thousand = |window: &str| {
        format!(
            "sum by (gen_ai_request_model) (rate(llmobs_cost_usd_total{{<S>}}[{window}])) * 1000 \
             / (sum by (gen_ai_request_model) (rate(llmobs_token_processed_total{{<S>}}[{window}])) > 0)"
        )
    };
    [
        lines("Dollars per 1,000 tokens by model", "currencyUSD")
            .query("{{gen_ai_request_model}}", &per_thousand("1h"))
            .says("Cost of the last hour divided by its tokens, by model."),
        lines("Drift of the cost of tokens", "percentunit")
            .query("{{gen_ai_request_model}}", &format!("({}) / ({}) - 1", per_thousand("1h"), per_thousand("7d")))
            .says("Dollars per 1,000 tokens of the last hour against those of the last seven days: longer prompts, fewer cached tokens or new prices."),
        lines("Dollars per 1,000 output tokens by model", "currencyUSD")
            .query(
                "{{gen_ai_request_model}}",
                "sum by (gen_ai_request_model) (rate(llmobs_cost_usd_total{<S>}[1h])) * 1000 \
                 / (sum by (gen_ai_request_model) (rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[1h])) > 0)",
            )
            .says("Whole cost of the last hour divided by its output tokens, by model."),
    ]
    .map(money)
    .into()
}

fn budgets() -> Vec<Panel> {
    let usage = "sum by (llmobs_budget_name) (llmobs_budget_usage_usd{<P>})";
    [
        lines("Spending of the period and limits", "currencyUSD")
            .query("{{llmobs_budget_name}}", usage)
            .query("limit of {{llmobs_budget_name}}", "max by (llmobs_budget_name) (llmobs_budget_limit_usd{<P>})")
            .width(12)
            .says("Money that each budget spent in its period, summed over the processes, and its limit. A restart of a process begins again at zero."),
        lines("Forecast for the end of the period", "currencyUSD")
            .query(
                "forecast",
                &format!(
                    "sum({usage}) + sum(increase(llmobs_cost_usd_total{{<S>}}[6h])) / 21600 \
                     * (max(llmobs_budget_period_end_timestamp_seconds{{<P>}}) - time())"
                ),
            )
            .query("limit", "sum(max by (llmobs_budget_name) (llmobs_budget_limit_usd{<P>}))")
            .width(12)
            .says("Money that all budgets will have spent at the end of the longest period, at the rate of the last six hours, and the sum of their limits: the condition of LlmobsBudgetForecast. The counter of costs is read, because a gauge falls at a restart."),
        bars("Budget used", "percentunit")
            .query("{{llmobs_budget_name}}", &format!("{usage} / max by (llmobs_budget_name) (llmobs_budget_limit_usd{{<P>}})"))
            .width(12)
            .says("Spent share of each budget."),
        bars("Time to the end of the period", "s")
            .query("{{llmobs_budget_name}}", "max by (llmobs_budget_name) (llmobs_budget_period_end_timestamp_seconds{<P>}) - time()")
            .width(12)
            .says("Time until each budget begins again."),
    ]
    .map(money)
    .into()
}

fn prices() -> Vec<Panel> {
    [
        stacked("Operations without a price", "reqps")
            .query(
                "{{gen_ai_provider_name}} {{gen_ai_request_model}}",
                "sum by (gen_ai_provider_name, gen_ai_request_model) (rate(llmobs_pricebook_unpriced_total{<S>}[<R>]))",
            )
            .width(12)
            .says("Operations whose model has no price, by provider and model."),
        lines("Age of each price book", "s")
            .query("{{instance}}", "time() - max by (instance) (llmobs_pricebook_checked_timestamp_seconds{<P>})")
            .width(12)
            .says("Time since the prices of each process were checked against their source."),
    ]
    .map(money)
    .into()
}

fn own_gpus() -> Vec<Panel> {
    let gpus = "count(count by (instance, hw_id) (hw_gpu_memory_limit_bytes{<P>}))";
    vec![
        lines("Dollars per million output tokens on own GPUs", "currencyUSD")
            .query(
                "at the present load",
                &format!(
                    "{gpus} * $gpu_hour * 1000000 / (3600 * (sum(rate(llmobs_token_processed_total{{<S>,llmobs_token_direction=\"output\"}}[<R>])) > 0))"
                ),
            )
            .width(12)
            .logarithmic()
            .no_value("no GPU")
            .says("Price of the sampled GPUs divided by the output tokens: a half idle GPU doubles it."),
        lines("Joules per output token", "joule")
            .query(
                "requests",
                "sum(rate(llmobs_gpu_energy_attributed_joules_total{<P>,llmobs_energy_kind=\"request\"}[<R>])) \
                 / (sum(rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[<R>])) > 0)",
            )
            .query(
                "with idle time",
                "sum(rate(llmobs_gpu_energy_attributed_joules_total{<P>}[<R>])) \
                 / (sum(rate(llmobs_token_processed_total{<S>,llmobs_token_direction=\"output\"}[<R>])) > 0)",
            )
            .width(12)
            .no_value("no GPU")
            .says("Energy of the sampled GPUs per output token: that of requests, and the whole."),
    ]
}
