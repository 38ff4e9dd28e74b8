//! Export to `https` endpoints, with certificate authorities and client identities from files.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use llmobs::otlp::PipelineBuilder;
use llmobs::otlp::Signal;
use rcgen::CertifiedKey;
use rcgen::generate_simple_self_signed;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use crate::fixture::PROTOCOLS;
use llmobs_tests::collector::Collector;

/// A certificate and its key, in memory and in files.
struct Identity {
    key: CertifiedKey<rcgen::KeyPair>,
    files: [PathBuf; 2],
}

impl Identity {
    fn new(name: &str) -> Self {
        let key = generate_simple_self_signed(["127.0.0.1".to_owned(), "localhost".to_owned()]).unwrap();
        let file = |kind| PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("otlp-{name}-{kind}.pem"));
        let files = [file("certificate"), file("key")];
        std::fs::write(&files[0], key.cert.pem()).unwrap();
        std::fs::write(&files[1], key.signing_key.serialize_pem()).unwrap();
        Self { key, files }
    }

    fn certificate(&self) -> &str {
        self.files[0].to_str().unwrap()
    }

    fn key(&self) -> &str {
        self.files[1].to_str().unwrap()
    }
}

/// A TLS proxy in front of a collector, which runs until it is dropped.
struct TlsProxy {
    address: SocketAddr,
    _stop: oneshot::Sender<()>,
}

impl TlsProxy {
    /// Starts the proxy. With `client` set, only a client with that certificate is accepted.
    fn new(collector: &Collector, identity: &Identity, client: Option<&Identity>) -> Self {
        let builder = ServerConfig::builder_with_provider(Arc::new(default_provider()));
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match client {
            None => builder.with_no_client_auth(),
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client.key.cert.der().clone()).unwrap();
                let provider = Arc::new(default_provider());
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
                builder.with_client_cert_verifier(verifier)
            }
        };
        let key = PrivateKeyDer::try_from(identity.key.signing_key.serialize_der()).unwrap();
        let mut settings = builder.with_single_cert(vec![identity.key.cert.der().clone()], key).unwrap();
        settings.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(settings));
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let (address, upstream) = (listener.local_addr().unwrap(), collector.address());
        let (stop, mut stopped) = oneshot::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                loop {
                    tokio::select! {
                        accepted = listener.accept() => {
                            let Ok((stream, _)) = accepted else { continue };
                            tokio::spawn(proxy_connection(acceptor.clone(), stream, upstream));
                        }
                        _ = &mut stopped => return,
                    }
                }
            });
        });
        Self { address, _stop: stop }
    }

    fn endpoint(&self) -> String {
        format!("https://{}", self.address)
    }
}

async fn proxy_connection(acceptor: TlsAcceptor, stream: TcpStream, upstream: SocketAddr) {
    let Ok(mut open) = acceptor.accept(stream).await else { return };
    let Ok(mut plain) = TcpStream::connect(upstream).await else { return };
    let _ = tokio::io::copy_bidirectional(&mut open, &mut plain).await;
}

fn builder(endpoint: &str, pairs: &[(&str, &str)]) -> PipelineBuilder {
    llmobs::otlp::builder().environment(pairs.iter().copied()).endpoint(endpoint)
}

const TIMEOUT: Duration = Duration::from_secs(5);

#[test]
fn a_collector_with_a_known_authority_is_trusted_over_both_protocols() {
    let identity = Identity::new("server");
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let proxy = TlsProxy::new(&collector, &identity, None);
        let settings = builder(&proxy.endpoint(), &[("OTEL_EXPORTER_OTLP_CERTIFICATE", identity.certificate())]);
        let report = settings.protocol(protocol).check(TIMEOUT).unwrap();
        assert!(report.is_ok(), "{report}");
        assert_eq!(collector.inbox().snapshot().requests.len(), 3);
    }
}

#[test]
fn a_collector_with_an_unknown_authority_receives_nothing() {
    let (identity, unknown) = (Identity::new("known"), Identity::new("stranger"));
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let proxy = TlsProxy::new(&collector, &unknown, None);
        let settings = builder(&proxy.endpoint(), &[("OTEL_EXPORTER_OTLP_CERTIFICATE", identity.certificate())]);
        let report = settings.protocol(protocol).check(TIMEOUT).unwrap();
        assert_eq!(report.failed_signals(), Signal::ALL, "{report}");
        assert!(report.to_string().contains("Its certificate is not trusted"), "{report}");
        assert!(collector.inbox().snapshot().requests.is_empty());
    }
}

#[test]
fn a_client_sends_its_certificate_when_the_server_requires_it() {
    let (identity, client) = (Identity::new("asking"), Identity::new("client"));
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let proxy = TlsProxy::new(&collector, &identity, Some(&client));
        let named = [
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", identity.certificate()),
            ("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", client.certificate()),
            ("OTEL_EXPORTER_OTLP_CLIENT_KEY", client.key()),
        ];
        let report = builder(&proxy.endpoint(), &named).protocol(protocol).check(TIMEOUT).unwrap();
        assert!(report.is_ok(), "{report}");
        let report = builder(&proxy.endpoint(), &named[..1]).protocol(protocol).check(TIMEOUT).unwrap();
        assert_eq!(report.failed_signals(), Signal::ALL, "{report}");
    }
}

#[test]
fn a_collector_without_tls_at_an_https_address_is_recognised() {
    let identity = Identity::new("nobody");
    for protocol in PROTOCOLS {
        let collector = Collector::start();
        let endpoint = format!("https://{}", collector.address());
        let settings = builder(&endpoint, &[("OTEL_EXPORTER_OTLP_CERTIFICATE", identity.certificate())]);
        let report = settings.protocol(protocol).check(TIMEOUT).unwrap();
        assert!(report.to_string().contains("does not use TLS"), "{report}");
    }
}

#[test]
fn a_file_that_is_not_a_certificate_is_an_error_that_names_it() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("otlp-no-certificate.pem");
    std::fs::write(&file, "this is prose").unwrap();
    for file in [file.to_str().unwrap(), "/nowhere/at-all.pem"] {
        let settings = builder("https://localhost:1", &[("OTEL_EXPORTER_OTLP_CERTIFICATE", file)]);
        let error = settings.build().unwrap_err().to_string();
        assert!(error.contains(file), "{error}");
    }
}
