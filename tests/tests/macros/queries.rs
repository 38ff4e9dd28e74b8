//! The queries in a function's generated documentation use existing series.

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream;
use llmobs::Observer;
use llmobs::llm_span;

use crate::fixture::Fixture;
use crate::fixture::MODEL;
use crate::fixture::block_on_ready;

// A proc-macro crate exports no functions, so its file is compiled here again.
#[path = "../../../llmobs-macros/src/promql.rs"]
mod text;

#[llm_span(chat, observer = fixture.observer, model = "smollm2", stream, docs)]
fn answer(fixture: &Fixture) -> impl futures_util::Stream<Item = &'static str> + use<> {
    let manual_clock = fixture.manual_clock.clone();
    stream::iter(["a", "b", "c"]).map(move |token| {
        manual_clock.advance(Duration::from_millis(5));
        token
    })
}

#[test]
fn every_query_names_series_of_a_real_page() {
    let fixture = Fixture::new();
    block_on_ready(answer(&fixture).count());
    let page = llmobs::prometheus::page(&fixture.observer, None).body;
    let queries = text::queries("chat", Some(MODEL));
    assert!(queries.len() >= 6);
    for (title, query) in &queries {
        let selectors: Vec<_> = query.split(['(', ')', ' ']).filter(|part| part.contains('{')).collect();
        assert!(!selectors.is_empty(), "{title}: {query}");
        for selector in selectors {
            let (name, labels) = selector.trim_end_matches("[5m]").split_once('{').unwrap();
            let expected: Vec<_> = labels.trim_end_matches('}').split(',').collect();
            let found = page.lines().any(|line| {
                line.strip_prefix(name).is_some_and(|rest| rest.starts_with('{'))
                    && expected.iter().all(|label| line.contains(label))
            });
            assert!(found, "{title}: no series matches {selector}");
        }
    }
    assert!(text::section("chat", Some("a\"b")).contains(r#"gen_ai_request_model="a\"b""#));
}

#[test]
fn labels_that_queries_group_by_exist() {
    let fixture = Fixture::new();
    let page = llmobs::prometheus::page(&fixture.observer, None).body;
    for (_, query) in text::queries("chat", None) {
        for label in
            query.split("by (").skip(1).filter_map(|rest| rest.split(')').next()).filter(|label| *label != "le")
        {
            assert!(page.contains(&format!("{label}=\"")), "{label}");
        }
    }
    let _ = Observer::disabled();
}
