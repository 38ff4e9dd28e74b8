//! The HTTP client, with TLS if the feature `otlp-tls` is enabled.

use std::time::Duration;

use hyper::body::Body;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioTimer;

use super::InitError;
use super::OtlpEndpoint;
use super::Protocol;
use super::resolver::Resolver;

#[cfg(not(feature = "otlp-tls"))]
type Connector = HttpConnector<Resolver>;
#[cfg(feature = "otlp-tls")]
type Connector = hyper_rustls::HttpsConnector<HttpConnector<Resolver>>;

/// A client for requests with the body type `B`.
pub(super) type Client<B> = legacy::Client<Connector, B>;

pub(super) fn build<B>(endpoint: &OtlpEndpoint) -> Result<Client<B>, InitError>
where
    B: Body + Send,
    B::Data: Send,
{
    let mut builder = legacy::Client::builder(TokioExecutor::new());
    builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new()).pool_max_idle_per_host(1);
    if endpoint.protocol == Protocol::Grpc {
        // Keep-alive pings detect a dead connection while a request is open.
        builder.http2_only(true).http2_keep_alive_interval(Duration::from_secs(30));
    }
    let mut http = HttpConnector::new_with_resolver(Resolver::system());
    http.set_nodelay(true);
    Ok(builder.build(connector(http, endpoint)?))
}

#[cfg(not(feature = "otlp-tls"))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as with TLS")]
fn connector(http: HttpConnector<Resolver>, _: &OtlpEndpoint) -> Result<Connector, InitError> {
    Ok(http)
}

#[cfg(feature = "otlp-tls")]
fn connector(mut http: HttpConnector<Resolver>, endpoint: &OtlpEndpoint) -> Result<Connector, InitError> {
    use hyper_rustls::HttpsConnectorBuilder;

    http.enforce_http(false);
    let builder = HttpsConnectorBuilder::new().with_tls_config(tls_config(endpoint)?).https_or_http();
    Ok(match endpoint.protocol {
        Protocol::HttpProtobuf | Protocol::HttpJson => builder.enable_http1().wrap_connector(http),
        Protocol::Grpc => builder.enable_http2().wrap_connector(http),
    })
}

#[cfg(feature = "otlp-tls")]
fn tls_config(endpoint: &OtlpEndpoint) -> Result<rustls::ClientConfig, InitError> {
    use std::path::Path;
    use std::sync::Arc;

    use http::uri::Scheme;
    use rustls::ClientConfig;
    use rustls::RootCertStore;
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::PrivateKeyDer;
    use rustls::pki_types::pem::PemObject;

    fn unreadable(file: &Path, reason: impl std::fmt::Display) -> InitError {
        InitError::invalid_setting(file.display().to_string(), format!("this file cannot be used for TLS: {reason}"))
    }
    let read_certificates = |file: &Path| {
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unreadable(file, error))?;
        certificates.collect::<Result<Vec<_>, _>>().map_err(|error| unreadable(file, error))
    };
    let mut roots = RootCertStore::empty();
    if let Some(file) = &endpoint.tls_files.ca_certificates {
        let (added, _) = roots.add_parsable_certificates(read_certificates(file)?);
        if added == 0 {
            return Err(unreadable(file, "it contains no usable certificate"));
        }
    } else if endpoint.uri.scheme() == Some(&Scheme::HTTPS) {
        let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if added == 0 {
            let reason = "the system has no trusted authorities: set OTEL_EXPORTER_OTLP_CERTIFICATE to a file";
            return Err(InitError::invalid_setting(&endpoint.configured_by, reason));
        }
    }
    // The provider is set explicitly: the process may have a different default, or none.
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| InitError::invalid_setting("otlp-tls", error.to_string()))?;
    let builder = builder.with_root_certificates(roots);
    match &endpoint.tls_files.client_identity {
        None => Ok(builder.with_no_client_auth()),
        Some((key, certificate)) => {
            let chain = read_certificates(certificate)?;
            let private_key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
            builder.with_client_auth_cert(chain, private_key).map_err(|error| unreadable(certificate, error))
        }
    }
}
