//! A round trip through a third-party collector: Rotel decodes our OTLP and forwards it to the test's collector.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::net::SocketAddr;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Observer;
use llmobs::Usage;
use llmobs::otlp::Compression;
use llmobs::otlp::Protocol;
use llmobs_tests::collector::Collector;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const PACKAGE: &str = "rotel==0.0.1a15";
const OPERATIONS: usize = 20;

#[test]
fn a_third_party_collector_forwards_what_was_sent() {
    for protocol in [Protocol::Grpc, Protocol::HttpProtobuf] {
        let (ours, direct) = (Collector::start(), Collector::start());
        let rotel = Rotel::start(ours.address());
        let through = if protocol == Protocol::Grpc { rotel.grpc } else { rotel.http };
        for endpoint in [format!("http://{through}"), direct.endpoint()] {
            run_service(&endpoint, protocol);
        }
        ours.inbox().wait_until("Rotel has forwarded everything", |seen| {
            seen.spans.len() >= OPERATIONS && seen.logs.len() >= OPERATIONS && !seen.metrics.is_empty()
        });
        let (through, direct) = (ours.inbox().snapshot(), direct.inbox().snapshot());
        assert_eq!(through.spans.len(), direct.spans.len(), "{protocol:?}");
        assert_eq!(through.logs.len(), direct.logs.len(), "{protocol:?}");
        let shapes = |seen: &llmobs_tests::collector::ReceivedData| -> BTreeSet<_> {
            seen.spans.iter().map(|span| span_shape(&span.item)).collect()
        };
        assert_eq!(shapes(&through), shapes(&direct), "{protocol:?}");
        let metrics = |seen: &llmobs_tests::collector::ReceivedData| -> BTreeSet<_> {
            seen.metrics.iter().map(|metric| (metric.item.name.clone(), metric.item.unit.clone())).collect()
        };
        assert_eq!(metrics(&through), metrics(&direct), "{protocol:?}");
        assert!(through.logs.iter().all(|log| log.item.trace_id.len() == 16), "each log record has a trace id");
    }
}

/// Runs some operations of a service that exports to an endpoint.
fn run_service(endpoint: &str, protocol: Protocol) {
    let settings = llmobs::otlp::builder().environment([("", ""); 0]).endpoint(endpoint).protocol(protocol);
    let pipeline = settings.service_name("assistant").compression(Compression::Gzip).build().unwrap();
    let registry = tracing_subscriber::registry().with(pipeline.layer()).with(LevelFilter::INFO);
    tracing::subscriber::with_default(registry, || {
        let observer = Observer::builder().model("m").meter_provider(pipeline.meter_provider()).build().unwrap();
        for number in 0..OPERATIONS {
            let operation = observer.chat("m").max_tokens(64).temperature(0.5).start();
            operation.marker().usage(Usage::new().input(3).output(5));
            match number % 4 {
                0 => operation.fail(ErrorType::Inference),
                1 => operation.cancel(),
                _ => {
                    operation.marker().finish_reason(FinishReason::Stop);
                    operation.complete();
                }
            }
        }
    });
    pipeline.shutdown(Duration::from_secs(10)).unwrap();
}

/// Returns the properties that forwarding must not change: name, kind, status, and each attribute with its type.
fn span_shape(span: &Span) -> (String, i32, i32, Vec<(String, &'static str)>) {
    let kind = |value: &Value| match value {
        Value::StringValue(_) => "string",
        Value::BoolValue(_) => "boolean",
        Value::IntValue(_) => "int",
        Value::DoubleValue(_) => "double",
        Value::ArrayValue(_) => "array",
        _ => "other",
    };
    let attributes = span.attributes.iter().map(|attribute| {
        let value = attribute.value.as_ref().and_then(|value| value.value.as_ref());
        (attribute.key.clone(), value.map_or("none", kind))
    });
    let status = span.status.as_ref().map_or(0, |status| status.code);
    (span.name.clone(), span.kind, status, attributes.collect())
}

/// A Rotel process between the library and the test's own collector.
struct Rotel {
    grpc: SocketAddr,
    http: SocketAddr,
    child: Child,
}

impl Rotel {
    #[expect(clippy::disallowed_methods, reason = "another process starts")]
    fn start(forwards_to: SocketAddr) -> Self {
        let program = llmobs_tests::python_package::package_dir(PACKAGE).join("rotel/rotel-agent");
        let [grpc, http] = free_ports();
        let child = Command::new(&program)
            .arg("start")
            .args(["--otlp-grpc-endpoint", &grpc.to_string(), "--otlp-http-endpoint", &http.to_string()])
            .args(["--exporter", "otlp", "--otlp-exporter-protocol", "grpc", "--batch-timeout", "200ms"])
            .args(["--otlp-exporter-endpoint", &format!("http://{forwards_to}")])
            .stdout(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not run: {error}", program.display()));
        let rotel = Self { grpc, http, child };
        let began = Instant::now();
        while [grpc, http].iter().any(|address| TcpStream::connect(address).is_err()) {
            assert!(began.elapsed() < Duration::from_secs(20), "Rotel does not listen");
            std::thread::yield_now();
        }
        rotel
    }
}

impl Drop for Rotel {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Rotel needs explicit ports. Ports that were free a moment ago are unlikely to be taken.
fn free_ports() -> [SocketAddr; 2] {
    let listeners = [(); 2].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap())
}
