//! Which attributes a metric carries, once groups and overrides are worked out.

use std::collections::BTreeMap;

use super::Metric;
use super::Reference;
use super::Registry;
use super::Requirement;

/// Groups nested deeper than this can only be a circle.
const DEEPEST: usize = 8;

impl Registry {
    /// The attributes of a metric by name. A later reference overrides an earlier one where it states a level; one
    /// that never states a level is recommended.
    pub(crate) fn attributes_of(&self, metric: &Metric) -> Result<BTreeMap<String, Requirement>, String> {
        let mut levels = BTreeMap::new();
        self.collect(&metric.references, &mut levels, 0)?;
        match levels.keys().find(|name| !self.attributes.contains_key(*name)) {
            Some(name) => Err(format!("no file defines the attribute `{name}`")),
            None => {
                Ok(levels.into_iter().map(|(name, level)| (name, level.unwrap_or(Requirement::Recommended))).collect())
            }
        }
    }

    fn collect(
        &self,
        references: &[Reference],
        levels: &mut BTreeMap<String, Option<Requirement>>,
        depth: usize,
    ) -> Result<(), String> {
        if depth > DEEPEST {
            return Err("the attribute groups refer to each other in a circle".to_owned());
        }
        for reference in references {
            match reference {
                Reference::Group(id) => {
                    let group = self.groups.get(id).ok_or_else(|| format!("no file defines the group `{id}`"))?;
                    self.collect(group, levels, depth + 1)?;
                }
                Reference::Attribute(name, level) => {
                    let known = levels.entry(name.clone()).or_default();
                    *known = level.or(*known);
                }
            }
        }
        Ok(())
    }
}
