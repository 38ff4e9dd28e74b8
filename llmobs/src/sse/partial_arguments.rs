//! Arguments of a tool call that arrive as fragments of single values (Gemini's `partialArgs`).

use crate::json::write_string;

/// The arguments received so far. Bounded: values beyond the bounds are left out. `Debug` prints no arguments, because
/// a model generated them.
#[derive(Default)]
pub(super) struct PartialArguments {
    root: Node,
    bytes: usize,
}

/// A fragment of a value.
#[derive(Clone, Copy)]
pub(super) enum ValueFragment<'a> {
    /// A part of a string, appended to the parts before it.
    String(&'a str),
    /// A complete value as JSON text.
    Json(&'a str),
}

#[derive(Default)]
enum Node {
    #[default]
    Missing,
    Object(Vec<(String, Self)>),
    Array(Vec<Self>),
    String(String),
    Json(String),
}

/// A step of a path into the arguments.
enum Step<'p> {
    Field(&'p str),
    Item(usize),
}

const MAX_BYTES: usize = 256 * 1024;
const MAX_STEPS: usize = 32;

impl PartialArguments {
    /// Adds a fragment of the value at `path`, a JSONPath of names and indices: `$.stops[0].city`. A fragment whose
    /// path contradicts earlier fragments is left out.
    pub(super) fn push(&mut self, path: &str, fragment: ValueFragment<'_>) {
        let Some(steps) = parse_path(path) else { return };
        let text = match fragment {
            ValueFragment::String(text) | ValueFragment::Json(text) => text,
        };
        self.bytes += path.len() + text.len();
        if self.bytes > MAX_BYTES {
            return;
        }
        let node = steps.iter().try_fold(&mut self.root, Node::child);
        match (node, fragment) {
            (Some(Node::String(so_far)), ValueFragment::String(text)) => so_far.push_str(text),
            (Some(node @ Node::Missing), ValueFragment::String(text)) => *node = Node::String(text.to_owned()),
            (Some(node @ Node::Missing), ValueFragment::Json(json)) => *node = Node::Json(json.to_owned()),
            _ => {}
        }
    }

    /// Returns the arguments as a JSON object.
    pub(super) fn to_json(&self) -> String {
        let mut json = String::new();
        match &self.root {
            Node::Missing => json.push_str("{}"),
            root => root.write(&mut json),
        }
        json
    }
}

impl std::fmt::Debug for PartialArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PartialArguments").field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Node {
    /// Returns the child at a step, and creates it if the step is new. Items of an array arrive in order.
    fn child<'n>(&'n mut self, step: &Step<'_>) -> Option<&'n mut Self> {
        match step {
            Step::Field(name) => {
                if matches!(self, Self::Missing) {
                    *self = Self::Object(Vec::new());
                }
                let Self::Object(fields) = self else { return None };
                let index = fields.iter().position(|(known, _)| known == name).unwrap_or_else(|| {
                    fields.push(((*name).to_owned(), Self::Missing));
                    fields.len() - 1
                });
                Some(&mut fields[index].1)
            }
            Step::Item(index) => {
                if matches!(self, Self::Missing) {
                    *self = Self::Array(Vec::new());
                }
                let Self::Array(items) = self else { return None };
                if *index == items.len() {
                    items.push(Self::Missing);
                }
                items.get_mut(*index)
            }
        }
    }

    fn write(&self, json: &mut String) {
        match self {
            Self::Missing => json.push_str("null"),
            Self::Json(value) => json.push_str(value),
            Self::String(text) => write_string(json, text),
            Self::Object(fields) => {
                json.push('{');
                for (index, (name, value)) in fields.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    write_string(json, name);
                    json.push(':');
                    value.write(json);
                }
                json.push('}');
            }
            Self::Array(items) => {
                json.push('[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        json.push(',');
                    }
                    item.write(json);
                }
                json.push(']');
            }
        }
    }
}

/// Returns the steps of a path: `$.a[0]['b c']` has three. Returns `None` for another expression.
fn parse_path(path: &str) -> Option<Vec<Step<'_>>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() && steps.len() < MAX_STEPS {
        if let Some(name) = rest.strip_prefix('.') {
            let end = name.find(['.', '[']).unwrap_or(name.len());
            if end == 0 {
                return None;
            }
            steps.push(Step::Field(&name[..end]));
            rest = &name[end..];
        } else if let Some(quoted) = rest.strip_prefix("['").or_else(|| rest.strip_prefix("[\"")) {
            let end = quoted.find(['\'', '"'])?;
            steps.push(Step::Field(&quoted[..end]));
            rest = quoted[end + 1..].strip_prefix(']')?;
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(Step::Item(index.parse().ok()?));
            rest = after;
        }
    }
    (rest.is_empty() && !steps.is_empty()).then_some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fragments_are_joined_by_their_paths() {
        let mut arguments = PartialArguments::default();
        assert_eq!(arguments.to_json(), "{}");
        for (path, fragment) in [
            ("$.city", ValueFragment::String("Neu\"")),
            ("$.city", ValueFragment::String("-Ulm\n")),
            ("$.stops[0].days", ValueFragment::Json("2")),
            ("$.stops[1]['a b']", ValueFragment::Json("true")),
            ("$.stops[7]", ValueFragment::Json("3")),
            ("$.city.name", ValueFragment::Json("4")),
            ("$.city", ValueFragment::Json("5")),
            ("city", ValueFragment::Json("6")),
            ("$..city", ValueFragment::Json("7")),
            ("$", ValueFragment::Json("8")),
        ] {
            arguments.push(path, fragment);
        }
        assert_eq!(arguments.to_json(), r#"{"city":"Neu\"-Ulm\u000a","stops":[{"days":2},{"a b":true}]}"#);
    }

    #[test]
    fn values_beyond_the_bounds_are_left_out() {
        let mut arguments = PartialArguments::default();
        let long = "x".repeat(MAX_BYTES / 2);
        (0..4).for_each(|_| arguments.push("$.text", ValueFragment::String(&long)));
        arguments.push(&format!("${}", ".a".repeat(MAX_STEPS + 1)), ValueFragment::Json("1"));
        assert_eq!(arguments.to_json().len(), MAX_BYTES / 2 + r#"{"text":""}"#.len());
    }
}
