//! Writes the table of a profile's spans.

use super::constant;
use super::doc;
use crate::semconv::registry::Registry;

pub(super) fn write_table(out: &mut String, name: &str, about: &str, registry: &Registry) -> Result<(), String> {
    doc::write(out, "", about);
    *out += &format!("pub const {name}: &[SpanDefinition] = &[\n");
    for (id, span) in &registry.spans {
        let attributes = registry.attributes_of_span(span).map_err(|error| format!("span `{id}`: {error}"))?;
        let kind = match span.kind.as_str() {
            "client" => "Client",
            "internal" => "Internal",
            "server" => "Server",
            other => return Err(format!("span `{id}`: the kind `{other}` is not understood")),
        };
        *out += &format!("SpanDefinition {{ id: \"{id}\", kind: SpanKind::{kind},\n");
        *out += &format!("may_be_internal: {}, operations: &{:?},\n", span.may_be_internal, span.operations);
        *out += &format!("names: &{:?}, attributes: &[\n", span.names);
        for (attribute, wanted) in attributes {
            *out += &format!("SpanAttribute {{ name: attribute::{}, ", constant(&attribute));
            *out += &format!("requirement: Requirement::{:?}, at_start: {} }},\n", wanted.level, wanted.at_start);
        }
        *out += "] },\n";
    }
    *out += "];\n\n";
    Ok(())
}
