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
use super::encoding::Encoding;
use super::environment::Environment;
use super::environment::Warnings;

/// The protocol of the requests to a collector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Protocol {
    /// OTLP over HTTP with protobuf bodies. The default.
    #[default]
    HttpProtobuf,
    /// OTLP over HTTP with JSON bodies. Needs the feature `otlp-json`.
    HttpJson,
    /// OTLP over gRPC.
    Grpc,
}

impl Protocol {
    /// Every protocol, also one whose feature is disabled.
    const ALL: [Self; 3] = [Self::HttpProtobuf, Self::HttpJson, Self::Grpc];

    /// Returns the name of the protocol as written in `OTEL_EXPORTER_OTLP_PROTOCOL`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HttpProtobuf => "http/protobuf",
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        }
    }

    /// Returns the feature of llmobs that the protocol needs and that is disabled; `None` if the protocol can be used.
    const fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::HttpJson if !cfg!(feature = "otlp-json") => Some("otlp-json"),
            Self::HttpProtobuf | Self::HttpJson | Self::Grpc => None,
        }
    }

    /// Returns the encoding of HTTP bodies; `None` for gRPC.
    pub(super) const fn encoding(self) -> Option<Encoding> {
        match self {
            #[cfg(feature = "otlp-json")]
            Self::HttpJson => Some(Encoding::Json),
            #[cfg(not(feature = "otlp-json"))]
            Self::HttpJson => Some(Encoding::Protobuf),
            Self::HttpProtobuf => Some(Encoding::Protobuf),
            Self::Grpc => None,
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
    /// Compression with zstd. Needs the feature `otlp-zstd`.
    Zstd,
}

impl Compression {
    const ALL: [Self; 3] = [Self::None, Self::Gzip, Self::Zstd];

    /// Returns the name of the compression as written in `OTEL_EXPORTER_OTLP_COMPRESSION`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// Returns the feature of llmobs that the compression needs and that is disabled; `None` if it can be used.
    const fn missing_feature(self) -> Option<&'static str> {
        match self {
            Self::Zstd if !cfg!(feature = "otlp-zstd") => Some("otlp-zstd"),
            Self::None | Self::Gzip | Self::Zstd => None,
        }
    }
}

/// The endpoint to which one signal is sent.
#[derive(Clone)]
pub(super) struct OtlpEndpoint {
    pub(super) signal: Signal,
    pub(super) protocol: Protocol,
    pub(super) uri: Uri,
    /// The setter or variable that defined the address, or `the default endpoint`.
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
        let url = self.url.as_deref().map(redact_uri);
        f.debug_struct("EndpointOptions").field("endpoint", &url).finish_non_exhaustive()
    }
}

impl OtlpEndpoint {
    pub(super) fn resolve(
        signal: Signal,
        options: &EndpointOptions,
        environment: &Environment,
        warnings: &mut Warnings,
    ) -> Result<Self, InitError> {
        let needs = |setter: &str, feature: Option<&str>| match feature {
            None => Ok(()),
            Some(feature) => {
                Err(InitError::invalid_setting(setter, format!("needs the feature `{feature}` of llmobs")))
            }
        };
        needs("protocol", options.protocol.and_then(Protocol::missing_feature))?;
        needs("compression", options.compression.and_then(Compression::missing_feature))?;
        if options.timeout.is_some_and(|timeout| timeout.is_zero()) {
            return Err(InitError::invalid_setting("timeout", "an attempt needs a time limit above 0"));
        }
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
    let found = parse_name(value, Protocol::ALL, Protocol::as_str, Protocol::missing_feature);
    found.unwrap_or_else(|reason| {
        warnings.add(&name, format!("{reason}, so `{}` is used", Protocol::default().as_str()));
        Protocol::default()
    })
}

/// Returns the value of `all` that has this name, in any case, or the reason why it cannot be used: it is unknown, or
/// its feature is disabled.
fn parse_name<T: Copy>(
    name: &str,
    all: impl IntoIterator<Item = T>,
    as_str: fn(T) -> &'static str,
    missing_feature: fn(T) -> Option<&'static str>,
) -> Result<T, String> {
    let found = all.into_iter().find(|value| name.eq_ignore_ascii_case(as_str(*value)));
    let value = found.ok_or_else(|| format!("`{name}` is not supported"))?;
    match missing_feature(value) {
        None => Ok(value),
        Some(feature) => Err(format!("`{name}` needs the feature `{feature}` of llmobs")),
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
    let Some((name, value)) = environment.for_signal(signal, "COMPRESSION") else { return Compression::None };
    let found = parse_name(value, Compression::ALL, Compression::as_str, Compression::missing_feature);
    found.unwrap_or_else(|reason| {
        warnings.add(&name, format!("{reason}, so nothing is compressed"));
        Compression::None
    })
}

fn resolve_uri(
    signal: Signal,
    protocol: Protocol,
    options: &EndpointOptions,
    environment: &Environment,
) -> Result<(Uri, String), InitError> {
    const COMMON: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let default = match protocol {
        Protocol::HttpProtobuf | Protocol::HttpJson => "http://localhost:4318",
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
        (false, Protocol::HttpProtobuf | Protocol::HttpJson) => {
            return Err(invalid("has no scheme: begin it with `http://` or `https://`"));
        }
    };
    // Over HTTP, the address of one signal is used unchanged; the common address is extended by the path of the signal.
    let is_signal_specific = name != COMMON && environment.get(&name).is_some();
    let full_address = match (protocol, is_signal_specific) {
        (Protocol::HttpProtobuf | Protocol::HttpJson, false) => {
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
        Protocol::HttpProtobuf | Protocol::HttpJson => uri,
        Protocol::Grpc => origin(&uri).map_err(|error| invalid(&format!("is not an address: {error}")))?,
    };
    Ok((uri, name))
}

/// Returns an address without its path and query. The path of a gRPC request is the name of the method.
fn origin(uri: &Uri) -> Result<Uri, http::Error> {
    let builder = Uri::builder().scheme(uri.scheme_str().unwrap_or("http"));
    builder.authority(uri.authority().map_or("", |authority| authority.as_str())).path_and_query("/").build()
}

/// Returns an address without its user name, password, query and fragment. Example: `http://user:key@host/path?token=1`
/// becomes `http://host/path`.
pub(super) fn redact_uri(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").map_or(("", address), |(scheme, rest)| (scheme, rest));
    let is_delimiter = |character: char| matches!(character, '/' | '?' | '#');
    let authority = rest.split(is_delimiter).next().unwrap_or_default();
    // A password may contain a delimiter. The text before it then looks like a port that is not a number.
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
    let has_credentials = authority.contains('@')
        || rest.contains('@') && authority.rsplit_once(':').is_some_and(|(_, port)| !is_port(port));
    let rest = if has_credentials { rest.rsplit('@').next().unwrap_or_default() } else { rest };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    if scheme.is_empty() { format!("{host}{path}") } else { format!("{scheme}://{host}{path}") }
}

/// Returns the headers of the requests. The variable contains `name=value` pairs separated by commas, with
/// percent-encoded values. A header set in code overrides the header of the same name in the environment.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_credentials_query_and_fragment() {
        for (address, shown) in [
            ("http://host:4318/v1/traces", "http://host:4318/v1/traces"),
            ("http://user:key@host/path?token=1", "http://host/path"),
            ("https://host/path#key", "https://host/path"),
            ("https://host?key=a@b", "https://host"),
            ("https://host/a@b/c", "https://host/a@b/c"),
            ("http://user:pa/ss@host:4318/x", "http://host:4318/x"),
            ("http://user:pa?ss@host", "http://host"),
            ("http://user:p@ss@host/x", "http://host/x"),
            ("host:4317", "host:4317"),
        ] {
            assert_eq!(redact_uri(address), shown, "{address}");
        }
    }
}
