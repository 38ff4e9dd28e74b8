//! Resolves the attributes of a signal from groups and overrides.

use std::collections::BTreeMap;

use super::file::Reference;
use super::model::Requirement;

/// Maximum depth of nested groups; deeper nesting is a cycle.
const MAX_GROUP_DEPTH: usize = 8;

/// The requirement of a signal for an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct AttributeRequirement {
    pub(crate) level: Requirement,
    /// True if the attribute is relevant for sampling and must be set when the span starts.
    pub(crate) at_start: bool,
}

/// The combined references to an attribute so far.
#[derive(Clone, Copy, Debug, Default)]
struct MergedReference {
    level: Option<Requirement>,
    at_start: bool,
}

/// Returns the attributes of the references, by name. A later reference overrides the level of an earlier one if it has a
/// level. An attribute without a level is recommended.
pub(super) fn resolve(
    references: &[Reference],
    groups: &BTreeMap<String, Vec<Reference>>,
) -> Result<BTreeMap<String, AttributeRequirement>, String> {
    let mut merged = BTreeMap::new();
    collect(references, groups, &mut merged, 0)?;
    let requirement = |reference: MergedReference| AttributeRequirement {
        level: reference.level.unwrap_or(Requirement::Recommended),
        at_start: reference.at_start,
    };
    Ok(merged.into_iter().map(|(name, reference)| (name, requirement(reference))).collect())
}

fn collect(
    references: &[Reference],
    groups: &BTreeMap<String, Vec<Reference>>,
    merged: &mut BTreeMap<String, MergedReference>,
    depth: usize,
) -> Result<(), String> {
    if depth > MAX_GROUP_DEPTH {
        return Err("the attribute groups refer to each other in a cycle".to_owned());
    }
    for reference in references {
        if let Some(id) = &reference.group {
            let group = groups.get(id).ok_or_else(|| format!("no file defines the group `{id}`"))?;
            collect(group, groups, merged, depth + 1)?;
        }
        if let Some(name) = &reference.name {
            let attribute = merged.entry(name.clone()).or_default();
            attribute.level = reference.requirement_level.map(|level| level.0).or(attribute.level);
            attribute.at_start |= reference.sampling_relevant;
        }
    }
    Ok(())
}
