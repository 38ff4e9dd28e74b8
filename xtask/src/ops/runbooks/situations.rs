//! The table of a runbook page that says what the alert does in each situation.

use std::fmt::Write;

use super::super::scenarios::Outcome;
use super::super::scenarios::Situation;

/// Adds the table of an alert. Faults with the same outcome share a line.
pub(super) fn add(text: &mut String, outcomes: &[&Outcome]) {
    let has_faults = outcomes.iter().any(|outcome| !outcome.fault.is_empty());
    let (head, line) = if has_faults { ("Fault | ", "---|") } else { ("", "") };
    let _ =
        writeln!(text, "**Situations.** What the alert does if the fault happens in them, as the tests assert it:\n");
    let _ = writeln!(text, "| Situation | {head}The alert | Why |\n|---|{line}---|---|");
    for situation in Situation::ALL {
        for (outcome, faults) in groups(outcomes, situation) {
            let does = if outcome.fires { "fires" } else { "is silent" };
            let faults = if has_faults { format!("{faults} | ") } else { String::new() };
            let _ = writeln!(text, "| {} | {faults}{does} | {} |", situation.name(), outcome.why);
        }
    }
    text.push('\n');
}

/// Returns the different outcomes in a situation, each with the faults that have it.
fn groups<'a>(outcomes: &[&'a Outcome], situation: Situation) -> Vec<(&'a Outcome, String)> {
    let mut groups: Vec<(&Outcome, Vec<&str>)> = Vec::new();
    for outcome in outcomes.iter().filter(|outcome| outcome.situation == situation) {
        match groups.iter_mut().find(|(first, _)| first.fires == outcome.fires && first.why == outcome.why) {
            Some((_, faults)) => faults.push(&outcome.fault),
            None => groups.push((outcome, vec![&outcome.fault])),
        }
    }
    let is_one = groups.len() == 1;
    groups
        .into_iter()
        .map(|(outcome, faults)| (outcome, if is_one { "each".to_owned() } else { faults.join("; ") }))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(fault: &str, situation: Situation, fires: bool, why: &str) -> Outcome {
        Outcome { alert: "A".to_owned(), fault: fault.to_owned(), situation, fires, why: why.to_owned() }
    }

    #[test]
    fn faults_with_the_same_outcome_share_a_line() {
        let outcomes = [
            outcome("one", Situation::Gap, true, "x"),
            outcome("two", Situation::Gap, true, "x"),
            outcome("one", Situation::Otlp, true, "x"),
            outcome("two", Situation::Otlp, false, "there is no scrape"),
        ];
        let mut text = String::new();
        add(&mut text, &outcomes.iter().collect::<Vec<_>>());
        let lines: Vec<_> = text.lines().skip(4).collect();
        assert_eq!(
            lines,
            [
                "| gap in scraping | each | fires | x |",
                "| labels of OTLP | one | fires | x |",
                "| labels of OTLP | two | is silent | there is no scrape |",
                ""
            ]
        );
    }
}
