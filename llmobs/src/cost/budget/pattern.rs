//! The selectors of budgets.

/// The facts of an operation by which budgets select it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BudgetFacts<'a> {
    /// The tenant; `None` for an operation without one.
    pub(crate) tenant: Option<&'a str>,
    /// The requested model.
    pub(crate) model: &'a str,
    /// The provider.
    pub(crate) provider: &'a str,
}

/// Names that a budget selects: one name, or all that start with a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Pattern {
    Exact(Box<str>),
    Prefix(Box<str>),
}

impl Pattern {
    /// Returns the pattern of a text; a final `*` stands for any text, also for none.
    pub(super) fn new(text: &str) -> Self {
        match text.strip_suffix('*') {
            Some(prefix) => Self::Prefix(prefix.into()),
            None => Self::Exact(text.into()),
        }
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        match self {
            Self::Exact(exact) => name == &**exact,
            Self::Prefix(prefix) => name.starts_with(&**prefix),
        }
    }
}

/// Returns whether a name is selected: by any of the patterns, or because there are none.
pub(super) fn selects(patterns: &[Pattern], name: Option<&str>) -> bool {
    patterns.is_empty() || name.is_some_and(|name| patterns.iter().any(|pattern| pattern.matches(name)))
}
