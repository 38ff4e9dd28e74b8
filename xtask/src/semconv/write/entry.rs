//! A name in two profiles.

use std::collections::BTreeMap;

/// What each profile defines under a name; at least one of the two is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<T> {
    pub(super) v1_41: Option<T>,
    pub(super) latest: Option<T>,
}

impl<T> Entry<T> {
    /// The definition to describe the name by: the older one, which is the default profile's.
    pub(super) fn either(&self) -> Option<&T> {
        self.v1_41.as_ref().or(self.latest.as_ref())
    }

    /// The profile's name, if the other one lacks the definition.
    pub(super) fn only(&self) -> Option<&'static str> {
        match (&self.v1_41, &self.latest) {
            (Some(_), None) => Some("v1_41"),
            (None, Some(_)) => Some("latest"),
            _ => None,
        }
    }

    /// What both profiles say, or what each says where they differ.
    pub(super) fn say<F: Fn(&T) -> String>(&self, say: F) -> String {
        match (self.v1_41.as_ref().map(&say), self.latest.as_ref().map(&say)) {
            (Some(old), Some(new)) if old == new => old,
            (Some(old), Some(new)) => format!("{old} in `v1_41`, {new} in `latest`"),
            (one, other) => one.or(other).unwrap_or_default(),
        }
    }

    /// The sentences about the meaning: one, or a second where `latest` words it otherwise.
    pub(super) fn meaning<F: Fn(&T) -> &str>(&self, brief: F) -> String {
        match (self.v1_41.as_ref().map(&brief), self.latest.as_ref().map(&brief)) {
            (Some(old), Some(new)) if old != new => format!("{old}\n\nIn `latest`: {new}"),
            (one, other) => one.or(other).unwrap_or_default().to_owned(),
        }
    }
}

/// The names of two maps, of those of others that belong to both profiles, and what stands behind each.
pub(super) fn merge<'a, T>(
    v1_41: &'a BTreeMap<String, T>,
    latest: &'a BTreeMap<String, T>,
    shared: &[&'a BTreeMap<String, T>],
) -> BTreeMap<&'a str, Entry<&'a T>> {
    let names = [v1_41, latest].into_iter().chain(shared.iter().copied()).flat_map(BTreeMap::keys);
    names
        .map(|name| {
            let common = shared.iter().find_map(|shared| shared.get(name));
            let entry = Entry { v1_41: v1_41.get(name).or(common), latest: latest.get(name).or(common) };
            (name.as_str(), entry)
        })
        .collect()
}
