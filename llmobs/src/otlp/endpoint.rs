//! The endpoint of a signal: address, protocol, headers, timeout, compression and TLS files.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use http::HeaderMap;
use http::HeaderName;
use http::HeaderValue;
use http::Uri;
use http::uri::Scheme;
use percent_encoding::percent_decode_str;

use super::InitError;
use super::Signal;
use super::environment::Environment;
use super::environment::Warnings;

/// The protocol of the requests to a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// OTLP over HTTP with protobuf bodies. The default.
    #[default]
    HttpProtobuf,
    /// OTLP over gRPC.
    Grpc,
}

impl Protocol {
    /// Returns the name of the protocol as written in `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::Grpc => "grpc",
        }
    }
}

/// The compression of request bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compression {
    /// No compression. The default.
    #[default]
    None,
    /// Compression with gzip.
    Gzip,
}

/// The endpoint to which one signal is sent.
#[derive(Clone)]
pub(super) struct OtlpEndpoint {
    pub(super) signal: Signal,
    pub(super) protocol: Protocol,
    pub(super) uri: Uri,
    /// The setter or variable that defined the address.
    pub(super) configured_by: String,
    pub(super) headers: HeaderMap,
    /// The time limit of one attempt.
    pub(super) timeout: Duration,
    pub(super) compression: Compression,
    #[cfg_attr(not(feature = "otlp-tls"), expect(dead_code, reason = "used only with TLS"))]
    pub(super) tls_files: TlsFiles,
}

/// Prints no headers: they may contain secrets.
impl fmt::Debug for OtlpEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = f.debug_struct("OtlpEndpoint");
        output.field("signal", &self.signal).field("protocol", &self.protocol).field("uri", &self.redacted_uri());
        output.finish_non_exhaustive()
    }
}

/// Paths of TLS files in PEM format.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct TlsFiles {
    /// The trusted certificate authorities, used instead of the system's list.
    pub(super) ca_certificates: Option<PathBuf>,
    /// The client's private key and certificate, in this order.
    pub(super) client_identity: Option<(PathBuf, PathBuf)>,
}

/// The values set in code for all signals.
#[derive(Clone, Default)]
pub(super) struct EndpointOptions {
    pub(super) url: Option<String>,
    pub(super) protocol: Option<Protocol>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) timeout: Option<Duration>,
    pub(super) compression: Option<Compression>,
}

impl fmt::Debug for EndpointOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EndpointOptions").field("endpoint", &self.url).finish_non_exhaustive()
    }
}

impl OtlpEndpoint {
    pub(super) fn resolve(
        signal: Signal,
        options: &EndpointOptions,
        environment: &Environment,
        warnings: &mut Warnings,
    ) -> Result<Self, InitError> {
        let protocol = options.protocol.unwrap_or_else(|| protocol(signal, environment, warnings));
        let (uri, configured_by) = resolve_uri(signal, protocol, options, environment)?;
        let certificates = tls_files(signal, environment, warnings)?;
        Ok(Self {
            headers: headers(signal, options, environment)?,
            timeout: options.timeout.unwrap_or_else(|| timeout(signal, environment, warnings)),
            compression: options.compression.unwrap_or_else(|| compression(signal, environment, warnings)),
            signal,
            protocol,
            uri,
            configured_by,
            tls_files: certificates,
        })
    }

    /// Returns the address without its query, which may contain a key.
    pub(super) fn redacted_uri(&self) -> String {
        let (uri, authority) = (&self.uri, self.uri.authority().map_or("", |authority| authority.as_str()));
        format!("{}://{authority}{}", uri.scheme_str().unwrap_or("http"), uri.path())
    }
}

fn protocol(signal: Signal, environment: &Environment, warnings: &mut Warnings) -> Protocol {
    let Some((name, value)) = environment.for_signal(signal, "PROTOCOL") else { return Protocol::default() };
    match value {
        "grpc" => Protocol::Grpc,
        "http/protobuf" => Protocol::HttpProtobuf,
        _ => {
            warnings.add(&name, format!("`{value}` is not supported, so `http/protobuf` is used; or set `grpc`"));
            Protocol::HttpProtobuf
        }
    }
}

fn timeout(signal: Signal, environment: &Environment, warnings: &mut Warnings) -> Duration {
    const DEFAULT: Duration = Duration::from_secs(10);
    let Some((name, _)) = environment.for_signal(signal, "TIMEOUT") else { return DEFAULT };
    match environment.duration(&name, warnings) {
        Some(Duration::ZERO) => {
            warnings.add(&name, "an attempt needs a time limit above 0, so 10 s is used");
            DEFAULT
        }
        value => value.unwrap_or(DEFAULT),
    }
}

fn compression(signal: Signal, environment: &Environment, warnings: &mut Warnings) -> Compression {
    match environment.for_signal(signal, "COMPRESSION") {
        Some((_, value)) if value.eq_ignore_ascii_case("gzip") => Compression::Gzip,
        Some((_, value)) if value.eq_ignore_ascii_case("none") => Compression::None,
        Some((name, value)) => {
            warnings.add(&name, format!("`{value}` is not supported, so nothing is compressed; set `gzip` or `none`"));
            Compression::None
        }
        None => Compression::None,
    }
}

fn resolve_uri(
    signal: Signal,
    protocol: Protocol,
    options: &EndpointOptions,
    environment: &Environment,
) -> Result<(Uri, String), InitError> {
    const COMMON: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let default = match protocol {
        Protocol::HttpProtobuf => "http://localhost:4318",
        Protocol::Grpc => "http://localhost:4317",
    };
    let (name, value) = match (&options.url, environment.for_signal(signal, "ENDPOINT")) {
        (Some(url), _) => ("endpoint".to_owned(), url.as_str()),
        (None, Some(variable)) => variable,
        (None, None) => ("the default endpoint".to_owned(), default),
    };
    let invalid = |reason: &str| InitError::invalid_setting(&name, format!("`{}` {reason}", redact_uri(value)));
    let insecure =
        || environment.for_signal(signal, "INSECURE").is_some_and(|(_, value)| value.eq_ignore_ascii_case("true"));
    let full_address = match (value.contains("://"), protocol) {
        (true, _) => value.to_owned(),
        (false, Protocol::Grpc) => format!("{}://{value}", if insecure() { "http" } else { "https" }),
        (false, Protocol::HttpProtobuf) => return Err(invalid("has no scheme: begin it with `http://` or `https://`")),
    };
    // The address of one signal is used unchanged; the common address is extended by the path of the signal.
    let is_signal_specific = name != COMMON && environment.get(&name).is_some();
    let full_address = match (protocol, is_signal_specific) {
        (Protocol::HttpProtobuf, false) => {
            let (path, query) = full_address.split_at(full_address.find('?').unwrap_or(full_address.len()));
            format!("{}/v1/{}{query}", path.trim_end_matches('/'), signal.as_str())
        }
        _ => full_address,
    };
    let uri: Uri = full_address.parse().map_err(|error| invalid(&format!("is not an address: {error}")))?;
    let Some(authority) = uri.authority() else { return Err(invalid("contains no host")) };
    if authority.as_str().contains('@') {
        return Err(invalid("contains a user name, which would not be sent: send the credentials in a header instead"));
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTP => {}
        Some(scheme) if *scheme == Scheme::HTTPS && cfg!(feature = "otlp-tls") => {}
        Some(scheme) if *scheme == Scheme::HTTPS => {
            return Err(invalid("needs TLS: enable the feature `otlp-tls` of llmobs, or use `http://`"));
        }
        _ => return Err(invalid("must begin with `http://` or `https://`")),
    }
    let uri = match protocol {
        Protocol::HttpProtobuf => uri,
        Protocol::Grpc => {
            grpc_method_uri(signal, &uri).map_err(|error| invalid(&format!("is not an address: {error}")))?
        }
    };
    Ok((uri, name))
}

/// Returns the address of the `Export` method of a signal's gRPC service, at the host of `uri`.
fn grpc_method_uri(signal: Signal, uri: &Uri) -> Result<Uri, http::Error> {
    let path = match signal {
        Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        Signal::Logs => "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
    };
    let builder = Uri::builder().scheme(uri.scheme_str().unwrap_or("http"));
    builder.authority(uri.authority().map_or("", |authority| authority.as_str())).path_and_query(path).build()
}

/// Returns an address without its user name, password and query. Example: `http://user:key@host/path?token=1` becomes
/// `http://host/path`.
pub(super) fn redact_uri(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let rest = rest.split('?').next().unwrap_or_default();
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let host = host.rsplit('@').next().unwrap_or_default();
    if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") }
}

/// Returns the headers of the requests: `name=value` pairs separated by commas, with percent-encoded values. Headers
/// set in code override those of the environment.
fn headers(signal: Signal, options: &EndpointOptions, environment: &Environment) -> Result<HeaderMap, InitError> {
    let mut headers = HeaderMap::new();
    let mut insert = |setting: &str, name: &str, value: &str| {
        // The error omits the value: it may be a key.
        let invalid = |reason: &str| InitError::invalid_setting(setting, format!("the header `{name}` {reason}"));
        let key = HeaderName::try_from(name.to_ascii_lowercase()).map_err(|_| invalid("has an invalid name"))?;
        let mut header_value =
            HeaderValue::try_from(value).map_err(|_| invalid("has a value that HTTP does not allow"))?;
        header_value.set_sensitive(true);
        headers.insert(key, header_value);
        Ok::<_, InitError>(())
    };
    if let Some((setting, pairs)) = environment.for_signal(signal, "HEADERS") {
        for pair in pairs.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(InitError::invalid_setting(
                    setting,
                    "a header has the form `name=value`, but one has no `=`",
                ));
            };
            insert(&setting, name.trim(), &percent_decode(value.trim()))?;
        }
    }
    options.headers.iter().try_for_each(|(name, value)| insert("header", name, value))?;
    Ok(headers)
}

fn tls_files(signal: Signal, environment: &Environment, warnings: &mut Warnings) -> Result<TlsFiles, InitError> {
    let file = |what| environment.for_signal(signal, what);
    let files = [file("CERTIFICATE"), file("CLIENT_KEY"), file("CLIENT_CERTIFICATE")];
    if !cfg!(feature = "otlp-tls") {
        for (name, _) in files.into_iter().flatten() {
            warnings.add(&name, "llmobs was built without its feature `otlp-tls`, so this file is not used");
        }
        return Ok(TlsFiles::default());
    }
    let [authorities, key, certificate] = files.map(|file| file.map(|(name, path)| (name, PathBuf::from(path))));
    let identity = match (key, certificate) {
        (Some((_, key)), Some((_, certificate))) => Some((key, certificate)),
        (None, None) => None,
        (Some((name, _)), None) | (None, Some((name, _))) => {
            return Err(InitError::invalid_setting(name, "a client certificate and its key must both be set"));
        }
    };
    Ok(TlsFiles { ca_certificates: authorities.map(|(_, path)| path), client_identity: identity })
}

/// Decodes percent-encoded text. Example: `a%20b` becomes `a b`. A `%` without two hexadecimal digits is kept as it is;
/// bytes that are not UTF-8 become U+FFFD.
pub(super) fn percent_decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}
