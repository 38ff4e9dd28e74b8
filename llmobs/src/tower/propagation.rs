//! Extraction and injection of W3C trace context and baggage.

use std::borrow::Cow;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use opentelemetry::Context;
use opentelemetry::TraceId;
use opentelemetry::propagation::Extractor;
use opentelemetry::propagation::Injector;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::BaggagePropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;

pub(super) const BAGGAGE: HeaderName = HeaderName::from_static("baggage");
pub(super) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
pub(super) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");

/// Returns the context received with a request, or `None` without trace headers and baggage. If the current span is in
/// the trace of the headers, an outer layer has extracted them, and that span remains the parent. A current span of
/// another trace, such as that of tower-http's `TraceLayer`, has not read them and is not the parent.
pub(super) fn extract(headers: &HeaderMap) -> Option<Context> {
    let (is_traced, has_baggage) = (headers.contains_key(&TRACEPARENT), headers.contains_key(&BAGGAGE));
    if !is_traced && !has_baggage {
        return None;
    }
    let (mut context, carrier) = (Context::current(), HeaderExtractor::of(headers));
    if is_traced {
        let received = TraceContextPropagator::new().extract_with_context(&context, &carrier);
        if trace_id(&received) != trace_id(&context) {
            context = received;
        }
    }
    if has_baggage {
        context = BaggagePropagator::new().extract_with_context(&context, &carrier);
    }
    Some(context)
}

fn trace_id(context: &Context) -> TraceId {
    context.span().span_context().trace_id()
}

/// Writes the current context into the headers of an outgoing request.
pub(super) fn inject(headers: &mut HeaderMap, baggage: bool) {
    Context::map_current(|context| {
        if has_span(context) {
            headers.remove(&TRACESTATE);
            TraceContextPropagator::new().inject_context(context, &mut HeaderInjector(headers));
        }
        if baggage {
            BaggagePropagator::new().inject_context(context, &mut HeaderInjector(headers));
        }
    });
}

fn has_span(context: &Context) -> bool {
    context.span().span_context().is_valid()
}

/// The three headers. A list split over several header lines is joined with commas.
struct HeaderExtractor<'a> {
    traceparent: Option<&'a str>,
    tracestate: Option<Cow<'a, str>>,
    baggage: Option<Cow<'a, str>>,
}

impl<'a> HeaderExtractor<'a> {
    fn of(headers: &'a HeaderMap) -> Self {
        let text = |value: &'a HeaderValue| value.to_str().ok();
        let list = |name: &HeaderName| {
            let mut lines = headers.get_all(name).iter().filter_map(text);
            let first = lines.next()?;
            Some(lines.fold(Cow::Borrowed(first), |joined, line| Cow::Owned(format!("{joined},{line}"))))
        };
        // With two `traceparent` headers the parent is ambiguous.
        let mut parents = headers.get_all(&TRACEPARENT).iter();
        let parent = parents.next().filter(|_| parents.next().is_none()).and_then(text);
        Self { traceparent: parent, tracestate: list(&TRACESTATE), baggage: list(&BAGGAGE) }
    }
}

impl Extractor for HeaderExtractor<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            "traceparent" => self.traceparent,
            "tracestate" => self.tracestate.as_deref(),
            "baggage" => self.baggage.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec!["traceparent", "tracestate", "baggage"]
    }
}

struct HeaderInjector<'a>(&'a mut HeaderMap);

impl Injector for HeaderInjector<'_> {
    fn set(&mut self, key: &str, value: String) {
        // Skip an empty `tracestate`.
        if let (Ok(name), Ok(value), false) =
            (key.parse::<HeaderName>(), value.parse::<HeaderValue>(), value.is_empty())
        {
            self.0.insert(name, value);
        }
    }
}
