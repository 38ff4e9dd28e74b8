//! Writes the table of a profile's spans.

use super::const_name;
use super::doc;
use crate::semconv::registry::Registry;

pub(super) fn write_table(out: &mut String, name: &str, doc: &str, registry: &Registry) -> Result<(), String> {
    doc::write(out, "", doc);
    *out += &format!("pub const {name}: &[SpanDefinition] = &[\n");
    for (id, span) in &registry.spans {
        let attributes = registry.span_attributes(span).map_err(|error| format!("span `{id}`: {error}"))?;
        *out += &format!("SpanDefinition {{ id: \"{id}\", kind: SpanKind::{:?},\n", span.kind);
        *out += &format!("may_be_internal: {}, operations: &{:?},\n", span.may_be_internal, span.operation_names);
        *out += &format!("names: &{:?}, attributes: &[\n", span.span_names);
        for (attribute, requirement) in attributes {
            *out += &format!("SpanAttribute {{ name: attribute::{}, ", const_name(&attribute));
            *out +=
                &format!("requirement: Requirement::{:?}, at_start: {} }},\n", requirement.level, requirement.at_start);
        }
        *out += "] },\n";
    }
    *out += "];\n\n";
    Ok(())
}
