//! The connectivity check: sends one empty request for each exported signal and renders the results as text.

use std::fmt;
use std::pin::Pin;
use std::sync::mpsc;
use std::time::Duration;

use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;

use super::InitError;
use super::Signal;
use super::endpoint::OtlpEndpoint;
use super::endpoint::Protocol;
use super::environment::Environment;
use super::environment::signal_env_infix;
use super::export_thread::ExportThread;
use super::settings::PipelineSettings;
use super::transport::ErrorCause;
use super::transport::ExportError;
use super::transport::ExportResponse;
use super::transport::GrpcTransport;
use super::transport::HttpTransport;
use crate::clock::Clock;
use crate::grpc::GrpcStatus;

/// The result of [`PipelineBuilder::check`](super::PipelineBuilder::check). Its `Display` output is a report for
/// people.
#[derive(Debug)]
pub struct CheckReport {
    variables: Vec<(String, String)>,
    warnings: Vec<String>,
    is_disabled: bool,
    service_name: String,
    endpoint_checks: Vec<EndpointCheck>,
}

#[derive(Debug)]
struct EndpointCheck {
    endpoint: OtlpEndpoint,
    result: Result<ExportResponse, ExportError>,
    elapsed: Duration,
}

impl CheckReport {
    /// Returns whether at least one signal is exported and every collector accepted its request.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        !self.endpoint_checks.is_empty() && self.endpoint_checks.iter().all(|check| check.result.is_ok())
    }

    /// Returns the signals whose collectors did not accept the request.
    #[must_use]
    pub fn failed_signals(&self) -> Vec<Signal> {
        self.endpoint_checks.iter().filter(|check| check.result.is_err()).map(|check| check.endpoint.signal).collect()
    }
}

pub(super) fn run(
    settings: PipelineSettings,
    environment: &Environment,
    limit: Duration,
) -> Result<CheckReport, InitError> {
    let export_thread = ExportThread::start()?;
    let (sender, results) = mpsc::channel();
    let _entered = export_thread.runtime().enter();
    for endpoint in settings.endpoints {
        let sender = sender.clone();
        let probe = probe(&endpoint)?;
        export_thread.runtime().spawn(async move {
            let clock = Clock::system();
            let start = clock.now();
            let result = tokio::time::timeout(limit.min(endpoint.timeout), probe).await;
            let result = result.unwrap_or_else(|_| Err(ExportError::timeout()));
            let _ = sender.send(EndpointCheck { endpoint, result, elapsed: clock.now().since(start) });
        });
    }
    drop(sender);
    let mut checks: Vec<_> = results.iter().collect();
    checks.sort_by_key(|check| check.endpoint.signal);
    let service = settings.resource.get(&opentelemetry::Key::from_static_str("service.name"));
    Ok(CheckReport {
        variables: environment.iter().map(|(name, value)| (name.to_owned(), redacted_variable(name, value))).collect(),
        warnings: settings.warnings.as_slice().to_vec(),
        is_disabled: settings.is_disabled,
        service_name: service.map(|name| name.to_string()).unwrap_or_default(),
        endpoint_checks: checks,
    })
}

/// Returns a future that sends one request without items to an endpoint.
fn probe(endpoint: &OtlpEndpoint) -> Result<Probe, InitError> {
    let Some(encoding) = endpoint.protocol.encoding() else {
        let transport = GrpcTransport::new(endpoint)?;
        return Ok(match endpoint.signal {
            Signal::Traces => Box::pin(async move { transport.send(ExportTraceServiceRequest::default()).await }),
            Signal::Metrics => Box::pin(async move { transport.send(ExportMetricsServiceRequest::default()).await }),
            Signal::Logs => Box::pin(async move { transport.send(ExportLogsServiceRequest::default()).await }),
        });
    };
    let transport = HttpTransport::new(endpoint, encoding)?;
    let body = Bytes::from_static(encoding.empty_body());
    Ok(Box::pin(async move {
        let (body, name) = transport.compress(body).map_err(|_| ExportError::connection_lost())?;
        // The response to a request without items rejects none, whatever the signal.
        transport.send::<ExportTraceServiceRequest>(body, name).await
    }))
}

type Probe = Pin<Box<dyn Future<Output = Result<ExportResponse, ExportError>> + Send>>;

/// Returns the value of a variable without secrets: for names that end in `_HEADERS` only the number of headers, for
/// names that end in `_ENDPOINT` the address without its user name, password, query and fragment, and otherwise the
/// value.
fn redacted_variable(name: &str, value: &str) -> String {
    match name.ends_with("_HEADERS") {
        true => format!("({} set, not shown)", value.split(',').filter(|pair| pair.contains('=')).count()),
        false if name.ends_with("_ENDPOINT") => super::endpoint::redact_uri(value),
        false => value.to_owned(),
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Environment variables:")?;
        for (name, value) in &self.variables {
            writeln!(f, "  {name}={value}")?;
        }
        if self.variables.is_empty() {
            writeln!(f, "  no variable that begins with OTEL_ is set, so the defaults are used")?;
        }
        writeln!(f, "\nThe service name is `{}`.", self.service_name)?;
        if self.service_name.starts_with("unknown_service") {
            writeln!(f, "  -> Set OTEL_SERVICE_NAME, so that the service can be found in the backend.")?;
        }
        for warning in &self.warnings {
            writeln!(f, "Not applied: {warning}.")?;
        }
        writeln!(f)?;
        if self.is_disabled {
            return writeln!(f, "OTEL_SDK_DISABLED is true: nothing is sent.\n  -> Unset it to send telemetry.");
        }
        for signal in Signal::ALL {
            match self.endpoint_checks.iter().find(|check| check.endpoint.signal == signal) {
                Some(check) => write!(f, "{check}")?,
                None => writeln!(
                    f,
                    "{}: disabled (`without_signal` or OTEL_{}_EXPORTER).",
                    signal.as_str(),
                    signal_env_infix(signal)
                )?,
            }
        }
        Ok(())
    }
}

impl fmt::Display for EndpointCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let OtlpEndpoint { signal, protocol, configured_by, .. } = &self.endpoint;
        let millis = self.elapsed.as_millis();
        write!(
            f,
            "{}: {} to {} (address from {configured_by}): ",
            signal.as_str(),
            protocol.as_str(),
            self.endpoint.redacted_uri()
        )?;
        match &self.result {
            Ok(_) => writeln!(f, "accepted after {millis} ms."),
            Err(error) => {
                writeln!(f, "FAILED after {millis} ms: {error}.\n  -> {}", advice(&error.cause, &self.endpoint))
            }
        }
    }
}

/// Returns advice on the setting to change.
fn advice(cause: &ErrorCause, endpoint: &OtlpEndpoint) -> String {
    let port = endpoint.uri.port_u16();
    let port_advice = match (endpoint.protocol, port) {
        (Protocol::HttpProtobuf | Protocol::HttpJson, Some(4317)) => {
            Some("Port 4317 is usually for gRPC: set OTEL_EXPORTER_OTLP_PROTOCOL=grpc, or use port 4318.")
        }
        (Protocol::Grpc, Some(4318)) => {
            Some("Port 4318 is usually for HTTP: set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or use port 4317.")
        }
        _ => None,
    };
    let port_advice = port_advice
        .filter(|_| !matches!(cause, ErrorCause::Connect(_) | ErrorCause::Timeout | ErrorCause::GrpcStatus(_)));
    if let Some(port_advice) = port_advice {
        return port_advice.to_owned();
    }
    let text = match cause {
        ErrorCause::Connect(reason) if reason.contains("certificate") => {
            "Its certificate is not trusted. Set OTEL_EXPORTER_OTLP_CERTIFICATE to the file of its authority."
        }
        ErrorCause::Connect(reason) if reason.contains("corrupt message") => {
            "The server does not use TLS here. Begin the address with `http://`, or use the collector's TLS port."
        }
        ErrorCause::Connect(reason) if reason.contains("lookup") => {
            "The host name cannot be resolved. Check its spelling and the DNS settings."
        }
        ErrorCause::Connect(_) => {
            "No server accepts connections there. Start a collector, or set OTEL_EXPORTER_OTLP_ENDPOINT to one."
        }
        ErrorCause::Timeout => {
            "The server did not answer in time. Check that it is a collector, and check firewalls and proxies."
        }
        ErrorCause::ConnectionLost => {
            "The connection was closed before a response. Check the port and OTEL_EXPORTER_OTLP_PROTOCOL."
        }
        ErrorCause::NotHttp => "The server does not use HTTP. Set OTEL_EXPORTER_OTLP_ENDPOINT to a collector.",
        ErrorCause::NotGrpc => {
            "A web server without gRPC answers. Set OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf, or use a gRPC port."
        }
        ErrorCause::HtmlPage => "A web server answers, not a collector. Check the port and the path.",
        ErrorCause::ResponseTooLarge => "The response is too large for a collector. Check the port and the path.",
        ErrorCause::HttpStatus(status) => match status.as_u16() {
            401 | 403 => "Credentials are missing or wrong. Set OTEL_EXPORTER_OTLP_HEADERS (encoded: `Basic%20..`).",
            404 | 405 => {
                "The server does not accept OTLP at this path. `/v1/traces`, `/v1/metrics` or `/v1/logs` is appended \
                 to OTEL_EXPORTER_OTLP_ENDPOINT; the variable of one signal is used unchanged."
            }
            300..=399 => "The server redirects, which is not followed. Set the address that it redirects to.",
            429 => "The collector limits the rate. Send less, or ask for a higher limit.",
            500.. => "The collector failed. Read the log of the collector.",
            _ => "The collector rejects the request. Read the log of the collector.",
        },
        ErrorCause::GrpcStatus(code) => match GrpcStatus::from_code(*code) {
            Some(GrpcStatus::PermissionDenied | GrpcStatus::Unauthenticated) => {
                "Credentials are missing or wrong. Set OTEL_EXPORTER_OTLP_HEADERS."
            }
            Some(GrpcStatus::NotFound | GrpcStatus::Unimplemented) => {
                "The collector does not accept this signal. Disable its export."
            }
            Some(GrpcStatus::ResourceExhausted) => {
                "The collector limits the rate. Send less, or ask for a higher limit."
            }
            _ => "Read the log of the collector.",
        },
    };
    text.to_owned()
}
