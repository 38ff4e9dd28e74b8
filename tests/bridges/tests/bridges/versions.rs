//! The tests of each version. The crates of the versions have equal names of most items, which a macro uses; the names
//! that changed are its arguments.

/// Defines the tests of one version: the crates, the type of the tracer provider, the data of a span, the result of the
/// span processor's methods, and its method for a shutdown.
macro_rules! version {
    ($name:ident, $bridge:ident, $otel:ident, $sdk:ident, $provider:path, $data:path, $result:ty, $shutdown:ident($($timeout:ty)?)) => {
        mod $name {
            use std::collections::HashMap;
            use std::time::Duration;

            use $bridge::OpenTelemetrySpanExt;
            use $otel::Context;
            use $otel::propagation::TextMapPropagator;
            use $otel::trace::Status;
            use $otel::trace::TraceContextExt;
            use $otel::trace::TracerProvider as _;
            use $sdk::propagation::TraceContextPropagator;
            use $sdk::trace::Span;
            use $sdk::trace::SpanProcessor;
            use $data as SpanData;
            use $provider as Provider;
            use tracing_subscriber::layer::SubscriberExt;

            use crate::host;
            use crate::host::Exported;
            use crate::host::ExportedSpan;

            /// Passes every ended span to the test.
            #[derive(Debug)]
            struct Exporter(Exported);

            impl SpanProcessor for Exporter {
                fn on_start(&self, _: &mut Span, _: &Context) {}

                fn on_end(&self, span: SpanData) {
                    self.0.push(ExportedSpan {
                        name: span.name.to_string(),
                        trace_id: span.span_context.trace_id().to_string(),
                        span_id: span.span_context.span_id().to_string(),
                        parent_span_id: span.parent_span_id.to_string(),
                        duration: span.end_time.duration_since(span.start_time).unwrap_or(Duration::MAX),
                        error: match span.status {
                            Status::Error { description } => Some(description.to_string()),
                            Status::Ok | Status::Unset => None,
                        },
                        attributes: span
                            .attributes
                            .iter()
                            .map(|pair| (pair.key.to_string(), pair.value.as_str().into_owned()))
                            .collect(),
                    });
                }

                fn force_flush(&self) -> $result {
                    Ok(())
                }

                fn $shutdown(&self $(, _: $timeout)?) -> $result {
                    Ok(())
                }
            }

            /// Runs a test with an observer in a host that has a layer of this version and no other.
            fn in_host(has_spans: bool, test: impl FnOnce(&llmobs::Observer, &Exported)) {
                let exported = Exported::default();
                let provider = Provider::builder().with_span_processor(Exporter(exported.clone())).build();
                let layer = $bridge::layer().with_tracer(provider.tracer("host"));
                tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
                    let observer = host::observer(has_spans, |span| {
                        let context = span.context();
                        let span = context.span();
                        let ids = span.span_context();
                        let (trace_id, span_id) = (ids.trace_id().to_bytes(), ids.span_id().to_bytes());
                        Some(llmobs::otel::SpanIds::new(trace_id, span_id, ids.is_sampled()))
                    });
                    test(&observer, &exported);
                });
            }

            #[test]
            fn a_stream_has_its_time_its_finish_reason_and_its_ids() {
                in_host(true, host::assert_stream);
            }

            #[test]
            fn failures_have_the_status_error_with_its_description() {
                in_host(true, host::assert_failures);
            }

            #[test]
            fn a_call_without_a_span_has_the_ids_of_the_current_one() {
                in_host(false, host::assert_ids_of_the_host);
            }

            #[test]
            fn a_request_continues_the_trace_of_its_caller() {
                in_host(true, |observer, exported| {
                    host::assert_request(observer, exported, |span, headers| {
                        let headers: HashMap<_, _> = headers.into_iter().collect();
                        let _ = span.set_parent(TraceContextPropagator::new().extract(&headers));
                    });
                });
            }
        }
    };
}

version!(
    bridge_28,
    bridge_0_28,
    otel_0_27,
    sdk_0_27,
    sdk_0_27::trace::TracerProvider,
    sdk_0_27::export::trace::SpanData,
    otel_0_27::trace::TraceResult<()>,
    shutdown()
);
version!(
    bridge_29,
    bridge_0_29,
    otel_0_28,
    sdk_0_28,
    sdk_0_28::trace::SdkTracerProvider,
    sdk_0_28::trace::SpanData,
    sdk_0_28::error::OTelSdkResult,
    shutdown()
);
version!(
    bridge_30,
    bridge_0_30,
    otel_0_29,
    sdk_0_29,
    sdk_0_29::trace::SdkTracerProvider,
    sdk_0_29::trace::SpanData,
    sdk_0_29::error::OTelSdkResult,
    shutdown()
);
version!(
    bridge_31,
    bridge_0_31,
    otel_0_30,
    sdk_0_30,
    sdk_0_30::trace::SdkTracerProvider,
    sdk_0_30::trace::SpanData,
    sdk_0_30::error::OTelSdkResult,
    shutdown_with_timeout(Duration)
);
version!(
    bridge_32,
    bridge_0_32,
    otel_0_31,
    sdk_0_31,
    sdk_0_31::trace::SdkTracerProvider,
    sdk_0_31::trace::SpanData,
    sdk_0_31::error::OTelSdkResult,
    shutdown_with_timeout(Duration)
);
version!(
    bridge_33,
    bridge_0_33,
    otel_0_32,
    sdk_0_32,
    sdk_0_32::trace::SdkTracerProvider,
    sdk_0_32::trace::SpanData,
    sdk_0_32::error::OTelSdkResult,
    shutdown_with_timeout(Duration)
);
version!(
    bridge_34,
    bridge_0_34,
    otel_0_33,
    sdk_0_33,
    sdk_0_33::trace::SdkTracerProvider,
    sdk_0_33::trace::SpanData,
    sdk_0_33::error::OTelSdkResult,
    shutdown_with_timeout(Duration)
);
