//! Resolves the attributes of a signal from groups and overrides.

use std::collections::BTreeMap;

use super::Reference;
use super::Registry;
use super::Requirement;

/// Maximum depth of nested groups; deeper nesting is a cycle.
const DEEPEST: usize = 8;

/// The requirement of a signal for an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) level: Requirement,
    /// True if the attribute is relevant for sampling and must be set when the span starts.
    pub(crate) at_start: bool,
}

/// The combined references to an attribute so far.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    level: Option<Requirement>,
    at_start: bool,
}

impl Registry {
    /// Returns the attributes of the references, by name. A later reference overrides the level of an earlier one if it
    /// has a level. An attribute without a level is recommended.
    pub(super) fn resolve(&self, references: &[Reference]) -> Result<BTreeMap<String, Wanted>, String> {
        let mut said = BTreeMap::new();
        self.collect(references, &mut said, 0)?;
        if let Some(name) = said.keys().find(|name| !self.attributes.contains_key(*name)) {
            return Err(format!("no file defines the attribute `{name}`"));
        }
        let settle =
            |said: Said| Wanted { level: said.level.unwrap_or(Requirement::Recommended), at_start: said.at_start };
        Ok(said.into_iter().map(|(name, said)| (name, settle(said))).collect())
    }

    fn collect(
        &self,
        references: &[Reference],
        attributes: &mut BTreeMap<String, Said>,
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("the attribute groups refer to each other in a circle".to_owned());
        }
        for reference in references {
            match reference {
                Reference::Group(id) => {
                    let group = self.groups.get(id).ok_or_else(|| format!("no file defines the group `{id}`"))?;
                    self.collect(group, attributes, depth + 1)?;
                }
                Reference::Attribute { name, level, at_start } => {
                    let said = attributes.entry(name.clone()).or_default();
                    said.level = level.or(said.level);
                    said.at_start |= at_start;
                }
            }
        }
        Ok(())
    }
}
