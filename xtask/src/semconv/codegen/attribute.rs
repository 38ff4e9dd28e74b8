//! Writes one attribute: its constant, the module of its values, and its row in a table.

use super::const_name;
use super::doc;
use super::expression;
use super::profile_entry::ProfileEntry;
use crate::semconv::registry::Attribute;
use crate::semconv::registry::AttributeType;
use crate::semconv::registry::Member;

/// Writes the constant with its doc, and the module of its values.
pub(super) fn write_name(out: &mut String, name: &str, entry: &ProfileEntry<&Attribute>) {
    let mut text = entry.brief(|attribute| &attribute.brief);
    text += &format!("\n\nType: {}. ", entry.describe(|attribute| format!("`{}`", attribute.kind.as_str())));
    text += &format!("Stability: {}.", entry.describe(|attribute| attribute.stability.clone()));
    if entry.preferred().is_some_and(|attribute| attribute.kind == AttributeType::Template) {
        text += " The full name has a key behind it, after a dot.";
    }
    if let Some(profile) = entry.only_profile() {
        text += &format!(" Profile: `{profile}` only.");
    }
    let values = merged_values(entry);
    let module = name.trim_start_matches("gen_ai.").replace('.', "_");
    if !values.is_empty() {
        let list: Vec<_> = values.iter().map(|(value, _)| format!("`{value}`")).collect();
        text += &format!("\n\nValues: {}; see [`{module}`].", list.join(", "));
    }
    doc::write(out, "", &text);
    *out += &format!("pub const {}: &str = \"{name}\";\n\n", const_name(name));
    if !values.is_empty() {
        write_values(out, name, &module, &values);
    }
}

/// Writes the table with the type of each attribute and its well-known values.
pub(super) fn write_table<'a>(
    out: &mut String,
    name: &str,
    doc: &str,
    attributes: impl Iterator<Item = (&'a String, &'a Attribute)>,
) {
    doc::write(out, "", doc);
    *out += &format!("pub const {name}: &[AttributeDefinition] = &[\n");
    for (name, attribute) in attributes {
        let values: Vec<_> = attribute.members.iter().map(|member| &member.value).collect();
        *out += &format!("AttributeDefinition {{ name: {}, ", expression("attribute", name));
        *out += &format!("kind: AttributeType::{:?}, values: &{values:?} }},\n", attribute.kind);
    }
    *out += "];\n\n";
}

fn write_values(out: &mut String, name: &str, module: &str, values: &[(&str, ProfileEntry<&Member>)]) {
    doc::write(out, "", &format!("The values of `{name}` that have a meaning of their own."));
    *out += &format!("pub mod {module} {{\n");
    for (value, entry) in values {
        let mut text = entry.brief(|member| &member.brief);
        if let Some(profile) = entry.only_profile() {
            text += &format!(" Profile: `{profile}` only.");
        }
        doc::write(out, "    ", &text);
        *out += &format!("    pub const {}: &str = \"{value}\";\n\n", const_name(value));
    }
    *out += "}\n\n";
}

/// Returns the values in the order of the conventions, followed by the values that only `latest` has. If the whole
/// attribute belongs to one profile, its values are not marked with the profile.
fn merged_values<'a>(entry: &ProfileEntry<&'a Attribute>) -> Vec<(&'a str, ProfileEntry<&'a Member>)> {
    let (old, new) = (entry.v1_41.or(entry.latest), entry.latest.or(entry.v1_41));
    let members = [old, new].into_iter().flatten().flat_map(|attribute| &attribute.members);
    let mut values: Vec<(&str, ProfileEntry<&Member>)> = Vec::new();
    for member in members {
        let find = |attribute: Option<&'a Attribute>| {
            attribute.and_then(|attribute| attribute.members.iter().find(|other| other.value == member.value))
        };
        if values.iter().all(|(value, _)| *value != member.value) {
            values.push((&member.value, ProfileEntry { v1_41: find(old), latest: find(new) }));
        }
    }
    values
}
