//! The standard environment variables: the effect of each, the settings that override it, and the warnings about
//! unsupported ones.

use std::collections::BTreeSet;
use std::time::Duration;

use llmobs::Observer;
use llmobs::otlp::InitError;
use llmobs::otlp::Pipeline;
use llmobs::otlp::PipelineBuilder;
use llmobs::otlp::Protocol;
use llmobs::otlp::Signal;
use tracing_subscriber::layer::SubscriberExt;

use crate::fixture::MODEL;
use crate::fixture::TIMEOUT;
use llmobs_tests::collector::Collector;
use llmobs_tests::collector::ReceivedData;
use llmobs_tests::collector::attribute;

fn builder(pairs: &[(&str, &str)]) -> PipelineBuilder {
    llmobs::otlp::builder().environment(pairs.iter().copied())
}

/// Runs one operation through a pipeline, shuts it down, and returns the telemetry that the collector received.
fn run_operation(pipeline: Pipeline, collector: &Collector) -> ReceivedData {
    let registry = tracing_subscriber::registry().with(pipeline.layer());
    let observer = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider()).build();
    tracing::subscriber::with_default(registry, || match observer {
        Ok(observer) => observer.chat(MODEL).start().complete(),
        // With metrics off, the meter provider records nothing, which `ObserverBuilder::build` refuses.
        Err(_) => Observer::builder().model(MODEL).build().unwrap().chat(MODEL).start().complete(),
    });
    pipeline.shutdown(TIMEOUT).unwrap();
    collector.inbox().snapshot()
}

fn has_signals(seen: &ReceivedData) -> [bool; 3] {
    [!seen.spans.is_empty(), !seen.metrics.is_empty(), !seen.logs.is_empty()]
}

#[test]
fn the_endpoint_the_protocol_and_the_headers_come_from_the_environment() {
    for protocol in ["grpc", "http/protobuf"] {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let pipeline = builder(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Basic%20dXNlcjpwYXNz, x-tenant=a=b"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_SERVICE_NAME", "from-the-environment"),
            ("OTEL_RESOURCE_ATTRIBUTES", "team=llm%2Cinfra,service.name=not-this"),
        ]);
        let seen = run_operation(pipeline.build().unwrap(), &collector);
        assert_eq!(has_signals(&seen), [true; 3], "{protocol}");
        for (_, headers) in &seen.requests {
            assert_eq!(headers["authorization"], "Basic dXNlcjpwYXNz");
            assert_eq!(headers["x-tenant"], "a=b");
            assert_eq!(headers["content-type"] == "application/grpc", protocol == "grpc");
            assert!(
                headers.get("content-encoding").or(headers.get("grpc-encoding")).is_some_and(|used| used == "gzip")
            );
        }
        let resource = &seen.spans[0].resource.attributes;
        assert_eq!(attribute(resource, "service.name").as_deref(), Some("from-the-environment"));
        assert_eq!(attribute(resource, "team").as_deref(), Some("llm,infra"));
    }
}

#[test]
fn the_endpoint_of_one_signal_is_used_unchanged_and_overrides_the_common_one() {
    let (all, traces) = (Collector::start(), Collector::start());
    let pipeline = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("{}/collect/?key=sesame", all.endpoint())),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &format!("{}/my/traces", traces.endpoint())),
        ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "only=traces"),
    ]);
    let seen = run_operation(pipeline.build().unwrap(), &all);
    let mut paths: Vec<_> = seen.requests.iter().map(|(path, _)| path.as_str()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["/collect/v1/logs", "/collect/v1/metrics"]);
    assert!(seen.requests.iter().all(|(_, headers)| !headers.contains_key("only")));
    let [(path, headers)] = &traces.inbox().snapshot().requests[..] else { panic!("one request") };
    assert_eq!((path.as_str(), headers["only"].as_str()), ("/my/traces", "traces"));
}

#[test]
fn settings_in_code_override_the_environment() {
    let (from_code, from_environment) = (Collector::start(), Collector::start());
    let pipeline = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &from_environment.endpoint()),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &from_environment.endpoint()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "who=environment"),
        ("OTEL_SERVICE_NAME", "environment"),
    ]);
    let pipeline = pipeline.endpoint(from_code.endpoint()).protocol(Protocol::HttpProtobuf).header("who", "code");
    let seen = run_operation(pipeline.service_name("code").build().unwrap(), &from_code);
    assert_eq!(has_signals(&seen), [true; 3]);
    assert!(seen.requests.iter().all(|(_, headers)| headers["who"] == "code"));
    assert_eq!(attribute(&seen.logs[0].resource.attributes, "service.name").as_deref(), Some("code"));
    assert!(from_environment.inbox().snapshot().requests.is_empty());
}

#[test]
fn an_exporter_of_none_disables_its_signal() {
    for (index, name) in ["OTEL_TRACES_EXPORTER", "OTEL_METRICS_EXPORTER", "OTEL_LOGS_EXPORTER"].iter().enumerate() {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let pipeline = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), (name, "none")]).build().unwrap();
        let mut expected = [true; 3];
        expected[index] = false;
        assert_eq!(has_signals(&run_operation(pipeline, &collector)), expected, "{name}");
    }
}

#[test]
fn a_disabled_sdk_sends_nothing_and_has_no_notes() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let pipeline =
        builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("OTEL_SDK_DISABLED", "TRUE")]).build().unwrap();
    assert!(pipeline.warnings().is_empty());
    let seen = run_operation(pipeline, &collector);
    assert_eq!((has_signals(&seen), seen.connections), ([false; 3], 0));
}

#[test]
fn a_percent_sign_without_two_hexadecimal_digits_is_sent_as_it_is() {
    for (value, sent) in [("pw%+axx", "pw%+axx"), ("100%", "100%"), ("%zz%", "%zz%"), ("a%2Bb%20%25", "a+b %")] {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let pipeline = builder(&[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
            ("OTEL_EXPORTER_OTLP_HEADERS", &format!("x-test={value}")),
            ("OTEL_RESOURCE_ATTRIBUTES", &format!("team={value}")),
        ]);
        let seen = run_operation(pipeline.build().unwrap(), &collector);
        assert!(seen.requests.iter().all(|(_, headers)| headers["x-test"] == sent), "{value}");
        assert_eq!(attribute(&seen.spans[0].resource.attributes, "team").as_deref(), Some(sent), "{value}");
    }
}

#[test]
fn names_of_choices_are_read_in_any_case() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let pipeline = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "GRPC"),
        ("OTEL_EXPORTER_OTLP_LOGS_PROTOCOL", "Http/Json"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "GZip"),
        ("OTEL_TRACES_EXPORTER", "OTLP"),
        ("OTEL_METRICS_EXPORTER", "None"),
        ("OTEL_TRACES_SAMPLER", "Always_On"),
        ("OTEL_PROPAGATORS", "TraceContext"),
        ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "Base2_Exponential_Bucket_Histogram"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "DELTA"),
    ]);
    let pipeline = pipeline.build().unwrap();
    assert!(pipeline.warnings().is_empty(), "{:?}", pipeline.warnings());
    let seen = run_operation(pipeline, &collector);
    assert_eq!(has_signals(&seen), [true, false, true]);
    let kinds: Vec<_> = seen.requests.iter().map(|(_, headers)| headers["content-type"].as_str()).collect();
    assert!(kinds.contains(&"application/grpc") && kinds.contains(&"application/json"), "{kinds:?}");

    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let pipeline = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("OTEL_TRACES_SAMPLER", "ALWAYS_OFF")]);
    assert_eq!(has_signals(&run_operation(pipeline.build().unwrap(), &collector)), [false, true, true]);
}

#[test]
fn the_settings_print_no_values_of_variables_and_no_headers() {
    let settings = builder(&[("OTEL_EXPORTER_OTLP_HEADERS", "api-key=sesame")]).header("other", "sesame");
    let settings = settings.endpoint("http://user:sesame@localhost/?key=sesame");
    let printed = format!("{settings:?}");
    assert!(printed.contains("OTEL_EXPORTER_OTLP_HEADERS") && !printed.contains("sesame"), "{printed}");
}

#[test]
fn the_sampler_of_the_environment_is_used() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let pipeline = builder(&[("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint), ("OTEL_TRACES_SAMPLER", "always_off")]);
    let seen = run_operation(pipeline.build().unwrap(), &collector);
    assert_eq!(has_signals(&seen), [false, true, true]);
}

#[test]
fn queues_and_intervals_come_from_the_environment() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let pipeline = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint),
        ("OTEL_BSP_MAX_QUEUE_SIZE", "3"),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "100"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100000"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "2"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "20"),
        ("OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION", "base2_exponential_bucket_histogram"),
    ]);
    let pipeline = pipeline.batch_delay(100 * TIMEOUT).build().unwrap();
    assert!(pipeline.warnings().is_empty(), "{:?}", pipeline.warnings());
    let observer = Observer::builder().model(MODEL).meter_provider(pipeline.meter_provider()).build().unwrap();
    pipeline.report_to(&observer);
    observer.chat(MODEL).start().complete();
    collector.inbox().wait_until("metrics are exported periodically", |seen| {
        let limit = |signal| seen.last_sum("llmobs.self.export.queue.limit", &[("llmobs.signal", signal)]);
        limit("traces") == Some(3.0) && limit("logs") == Some(2.0)
    });
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    let is_exponential = |data: &Option<Data>| matches!(data, Some(Data::ExponentialHistogram(_)));
    assert!(collector.inbox().metrics().iter().any(|metric| is_exponential(&metric.item.data)));
    pipeline.shutdown(TIMEOUT).unwrap();
}

#[test]
fn the_layer_has_the_filter_of_the_builder_else_of_the_environment_else_info() {
    for (filter, rust_log, expected) in [
        (None, None, ["call", "notice"].as_slice()),
        (None, Some("trace"), &["call", "notice", "detail"]),
        (None, Some("error"), &[]),
        (Some("error,llmobs=info"), Some("trace"), &["call"]),
    ] {
        let collector = Collector::start();
        let endpoint = collector.endpoint();
        let mut variables = vec![("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_METRICS_EXPORTER", "none")];
        variables.extend(rust_log.map(|value| ("RUST_LOG", value)));
        let settings = filter.into_iter().fold(builder(&variables), PipelineBuilder::filter);
        let pipeline = settings.build().unwrap();
        let observer = Observer::builder().model(MODEL).log_sample_ratio(0.0).build().unwrap();
        // Another layer of the application receives everything, and has no effect on that of the pipeline.
        let registry =
            tracing_subscriber::registry().with(pipeline.layer()).with(tracing_subscriber::layer::Identity::new());
        tracing::subscriber::with_default(registry, || {
            observer.chat(MODEL).start().complete();
            tracing::info_span!("notice").in_scope(|| ());
            tracing::trace_span!("detail").in_scope(|| ());
        });
        pipeline.shutdown(TIMEOUT).unwrap();
        let seen = collector.inbox().snapshot();
        let names: BTreeSet<_> =
            seen.spans.iter().map(|span| span.item.name.replace(&format!("chat {MODEL}"), "call")).collect();
        assert_eq!(names, expected.iter().map(|name| (*name).to_owned()).collect(), "{filter:?} {rust_log:?}");
    }
}

#[test]
fn batches_come_from_the_environment() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let pipeline = builder(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()),
        ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "2"),
        ("OTEL_BSP_SCHEDULE_DELAY", "20"),
        ("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE", "3"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "600000"),
        ("OTEL_METRICS_EXPORTER", "none"),
    ]);
    let pipeline = pipeline.build().unwrap();
    let observer = Observer::builder().model(MODEL).build().unwrap();
    let registry = tracing_subscriber::registry().with(pipeline.layer());
    tracing::subscriber::with_default(registry, || (0..7).for_each(|_| observer.chat(MODEL).start().complete()));
    collector.inbox().wait_until("the spans arrive after the delay", |seen| seen.spans.len() == 7);
    pipeline.shutdown(TIMEOUT).unwrap();
    let seen = collector.inbox().snapshot();
    let requests = |path| seen.requests.iter().filter(|(found, _)| found.ends_with(path)).count();
    assert_eq!((requests("traces"), seen.logs.len()), (4, 7));
    assert!((3..=4).contains(&requests("logs")), "{} requests of up to 3 records", requests("logs"));
}

#[test]
fn unsupported_values_are_named_in_notes_and_the_others_take_effect() {
    let collector = Collector::start();
    let endpoint = collector.endpoint();
    let unsupported = [
        ("OTEL_PROPAGATORS", "tracecontext,b3"),
        ("OTEL_TRACES_SAMPLER", "xray"),
        ("OTEL_TRACES_EXPORTER", "otlp,console"),
        ("OTEL_METRICS_EXPORTER", "otlp,prometheus"),
        ("OTEL_BSP_SCHEDULE_DELAY", "soon"),
        ("OTEL_BLRP_MAX_QUEUE_SIZE", "0"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/xml"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "brotli"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", "sideways"),
        ("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", "100"),
        ("OTEL_METRICS_EXEMPLAR_FILTER", "always_on"),
        ("OTEL_RESOURCE_ATTRIBUTES", "nonsense"),
        ("OTEL_CONFIG_FILE", "otel.yaml"),
    ];
    let mut all = unsupported.to_vec();
    all.push(("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint));
    all.push(("NOT_OURS", "x"));
    let pipeline = builder(&all).build().unwrap();
    for (name, _) in unsupported {
        let notes = pipeline.warnings().iter().filter(|note| note.starts_with(&format!("{name}: "))).count();
        assert_eq!(notes, 1, "{name}: {:?}", pipeline.warnings());
    }
    assert_eq!(pipeline.warnings().len(), unsupported.len());
    assert_eq!(has_signals(&run_operation(pipeline, &collector)), [true; 3]);
}

#[test]
fn an_invalid_address_header_or_certificate_is_an_error_that_names_its_variable() {
    for (name, value, words) in [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "localhost:4318", "no scheme"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "ftp://localhost", "must begin with"),
        ("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "http://", "is not an address"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://user:secret@localhost", "in a header"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "no-value", "no `=`"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret", "invalid name"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a=secret%0A", "HTTP does not allow"),
        ("OTEL_EXPORTER_OTLP_LOGS_HEADERS", "a=secret%0a", "HTTP does not allow"),
        ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "key.pem", "must both be set"),
    ] {
        let error = builder(&[(name, value)]).build().unwrap_err();
        let message = error.to_string();
        assert!(matches!(error, InitError::InvalidSetting { .. }), "{message}");
        assert!(message.contains(name) && message.contains(words), "{name}={value}: {message}");
        assert!(!message.contains("secret"), "{message}");
    }
    let error = llmobs::otlp::builder().environment([("", ""); 0]).endpoint("nowhere").build().unwrap_err();
    assert!(error.to_string().contains("`endpoint`"), "{error}");
    let error = llmobs::otlp::builder().environment([("", ""); 0]).timeout(Duration::ZERO).build().unwrap_err();
    assert!(error.to_string().contains("`timeout`"), "{error}");
}

#[test]
fn a_grpc_address_without_a_scheme_is_secure_by_default() {
    let collector = Collector::start();
    let address = collector.address().to_string();
    let pairs = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("OTEL_EXPORTER_OTLP_INSECURE", "true"),
    ];
    assert_eq!(has_signals(&run_operation(builder(&pairs).build().unwrap(), &collector)), [true; 3]);
    let collector = Collector::start();
    let address = collector.address().to_string();
    let pairs = [("OTEL_EXPORTER_OTLP_ENDPOINT", address.as_str()), ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")];
    let report = builder(&pairs).check(Duration::from_secs(2)).unwrap();
    assert_eq!(report.failed_signals(), Signal::ALL, "{report}");
    assert!(report.to_string().contains("https://"), "{report}");
}
