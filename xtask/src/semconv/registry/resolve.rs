//! Which attributes a signal carries, once groups and overrides are worked out.

use std::collections::BTreeMap;

use super::Reference;
use super::Registry;
use super::Requirement;

/// Groups nested deeper than this can only be a circle.
const DEEPEST: usize = 8;

/// How much a signal wants an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) level: Requirement,
    /// Whether samplers look at it, so that a span must have it when it starts.
    pub(crate) at_start: bool,
}

/// What the references that were walked so far say of an attribute.
#[derive(Clone, Copy, Debug, Default)]
struct Said {
    level: Option<Requirement>,
    at_start: bool,
}

impl Registry {
    /// The attributes behind references, by name. A later reference overrides an earlier one where it states a level;
    /// an attribute of which none states a level is recommended.
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
