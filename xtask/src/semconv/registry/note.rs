//! Extracts definitions that the conventions contain only as prose: span names, operations, severities.

/// Returns the names that a span may have, the preferred one first: the code spans after `**Span name** SHOULD be`.
pub(super) fn span_names(note: &str) -> Vec<String> {
    let Some((_, name)) = note.split_once("**Span name** SHOULD be") else {
        return Vec::new();
    };
    // The paragraph may continue with another topic in bold.
    let end = ["\n\n", "**"].iter().filter_map(|mark| name.find(*mark)).min().unwrap_or(name.len());
    // An attribute name without braces is part of a condition, not a span name.
    let is_name = |word: &&str| word.contains('{') || !word.contains('.');
    code_spans(&name[..end]).filter(is_name).map(str::to_owned).collect()
}

/// Returns the operations after `gen_ai.operation.name` SHOULD be (one of).
pub(super) fn operation_names(text: &str) -> Vec<String> {
    let rest = text.split_once("`gen_ai.operation.name` SHOULD be").map_or("", |(_, rest)| rest);
    // Operation names contain no full stop.
    code_spans(rest.split('.').next().unwrap_or_default()).map(str::to_owned).collect()
}

pub(super) fn may_be_internal(text: &str) -> bool {
    normalize_whitespace(text).contains("MAY be set to `INTERNAL`")
}

pub(super) fn is_opt_in(note: &str) -> bool {
    normalize_whitespace(note).contains("This event is opt-in")
}

/// Returns the number in `(severity number 13)`, if present.
pub(super) fn severity_number(note: &str) -> Result<Option<u8>, String> {
    let note = normalize_whitespace(note);
    let Some((_, rest)) = note.split_once("(severity number ") else {
        return Ok(None);
    };
    let number = rest.split(')').next().unwrap_or_default();
    number.parse().map(Some).map_err(|_| format!("invalid severity number `{number}`"))
}

fn code_spans(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

fn normalize_whitespace(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_preferred_name_is_first_and_conditions_are_not_names() {
        let note = "**Span name** SHOULD be `plan {a.name}` if `a.name` is readily available.\nWhen `a.name` is not \
                    available, it SHOULD be `plan`.\n\nSee `other`.";
        assert_eq!(span_names(note), ["plan {a.name}", "plan"]);
        assert_eq!(span_names("**Span name** SHOULD be `{a.b}`.\n**Span kind** SHOULD be `CLIENT`"), ["{a.b}"]);
        assert_eq!(span_names("The name is up to you"), [""; 0]);
    }

    #[test]
    fn one_or_several_operations_are_parsed() {
        assert_eq!(operation_names("The `gen_ai.operation.name` SHOULD be `plan`. Not `chat`."), ["plan"]);
        assert_eq!(
            operation_names("The `gen_ai.operation.name` SHOULD be one of `a`,\n`b`, or `c`.\n\nUse `a` here."),
            ["a", "b", "c"]
        );
        assert_eq!(operation_names("`plan` is not an operation name here"), [""; 0]);
    }

    #[test]
    fn severities_are_numbers() {
        assert_eq!(severity_number("set it to WARN (severity\nnumber 13) when"), Ok(Some(13)));
        assert_eq!(severity_number("none"), Ok(None));
        assert!(severity_number("(severity number many)").unwrap_err().contains("`many`"));
    }
}
