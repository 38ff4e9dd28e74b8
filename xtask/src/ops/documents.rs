//! The check of the queries in Markdown: every block of PromQL or `LogQL`, and every query in inline code.

use std::fs;
use std::path::Path;

use self::exceptions::EXCEPTIONS;
use super::names::Names;
use super::names::values::Values;
use super::promql;
use crate::workspace_root;

mod exceptions;
mod markdown;

/// The folders whose pages are checked, with all folders in them.
const FOLDERS: [&str; 2] = ["docs", "llmobs/docs"];

/// The language of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Language {
    PromQl,
    LogQl,
}

/// A query in a page.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Query {
    line: usize,
    language: Language,
    text: String,
}

/// Checks the queries of all pages. Fails with the list of the wrong ones, and if an exception is not in its page.
pub(crate) fn check(names: &Names) -> Result<(), String> {
    let values = Values::read()?;
    let mut errors = Vec::new();
    let mut count = 0;
    for path in pages()? {
        let queries = queries(&read(&path)?, names);
        errors.extend(unused_exceptions(&path, &queries));
        for query in queries {
            count += 1;
            if EXCEPTIONS.iter().any(|(file, start, _)| *file == path && query.text.starts_with(start)) {
                continue;
            }
            let result = match query.language {
                Language::PromQl => promql::check_panel(&query.text, names).map(drop),
                Language::LogQl => values.check_log_query(&query.text),
            };
            errors.extend(result.err().map(|error| format!("{path}:{}: {error}", query.line)));
        }
    }
    println!("{count} queries in the pages of {}", FOLDERS.join(" and "));
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n")) }
}

/// Returns the PromQL queries of a page, for a run on real data.
pub(crate) fn promql_of(path: &str, names: &Names) -> Result<Vec<String>, String> {
    let all = queries(&read(path)?, names).into_iter();
    Ok(all.filter(|query| query.language == Language::PromQl).map(|query| query.text).collect())
}

/// Returns all queries of a page.
fn queries(page: &str, names: &Names) -> Vec<Query> {
    let blocks = markdown::blocks(page).into_iter().flat_map(|block| {
        let language = match block.language.as_str() {
            "promql" => Some(Language::PromQl),
            "logql" => Some(Language::LogQl),
            _ => None,
        };
        let query = |(line, text)| Some(Query { line, language: language?, text });
        block.parts().into_iter().filter_map(query).collect::<Vec<_>>()
    });
    let inline = markdown::inline_code(page).into_iter().filter_map(|(line, text)| {
        let language = inline_language(&text, names)?;
        Some(Query { line, language, text })
    });
    blocks.chain(inline).collect()
}

/// Returns the language of inline code that is a query: it has a bracket, and the name of a metric or, for `LogQL`, the
/// selector of a service. A list of names such as `x_{sum,count}` is not a query.
fn inline_language(code: &str, names: &Names) -> Option<Language> {
    if code.starts_with("{service_name=") {
        return Some(Language::LogQl);
    }
    let has_bracket = code.contains(['(', '{', '[']) && !code.contains("_{");
    let mut words = code.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':');
    (has_bracket && words.any(|word| is_metric(word, names))).then_some(Language::PromQl)
}

/// Returns whether a word is the name of a series, or begins as those of llmobs do: a misspelled name must be found too.
fn is_metric(word: &str, names: &Names) -> bool {
    let begins = ["llmobs_", "llmobs:"].iter().any(|start| word.starts_with(start));
    names.get(word).is_some() || (begins && !word.contains("::") && !word.ends_with(':'))
}

/// Returns an error for each exception that the page does not need.
fn unused_exceptions(path: &str, queries: &[Query]) -> Vec<String> {
    let of_page = EXCEPTIONS.iter().filter(|(file, ..)| *file == path);
    of_page
        .filter(|(_, start, _)| !queries.iter().any(|query| query.text.starts_with(start)))
        .map(|(_, start, _)| format!("{path} has no query `{start}`: remove the exception"))
        .collect()
}

/// Returns the paths of all pages, relative to the workspace.
fn pages() -> Result<Vec<String>, String> {
    let mut folders: Vec<_> = FOLDERS.iter().map(|folder| workspace_root().join(folder)).collect();
    let mut pages = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for path in entries.flatten().map(|entry| entry.path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let path = path.strip_prefix(workspace_root()).unwrap_or(&path);
                pages.push(path.display().to_string());
            }
        }
    }
    pages.sort();
    Ok(pages)
}

fn read(path: &str) -> Result<String, String> {
    fs::read_to_string(workspace_root().join(Path::new(path))).map_err(|error| format!("{path}: {error}"))
}

#[cfg(test)]
mod tests {
    use super::super::rules;
    use super::*;

    fn names() -> Names {
        let mut names = Names::load().unwrap();
        rules::read(&mut names).unwrap();
        names
    }

    #[test]
    fn blocks_and_cells_of_tables_are_queries_and_names_alone_are_not() {
        let page = "Text `llmobs_operation_active` and `llmobs::Observer::builder()`.\n\n\
                    | a | `sum(rate(llmobs_operation_ended_total{error_type=~\"a\\|b\"}[1h]))` |\n\n\
                    ```promql\nup\n```\n\n`{service_name=\"chat\"} | llmobs_queue_duration > 1`\n";
        let found: Vec<_> = queries(page, &names()).into_iter().map(|query| (query.line, query.text)).collect();
        assert_eq!(
            found,
            [
                (6, "up".to_owned()),
                (3, "sum(rate(llmobs_operation_ended_total{error_type=~\"a|b\"}[1h]))".to_owned()),
                (9, "{service_name=\"chat\"} | llmobs_queue_duration > 1".to_owned()),
            ]
        );
    }

    #[test]
    fn a_misspelled_name_is_a_query_too() {
        let names = names();
        let found = queries("`sum(llmobs_operation_activ)`", &names);
        assert!(promql::check_panel(&found[0].text, &names).unwrap_err().contains("similar"));
    }

    #[test]
    fn the_pages_have_only_queries_that_pass() {
        assert_eq!(check(&names()), Ok(()));
        assert!(promql_of("docs/ops/capacity.md", &names()).unwrap().len() > 3);
    }

    #[test]
    fn an_exception_that_its_page_does_not_need_is_an_error() {
        for (file, ..) in EXCEPTIONS {
            let of_page = EXCEPTIONS.iter().filter(|one| one.0 == *file).count();
            assert_eq!(unused_exceptions(file, &[]).len(), of_page);
        }
    }
}
