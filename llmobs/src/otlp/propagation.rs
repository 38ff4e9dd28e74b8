//! The propagators of trace context and baggage between services.

use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::BaggagePropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::environment::Environment;
use super::environment::Warnings;

/// Returns the propagators listed in `OTEL_PROPAGATORS`; W3C trace context and baggage if the variable is not set.
pub(super) fn propagator(environment: &Environment, warnings: &mut Warnings) -> TextMapCompositePropagator {
    const NAME: &str = "OTEL_PROPAGATORS";
    let listed = environment.lowercase(NAME);
    let mut seen: Vec<&str> = Vec::new();
    let mut propagators: Vec<Box<dyn TextMapPropagator + Send + Sync>> = Vec::new();
    for name in listed.as_deref().unwrap_or("tracecontext,baggage").split(',').map(str::trim) {
        if seen.contains(&name) {
            continue;
        }
        seen.push(name);
        match name {
            "tracecontext" => propagators.push(Box::new(TraceContextPropagator::new())),
            "baggage" => propagators.push(Box::new(BaggagePropagator::new())),
            "none" | "" => {}
            other => warnings.add(NAME, format!("`{other}` is not supported; use `tracecontext` and `baggage`")),
        }
    }
    TextMapCompositePropagator::new(propagators)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: Option<&str>) -> (Vec<String>, usize) {
        let pair = value.map(|value| ("OTEL_PROPAGATORS".to_owned(), value.to_owned()));
        let mut warnings = Warnings::default();
        let propagator = propagator(&Environment::from_pairs(pair), &mut warnings);
        let mut fields: Vec<_> = propagator.fields().map(str::to_owned).collect();
        fields.sort();
        (fields, warnings.as_slice().len())
    }

    #[test]
    fn trace_context_and_baggage_are_the_defaults_and_the_variable_overrides_them() {
        let default_fields = || ["baggage", "traceparent", "tracestate"].map(str::to_owned).to_vec();
        assert_eq!(fields(None), (default_fields(), 0));
        assert_eq!(fields(Some("baggage, tracecontext,baggage")), (default_fields(), 0));
        assert_eq!(fields(Some("none")), (vec![], 0));
        assert_eq!(fields(Some("b3,tracecontext")).1, 1);
    }
}
