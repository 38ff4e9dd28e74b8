//! The models to which a price applies.

use super::section::Entry;
use crate::cost::price_book_error::PriceBookError;

/// A rule for the names of models. Case is ignored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ModelRule {
    /// The name is one of these, in lower case.
    Equals(Vec<String>),
    /// The name has all of these features, each in lower case.
    Features { starts_with: Option<String>, ends_with: Option<String>, contains: Option<String> },
}

impl ModelRule {
    /// Creates the rule for one name.
    pub(super) fn equals(name: &str) -> Self {
        Self::Equals(vec![name.to_lowercase()])
    }

    /// Reads a rule: a text, an array of texts, or a table with `equals`, `starts_with`, `ends_with` and `contains`.
    pub(super) fn parse(entry: Entry<'_>) -> Result<Self, PriceBookError> {
        if !entry.is_table() {
            let names: Vec<_> = entry.as_texts()?.into_iter().map(str::to_lowercase).collect();
            return if names.is_empty() { Err(entry.error("names no model")) } else { Ok(Self::Equals(names)) };
        }
        let mut section = entry.as_section("`model`")?;
        let equals = section.text("equals")?;
        let [starts_with, ends_with, contains] =
            [section.text("starts_with")?, section.text("ends_with")?, section.text("contains")?]
                .map(|feature| feature.map(|text| text.to_lowercase()));
        section.finish()?;
        let has_feature = starts_with.is_some() || ends_with.is_some() || contains.is_some();
        match equals {
            Some(_) if has_feature => Err(section.error("has `equals` and another condition")),
            Some(name) => Ok(Self::equals(&name)),
            None if has_feature => Ok(Self::Features { starts_with, ends_with, contains }),
            None => Err(section.error("has no condition")),
        }
    }

    /// Returns true if the rule applies to a model, whose name is in lower case.
    pub(super) fn matches(&self, model: &str) -> bool {
        match self {
            Self::Equals(names) => names.iter().any(|name| name == model),
            Self::Features { starts_with, ends_with, contains } => {
                starts_with.as_deref().is_none_or(|start| model.starts_with(start))
                    && ends_with.as_deref().is_none_or(|end| model.ends_with(end))
                    && contains.as_deref().is_none_or(|part| model.contains(part))
            }
        }
    }
}
