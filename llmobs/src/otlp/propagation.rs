//! The propagators of trace context and baggage between services.

use opentelemetry::propagation::TextMapCompositePropagator;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::BaggagePropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;

use super::environment::Environment;
use super::environment::Warnings;

/// Returns the propagators listed in `OTEL_PROPAGATORS`; W3C trace context and baggage if the variable is not set.
pub(super) fn propagator(environment: &Environment, notes: &mut Warnings) -> TextMapCompositePropagator {
    const NAME: &str = "OTEL_PROPAGATORS";
    let mut chosen: Vec<&str> = Vec::new();
    let mut all: Vec<Box<dyn TextMapPropagator + Send + Sync>> = Vec::new();
    for word in environment.get(NAME).unwrap_or("tracecontext,baggage").split(',').map(str::trim) {
        if chosen.contains(&word) {
            continue;
        }
        chosen.push(word);
        match word {
            "tracecontext" => all.push(Box::new(TraceContextPropagator::new())),
            "baggage" => all.push(Box::new(BaggagePropagator::new())),
            "none" | "" => {}
            other => notes.add(NAME, format!("`{other}` is not supported; use `tracecontext` and `baggage`")),
        }
    }
    TextMapCompositePropagator::new(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(value: Option<&str>) -> (Vec<String>, usize) {
        let pair = value.map(|value| ("OTEL_PROPAGATORS".to_owned(), value.to_owned()));
        let mut notes = Warnings::default();
        let propagator = propagator(&Environment::from_pairs(pair), &mut notes);
        let mut fields: Vec<_> = propagator.fields().map(str::to_owned).collect();
        fields.sort();
        (fields, notes.as_slice().len())
    }

    #[test]
    fn trace_context_and_baggage_cross_unless_the_variable_says_otherwise() {
        let both = || ["baggage", "traceparent", "tracestate"].map(str::to_owned).to_vec();
        assert_eq!(fields(None), (both(), 0));
        assert_eq!(fields(Some("baggage, tracecontext,baggage")), (both(), 0));
        assert_eq!(fields(Some("none")), (vec![], 0));
        assert_eq!(fields(Some("b3,tracecontext")).1, 1);
    }
}
