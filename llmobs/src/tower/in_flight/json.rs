//! The in-flight page as JSON, for programs.

use super::waits_for;
use crate::json::JsonObject;
use crate::observer::InFlight;

/// Returns `{"in_flight":[...]}`, with times in seconds.
pub(super) fn render(operations: &[InFlight]) -> String {
    let mut out = "{\"in_flight\":[".to_owned();
    for (index, operation) in operations.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_operation(operation, &mut out);
    }
    out.push_str("]}\n");
    out
}

fn write_operation(operation: &InFlight, out: &mut String) {
    let mut object = JsonObject::new(out);
    object.string("operation", Some(&operation.operation));
    object.string("provider", Some(&operation.provider));
    object.string("model", Some(&operation.model));
    object.string("state", Some(operation.state.as_str()));
    object.string("waits_for", Some(waits_for(operation)));
    object.number("age_seconds", Some(format_args!("{:.3}", operation.age.as_secs_f64())));
    object.number("silence_seconds", Some(format_args!("{:.3}", operation.silence.as_secs_f64())));
    object.number("tokens", Some(operation.tokens));
    match operation.tokens_per_second.filter(|rate| rate.is_finite()) {
        Some(rate) => object.number("tokens_per_second", Some(format_args!("{rate:.1}"))),
        None => object.null("tokens_per_second"),
    }
    object.number("preemptions", Some(operation.preemptions));
    for (name, text) in [("engine_id", &operation.engine_id), ("trace_id", &operation.trace_id)] {
        match text {
            Some(text) => object.string(name, Some(text)),
            None => object.null(name),
        }
    }
    object.string("tenant", operation.tenant.as_deref());
    object.finish();
}
