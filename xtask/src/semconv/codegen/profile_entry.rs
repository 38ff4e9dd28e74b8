//! A definition in two profiles.

use std::collections::BTreeMap;

/// The definitions of one name in each profile; at least one is present.
#[derive(Clone, Copy, Debug)]
pub(super) struct ProfileEntry<T> {
    pub(super) v1_41: Option<T>,
    pub(super) latest: Option<T>,
}

impl<T> ProfileEntry<T> {
    /// Returns the definition that describes the name: the one of `v1_41`, the default profile, if present.
    pub(super) fn preferred(&self) -> Option<&T> {
        self.v1_41.as_ref().or(self.latest.as_ref())
    }

    /// Returns the profile that has the definition, if the other profile lacks it.
    pub(super) fn only_profile(&self) -> Option<&'static str> {
        match (&self.v1_41, &self.latest) {
            (Some(_), None) => Some("v1_41"),
            (None, Some(_)) => Some("latest"),
            _ => None,
        }
    }

    /// Returns the text of both profiles: once if equal, otherwise as `A in v1_41, B in latest`.
    pub(super) fn describe<F: Fn(&T) -> String>(&self, describe: F) -> String {
        match (self.v1_41.as_ref().map(&describe), self.latest.as_ref().map(&describe)) {
            (Some(old), Some(new)) if old == new => old,
            (Some(old), Some(new)) => format!("{old} in `v1_41`, {new} in `latest`"),
            (v1_41, latest) => v1_41.or(latest).unwrap_or_default(),
        }
    }

    /// Returns the description; a second paragraph is added if the description of `latest` differs.
    pub(super) fn brief<F: Fn(&T) -> &str>(&self, brief: F) -> String {
        match (self.v1_41.as_ref().map(&brief), self.latest.as_ref().map(&brief)) {
            (Some(old), Some(new)) if old != new => format!("{old}\n\nIn `latest`: {new}"),
            (v1_41, latest) => v1_41.or(latest).unwrap_or_default().to_owned(),
        }
    }
}

/// Merges the maps of two profiles and the maps that both share, by name.
pub(super) fn merge<'a, T>(
    v1_41: &'a BTreeMap<String, T>,
    latest: &'a BTreeMap<String, T>,
    shared: &[&'a BTreeMap<String, T>],
) -> BTreeMap<&'a str, ProfileEntry<&'a T>> {
    let names = [v1_41, latest].into_iter().chain(shared.iter().copied()).flat_map(BTreeMap::keys);
    names
        .map(|name| {
            let common = shared.iter().find_map(|shared| shared.get(name));
            let entry = ProfileEntry { v1_41: v1_41.get(name).or(common), latest: latest.get(name).or(common) };
            (name.as_str(), entry)
        })
        .collect()
}
