//! An OTLP collector inside the test: gRPC, and HTTP with protobuf or JSON, on one loopback port, on a separate thread.
//!
//! The gRPC side is tonic's server, so our client is tested against an independent implementation of the protocol.

mod grpc;
mod http_server;
mod inbox;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::JoinHandle;
use std::time::Duration;

use hyper::Request;
use hyper::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::server::conn::auto;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::sync::oneshot;

use self::http_server::Body;
pub use self::inbox::Inbox;
pub use self::inbox::ReceivedData;
pub use self::inbox::ReceivedItem;
pub use self::inbox::attribute;

/// The collector's reaction to requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Accepts everything.
    Accept,
    /// Accepts everything after this delay.
    Slow(Duration),
    /// Answers 503 or `UNAVAILABLE`, a retryable error.
    Unavailable,
    /// Answers 400 or `INVALID_ARGUMENT`, a permanent error.
    Invalid,
    /// Rejects the credentials: 401 or `UNAUTHENTICATED`.
    Unauthenticated,
    /// Requests a retry after this many seconds, which must be -1, 0 or 1: 429 with `Retry-After`, or
    /// `RESOURCE_EXHAUSTED` with `RetryInfo`.
    Throttle(i64),
    /// Accepts all but this many items (partial success).
    Reject(i64),
    /// Accepts the request and never answers.
    Hang,
    /// Accepts the connection and closes it.
    Close,
    /// Answers with bytes that are not HTTP.
    Noise,
    /// Answers 200 with a body that does not decode.
    Garbage,
    /// Answers 200 with a web page, as a service on a wrong port does.
    Page,
    /// Answers 200 with a body that never ends.
    Endless,
    /// Answers 200 with a compressed body that decompresses to 256 MiB.
    Bomb,
    /// Answers 307 with its own address.
    Redirect,
    /// Answers 503 with this value of `Retry-After`. HTTP only.
    RetryAfter(&'static str),
    /// Resets every connection.
    Reset,
    /// Accepts connections and reads nothing, like an address that drops all packets.
    Silent,
    /// Accepts everything and closes the connection after one request (GOAWAY in HTTP/2).
    OneRequestEach,
}

/// A collector that runs until it is dropped.
pub struct Collector {
    address: SocketAddr,
    inbox: Arc<Inbox>,
    behaviour: Arc<Mutex<Behaviour>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Collector {
    /// Starts a collector on a free port.
    pub fn start() -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)))
    }

    /// Starts a collector at a given address, for example that of an earlier collector. Panics if the address is in
    /// use.
    pub fn start_at(address: SocketAddr) -> Self {
        let listener = std::net::TcpListener::bind(address).expect("the port is free on the loopback interface");
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let inbox = Arc::new(Inbox::default());
        let behaviour = Arc::new(Mutex::new(Behaviour::Accept));
        let (stop, stopped) = oneshot::channel();
        let shared = (Arc::clone(&inbox), Arc::clone(&behaviour));
        let thread = std::thread::Builder::new().name("collector".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).unwrap();
                tokio::select! {
                    () = serve(listener, shared.0, shared.1) => {}
                    _ = stopped => {}
                }
            });
            // Connections that are still open must not block the test.
            runtime.shutdown_background();
        });
        Self { address, inbox, behaviour, stop: Some(stop), thread: Some(thread.unwrap()) }
    }

    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the value for `OTEL_EXPORTER_OTLP_ENDPOINT`, for either protocol.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns the received requests and items.
    pub fn inbox(&self) -> &Inbox {
        &self.inbox
    }

    /// Sets the behaviour for all later requests, also on open connections. A behaviour of connections, such as
    /// `Close`, applies to those that are opened later.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap() = behaviour;
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, inbox: Arc<Inbox>, behaviour: Arc<Mutex<Behaviour>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        inbox.record_connection();
        match *behaviour.lock().unwrap() {
            Behaviour::Close => drop(stream),
            Behaviour::Noise => drop(tokio::spawn(write_noise(stream))),
            Behaviour::Reset => {
                let _ = stream.set_zero_linger();
            }
            Behaviour::Silent => std::mem::forget(stream),
            Behaviour::OneRequestEach => {
                drop(tokio::spawn(serve_one_request(stream, Arc::clone(&inbox), Arc::clone(&behaviour))))
            }
            _ => drop(tokio::spawn(serve_connection(stream, Arc::clone(&inbox), Arc::clone(&behaviour)))),
        }
    }
}

async fn write_noise(mut stream: TcpStream) {
    let _ = stream.write_all(b"%% this is no HTTP, of no version\n\x00\xff\xfe\n").await;
    let _ = stream.shutdown().await;
}

async fn serve_connection(stream: TcpStream, inbox: Arc<Inbox>, behaviour: Arc<Mutex<Behaviour>>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (inbox, behaviour) = (Arc::clone(&inbox), *behaviour.lock().unwrap());
        async move { Ok::<_, Infallible>(respond(request, &inbox, behaviour).await) }
    });
    // The server detects the protocol from the first bytes of the connection.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn serve_one_request(stream: TcpStream, inbox: Arc<Inbox>, behaviour: Arc<Mutex<Behaviour>>) {
    let answered = Arc::new(Notify::new());
    let has_answered = Arc::clone(&answered);
    let service = service_fn(move |request: Request<Incoming>| {
        let (inbox, behaviour) = (Arc::clone(&inbox), *behaviour.lock().unwrap());
        let answered = Arc::clone(&answered);
        async move {
            answered.notify_one();
            Ok::<_, Infallible>(respond(request, &inbox, behaviour).await)
        }
    });
    let builder = auto::Builder::new(TokioExecutor::new());
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => {}
        () = has_answered.notified() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
}

async fn respond(request: Request<Incoming>, inbox: &Arc<Inbox>, behaviour: Behaviour) -> Response<Body> {
    let is_grpc =
        request.headers().get("content-type").is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    inbox.record_request(&request);
    match behaviour {
        Behaviour::Accept | Behaviour::Close | Behaviour::Noise | Behaviour::Reject(_) => {}
        Behaviour::OneRequestEach => {}
        Behaviour::Slow(time) => tokio::time::sleep(time).await,
        Behaviour::Hang | Behaviour::Silent | Behaviour::Reset => std::future::pending().await,
        Behaviour::Redirect => return http_server::redirect(&request),
        refusal => return http_server::refusal(refusal, is_grpc),
    }
    let rejected = if let Behaviour::Reject(items) = behaviour { items } else { 0 };
    match is_grpc {
        true => grpc::handle(request, inbox, rejected).await,
        false => http_server::handle(request, inbox, rejected).await,
    }
}
