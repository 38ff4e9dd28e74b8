//! One attribute: its constant, and the module of its values.

use super::constant;
use super::doc;
use super::entry::Entry;
use crate::semconv::registry::Attribute;
use crate::semconv::registry::Member;

pub(super) fn write(out: &mut String, name: &str, entry: &Entry<&Attribute>) {
    let mut text = entry.meaning(|attribute| &attribute.brief);
    text += &format!("\n\nType: {}. ", entry.say(|attribute| format!("`{}`", attribute.kind)));
    text += &format!("Stability: {}.", entry.say(|attribute| attribute.stability.clone()));
    if entry.either().is_some_and(|attribute| attribute.kind.starts_with("template")) {
        text += " The full name has a key behind it, after a dot.";
    }
    if let Some(profile) = entry.only() {
        text += &format!(" Profile: `{profile}` only.");
    }
    let values = values(entry);
    let module = name.trim_start_matches("gen_ai.").replace('.', "_");
    if !values.is_empty() {
        let list: Vec<_> = values.iter().map(|(value, _)| format!("`{value}`")).collect();
        text += &format!("\n\nValues: {}; see [`{module}`].", list.join(", "));
    }
    doc::write(out, "", &text);
    *out += &format!("pub const {}: &str = \"{name}\";\n\n", constant(name));
    if !values.is_empty() {
        write_values(out, name, &module, &values);
    }
}

fn write_values(out: &mut String, name: &str, module: &str, values: &[(&str, Entry<&Member>)]) {
    doc::write(out, "", &format!("The values of `{name}` that have a meaning of their own."));
    *out += &format!("pub mod {module} {{\n");
    for (value, entry) in values {
        let mut text = entry.meaning(|member| &member.brief);
        if let Some(profile) = entry.only() {
            text += &format!(" Profile: `{profile}` only.");
        }
        doc::write(out, "    ", &text);
        *out += &format!("    pub const {}: &str = \"{value}\";\n\n", constant(value));
    }
    *out += "}\n\n";
}

/// The values in the order of the conventions, those of `latest` alone after the rest. A value has no profile mark of
/// its own where the whole attribute has one.
fn values<'a>(entry: &Entry<&'a Attribute>) -> Vec<(&'a str, Entry<&'a Member>)> {
    let (old, new) = (entry.v1_41.or(entry.latest), entry.latest.or(entry.v1_41));
    let members = [old, new].into_iter().flatten().flat_map(|attribute| &attribute.members);
    let mut values: Vec<(&str, Entry<&Member>)> = Vec::new();
    for member in members {
        let find = |attribute: Option<&'a Attribute>| {
            attribute.and_then(|attribute| attribute.members.iter().find(|other| other.value == member.value))
        };
        if values.iter().all(|(value, _)| *value != member.value) {
            values.push((&member.value, Entry { v1_41: find(old), latest: find(new) }));
        }
    }
    values
}
