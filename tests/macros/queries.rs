//! The queries in a function's generated documentation use existing series.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Observer;
use llmobs::llm_span;

use super::kit::MODEL;
use super::kit::World;
use super::kit::now;

#[path = "../../llmobs-macros/src/promql.rs"]
mod text;

#[llm_span(chat, observer = world.observer, model = "smollm2", stream, docs)]
fn answer(world: &World) -> impl futures_util::Stream<Item = &'static str> + use<> {
    let hand = world.hand.clone();
    stream::iter(["a", "b", "c"]).map(move |token| {
        hand.advance(Duration::from_millis(5));
        token
    })
}

#[test]
fn every_query_names_series_of_a_real_page() {
    let world = World::new();
    now(answer(&world).count());
    let page = llmobs::prometheus::page(&world.observer, None).body;
    let queries = text::queries("chat", Some(MODEL));
    assert!(queries.len() >= 6);
    for (what, query) in &queries {
        let selectors: Vec<_> = query.split(['(', ')', ' ']).filter(|part| part.contains('{')).collect();
        assert!(!selectors.is_empty(), "{what}: {query}");
        for selector in selectors {
            let (name, labels) = selector.trim_end_matches("[5m]").split_once('{').unwrap();
            let wanted: Vec<_> = labels.trim_end_matches('}').split(',').collect();
            let found = page.lines().any(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
                    && wanted.iter().all(|label| line.contains(label))
            });
            assert!(found, "{what}: no series matches {selector}");
        }
    }
    assert!(text::section("chat", Some("a\"b")).contains(r#"gen_ai_request_model="a\"b""#));
}

#[test]
fn labels_that_queries_group_by_exist() {
    let world = World::new();
    let page = llmobs::prometheus::page(&world.observer, None).body;
    for (_, query) in text::queries("chat", None) {
        for by in query.split("by (").skip(1).filter_map(|rest| rest.split(')').next()).filter(|by| *by != "le") {
            assert!(page.contains(&format!("{by}=\"")), "{by}");
        }
    }
    let _ = Observer::disabled();
}
