//! The inhibition rules of the kit on a real Alertmanager, with the alerts that each of them names.
//!
//! Every alert has the labels of its expression. For each pair of a source and a target of a rule, both are posted with a
//! job of their own, and the target once more with a job that has no source.

use std::collections::BTreeSet;

use serde_json::Value;
use serde_json::json;

use super::super::deploy::yaml;
use super::super::programs::alertmanager::Alertmanager;
use super::super::programs::alertmanager::Labels;

/// An inhibition rule.
#[derive(Debug)]
struct Rule {
    sources: Vec<Matcher>,
    targets: Vec<Matcher>,
    equal: Vec<String>,
}

/// A condition such as `alertname=~"A|B"`.
#[derive(Debug)]
struct Matcher {
    label: String,
    is_negative: bool,
    values: Vec<String>,
}

/// A source and a target that it inhibits, in a job of their own.
#[derive(Debug)]
struct Pair {
    source: Labels,
    target: Labels,
    /// The target in a job without the source.
    alone: Labels,
}

/// Checks that each rule inhibits each of its targets.
pub(super) fn check(alertmanager: &Alertmanager, config: &str, known: &[Labels]) -> Result<(), String> {
    let rules = read(config)?;
    let pairs = pairs(&rules, known)?;
    alertmanager.post(pairs.iter().flat_map(|pair| [&pair.source, &pair.target, &pair.alone]))?;
    alertmanager.wait_for("/api/v2/alerts", |states| {
        let failures: Vec<_> = pairs.iter().filter_map(|pair| failure(pair, states)).collect();
        if failures.is_empty() {
            return Ok(());
        }
        Err(format!("alertmanager/alertmanager.yml: {}", failures.join("\n")))
    })?;
    println!("Alertmanager: {} rules inhibit {} pairs of alerts", rules.len(), pairs.len());
    Ok(())
}

/// Reads the inhibition rules of a configuration.
fn read(config: &str) -> Result<Vec<Rule>, String> {
    let file = yaml::parse("alertmanager/alertmanager.yml", config)?;
    let rule = |rule: &Value| {
        let matchers = |key| yaml::texts(rule, &[key]).into_iter().map(Matcher::parse).collect::<Result<_, _>>();
        let equal = yaml::texts(rule, &["equal"]).into_iter().map(str::to_owned).collect();
        Ok(Rule { sources: matchers("source_matchers")?, targets: matchers("target_matchers")?, equal })
    };
    yaml::items(&file, &["inhibit_rules"]).map(rule).collect()
}

/// Returns a pair for each source and target of each rule. Fails if a rule names an alert that it can never inhibit, since
/// only one of both alerts has a label that must be equal.
fn pairs(rules: &[Rule], known: &[Labels]) -> Result<Vec<Pair>, String> {
    let mut pairs = Vec::new();
    for rule in rules {
        let before = pairs.len();
        let named: BTreeSet<&str> = rule.targets.iter().flat_map(Matcher::named).collect();
        for source in known.iter().filter(|labels| rule.sources.iter().all(|matcher| matcher.matches(labels))) {
            for target in known.iter().filter(|labels| rule.targets.iter().all(|matcher| matcher.matches(labels))) {
                let differs = |label: &&String| source.contains_key(*label) != target.contains_key(*label);
                match rule.equal.iter().find(differs) {
                    None => pairs.push(Pair::new(source, target, pairs.len())),
                    Some(label) if named.contains(target["alertname"].as_str()) => {
                        return Err(format!(
                            "alertmanager/alertmanager.yml: {} never inhibits {}: one of both has no label `{label}`",
                            source["alertname"], target["alertname"]
                        ));
                    }
                    Some(_) => {}
                }
            }
        }
        if pairs.len() == before {
            return Err(format!("alertmanager/alertmanager.yml: a rule inhibits nothing: {rule:?}"));
        }
    }
    Ok(pairs)
}

/// Returns the difference between a pair and the states that Alertmanager reports.
fn failure(pair: &Pair, states: &Value) -> Option<String> {
    let find = |labels: &Labels| states.as_array()?.iter().find(|state| state["labels"] == json!(labels));
    let (Some(source), Some(target), Some(alone)) = (find(&pair.source), find(&pair.target), find(&pair.alone)) else {
        return Some(format!("Alertmanager lost an alert of {pair:?}"));
    };
    let inhibitors = |state: &Value| state["status"]["inhibitedBy"].as_array().cloned().unwrap_or_default();
    let names = format!("{} and {}", pair.source["alertname"], pair.target["alertname"]);
    if !inhibitors(target).contains(&source["fingerprint"]) {
        return Some(format!("{names}: the second is not inhibited by the first"));
    }
    (!inhibitors(alone).is_empty()).then(|| format!("{names}: the second is inhibited in a job without the first"))
}

impl Pair {
    fn new(source: &Labels, target: &Labels, number: usize) -> Self {
        let in_job = |labels: &Labels, job: String| {
            let mut labels = labels.clone();
            labels.insert("job".to_owned(), job);
            labels
        };
        let pair = format!("pair-{number}");
        Self {
            source: in_job(source, pair.clone()),
            target: in_job(target, pair),
            alone: in_job(target, format!("alone-{number}")),
        }
    }
}

impl Matcher {
    /// Parses a condition. Its values are names without special characters, separated by `|`.
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("alertmanager/alertmanager.yml: `{text}` is no matcher");
        let (left, value) = text.split_once('"').ok_or_else(wrong)?;
        let values = value.trim_end_matches('"').split('|').map(str::to_owned).collect();
        let operator = left.trim_start_matches(|char: char| char.is_ascii_alphanumeric() || char == '_');
        let is_negative = match operator {
            "=" | "=~" => false,
            "!=" | "!~" => true,
            _ => return Err(wrong()),
        };
        let label = left.trim_end_matches(operator).to_owned();
        Ok(Self { label, is_negative, values })
    }

    fn matches(&self, labels: &Labels) -> bool {
        labels.get(&self.label).is_some_and(|value| self.values.contains(value)) != self.is_negative
    }

    /// Returns the alerts that the condition names as matching.
    fn named(&self) -> impl Iterator<Item = &str> {
        let is_of_names = self.label == "alertname" && !self.is_negative;
        self.values.iter().filter(move |_| is_of_names).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &[(&str, &str)]) -> Labels {
        text.iter().map(|(label, value)| ((*label).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_matcher_is_parsed_and_matches() {
        let alert = labels(&[("alertname", "B"), ("job", "x")]);
        let matches = |text| Matcher::parse(text).unwrap().matches(&alert);
        assert!(matches(r#"alertname=~"A|B""#) && matches(r#"alertname="B""#) && matches(r#"alertname!~"A|C""#));
        assert!(!matches(r#"alertname="A""#) && !matches(r#"alertname!="B""#) && !matches(r#"team="x""#));
        assert!(Matcher::parse("alertname").is_err() && Matcher::parse(r#"alertname>"A""#).is_err());
    }

    #[test]
    fn a_rule_whose_target_lacks_an_equal_label_is_refused() {
        let config = r#"inhibit_rules: [{source_matchers: ['alertname="A"'], target_matchers: ['alertname=~"B"'], equal: [job, instance]}]"#;
        let rules = read(config).unwrap();
        let known =
            |target: &[(&str, &str)]| [labels(&[("alertname", "A"), ("job", "x"), ("instance", "x")]), labels(target)];
        assert_eq!(pairs(&rules, &known(&[("alertname", "B"), ("job", "x"), ("instance", "x")])).unwrap().len(), 1);
        assert!(pairs(&rules, &known(&[("alertname", "B"), ("job", "x")])).unwrap_err().contains("never inhibits B"));
        assert!(pairs(&rules, &known(&[("alertname", "C"), ("job", "x")])).unwrap_err().contains("inhibits nothing"));
    }

    #[test]
    fn a_target_that_is_not_inhibited_and_one_that_always_is_are_failures() {
        let [source, target] = ["A", "B"].map(|name| labels(&[("alertname", name), ("job", "x")]));
        let pair = Pair::new(&source, &target, 1);
        let states = |of_target: Value, of_alone: Value| {
            json!([
                { "labels": pair.source, "fingerprint": "f", "status": { "inhibitedBy": [] } },
                { "labels": pair.target, "fingerprint": "g", "status": { "inhibitedBy": of_target } },
                { "labels": pair.alone, "fingerprint": "h", "status": { "inhibitedBy": of_alone } },
            ])
        };
        assert_eq!(failure(&pair, &states(json!(["f"]), json!([]))), None);
        assert!(failure(&pair, &states(json!([]), json!([]))).unwrap().contains("not inhibited"));
        assert!(failure(&pair, &states(json!(["f"]), json!(["f"]))).unwrap().contains("in a job without"));
        assert!(failure(&pair, &json!([])).unwrap().contains("lost"));
    }
}
