//! The boards of Grafana: their data, the checks of their queries and of their layout, and the files around them.

use serde_json::Value;

use self::article_queries::ARTICLE_QUERIES;
use self::board::Board;
use self::panel::Source;
use super::names::Names;
use super::output::Output;

mod agents;
pub(crate) mod article_queries;
pub(crate) mod board;
mod cost;
mod engine;
mod fleet;
mod gpu;
mod kubernetes;
mod layout;
mod objectives;
pub(crate) mod panel;
mod panel_json;
mod pipeline;
mod provisioning;
pub(crate) mod query;
mod service;
mod service_latency;
mod service_traffic;
mod shared_panels;
mod variables;

/// The folder of the boards, relative to `docs/ops`.
pub(crate) const FOLDER: &str = "grafana/dashboards";

/// Returns all boards.
pub(crate) fn all() -> Vec<Board> {
    vec![
        fleet::board(),
        service::board(),
        objectives::board(),
        cost::board(),
        engine::board(),
        agents::board(),
        pipeline::board(),
        kubernetes::board(),
    ]
}

/// Adds the files of the boards, after the check of each query, each variable and the layout.
pub(super) fn add(names: &Names, output: &mut Output) -> Result<(), String> {
    let boards = all();
    check_article_queries(&boards)?;
    for board in boards {
        let value = board.to_json(names).map_err(|error| format!("{}: {error}", board.uid))?;
        layout::check(&value).map_err(|error| format!("{}: {error}", board.uid))?;
        output.add(&format!("{FOLDER}/{}.json", board.uid), format!("{value:#}\n"))?;
        output.add(
            &format!("grafana/configmaps/{}.yaml", board.uid),
            provisioning::config_map(board.uid, &serde_json::to_string(&value).map_err(|error| error.to_string())?),
        )?;
    }
    output.add("grafana/provisioning/datasources/llmobs.yaml", provisioning::data_sources())?;
    output.add("grafana/provisioning/dashboards/llmobs.yaml", provisioning::dashboards())
}

/// Verifies that each query of the articles is on its board.
fn check_article_queries(boards: &[Board]) -> Result<(), String> {
    for wanted in ARTICLE_QUERIES {
        let board = boards.iter().find(|board| board.uid == wanted.board);
        let panel = board.and_then(|board| board.panels().find(|panel| panel.title == wanted.panel));
        let panel =
            panel.ok_or_else(|| format!("{}: {} has no panel `{}`", wanted.name, wanted.board, wanted.panel))?;
        for part in wanted.keeps {
            if !panel.targets.iter().any(|target| target.query.contains(part)) {
                return Err(format!("{}: no query of `{}` contains `{part}`", wanted.name, wanted.panel));
            }
        }
    }
    Ok(())
}

/// Returns the queries of logs and traces, with their variables replaced: `logql` or `traceql`, the place, the query.
pub(crate) fn log_and_trace_queries() -> Vec<Value> {
    let mut queries = Vec::new();
    for board in all() {
        for panel in board.panels() {
            let language = match panel.source() {
                Source::Prometheus => continue,
                Source::Loki => "logql",
                Source::Tempo => "traceql",
            };
            for target in &panel.targets {
                let place = format!("{}, {}", board.uid, panel.title);
                let query = query::substitute(&target.query, "1m", &[]);
                queries.push(serde_json::json!({ "language": language, "place": place, "query": query }));
            }
        }
    }
    queries
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_of_the_articles_that_is_on_no_board_is_refused() {
        let mut boards = all();
        assert_eq!(check_article_queries(&boards), Ok(()));
        for row in &mut boards.iter_mut().find(|board| board.uid == "llmobs-engine").unwrap().rows {
            row.panels.retain(|panel| panel.title != "TGI queue by instance");
        }
        assert!(check_article_queries(&boards).unwrap_err().contains("queue of TGI by instance"));
    }

    #[test]
    fn every_panel_has_what_a_reader_needs() {
        for board in all() {
            let mut titles = Vec::new();
            for panel in board.panels() {
                let place = format!("{}, {}", board.uid, panel.title);
                assert!(!panel.targets.is_empty() && panel.targets.len() <= 26, "{place}: {}", panel.targets.len());
                assert!(panel.has_text(), "{place} has a description of a sentence, a unit and a text for no data");
                titles.push((panel.is_tile(), panel.title));
            }
            let count = titles.len();
            titles.sort_unstable();
            titles.dedup();
            assert_eq!(titles.len(), count, "{} has two panels of one title", board.uid);
        }
    }

    #[test]
    fn the_files_around_the_boards_are_yaml_and_contain_the_board() {
        let board = serde_json::json!({ "title": "a: \"b\" # c", "expr": "x{a=~\"$b\"}" });
        let text = provisioning::config_map("llmobs-x", &board.to_string());
        let map: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
        let inner = map["data"]["llmobs-x.json"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(inner).unwrap(), board);
        let sources: Value = serde_saphyr::from_str(&provisioning::data_sources()).unwrap();
        let uids: Vec<_> = sources["datasources"].as_array().unwrap().iter().map(|source| &source["uid"]).collect();
        assert_eq!(uids, ["prometheus", "tempo", "loki"]);
        let link = &sources["datasources"][0]["jsonData"]["exemplarTraceIdDestinations"][0];
        assert_eq!((&link["name"], &link["datasourceUid"]), (&Value::from("trace_id"), &Value::from("tempo")));
        let providers: Value = serde_saphyr::from_str(&provisioning::dashboards()).unwrap();
        assert_eq!(providers["providers"][0]["type"], "file");
    }

    /// A pattern that matches everything also matches series without the label.
    #[test]
    fn a_variable_with_several_values_is_compared_by_a_pattern() {
        for board in all() {
            for variable in &board.variables {
                let value = variable.to_json();
                let (pattern, equal) = (format!("=~\"${}\"", variable.name()), format!("=\"${}\"", variable.name()));
                let several = value["multi"] == true;
                assert!(!several || value["allValue"] == ".*", "{}: {value}", board.uid);
                for target in board.panels().flat_map(|panel| &panel.targets) {
                    assert!(!several || !target.query.contains(&equal), "{}: {equal} needs {pattern}", board.uid);
                }
            }
        }
    }

    #[test]
    fn a_variable_that_the_board_does_not_declare_is_refused() {
        let names = Names::load().unwrap();
        let panel = panel::tile("x", "short", "sum(llmobs_operation_active{<S>})").says("A number.");
        let with = |variables: &[variables::Variable]| Board::new("x", "x", "x", variables).row("x", [panel.clone()]);
        assert!(with(&variables::SERVICE).to_json(&names).is_ok());
        assert!(with(&variables::SERVICE[..3]).to_json(&names).unwrap_err().contains("does not declare"));
    }

    #[test]
    fn a_board_with_an_unknown_name_label_or_value_is_refused() {
        let names = Names::load().unwrap();
        let board =
            |query: &str| Board::new("x", "x", "x", &[]).row("x", [panel::tile("x", "short", query).says("A number.")]);
        assert!(board("sum(llmobs_operation_active)").to_json(&names).is_ok());
        for wrong in [
            "sum(llmobs_operation_actve)",
            "sum(llmobs_operation_active{modle=\"x\"})",
            "sum(rate(llmobs_operation_ended_total{llmobs_operation_outcome=\"complete\"}[5m]))",
            "sum(llmobs_operation_active",
        ] {
            assert!(board(wrong).to_json(&names).is_err(), "{wrong}");
        }
    }
}
