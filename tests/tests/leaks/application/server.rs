//! An HTTP service, and callers that send arbitrary values.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::routing::post;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderMap;
use http::Response;
use llmobs::ErrorType;
use llmobs::prometheus::Endpoint;
use llmobs::tower::InFlightPage;
use llmobs::tower::ServerLayer;
use llmobs::tower::axum::CurrentObserver;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

use super::Application;
use super::calls::VerboseError;
use super::print_lines;

impl Application {
    pub async fn run_server(&self) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let service = self.routes().into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(axum::serve(listener, service).into_future());
        self.send_requests(address).await;
        serving.abort();
    }

    fn routes(&self) -> Router {
        let [answer, header, error, panic, message, model] =
            ["http.answer", "http.answer.header", "http.body.error", "http.panic", "grpc.message", "model.undeclared"]
                .map(|place| self.canary(place).to_owned());
        let undeclared = model.clone();
        let declared = self.model().to_owned();
        let chat = move |CurrentObserver(observer): CurrentObserver, body: Bytes| async move {
            let text = String::from_utf8_lossy(&body).into_owned();
            let operation = observer.chat(&declared).start();
            operation.marker().input(|| text);
            operation.observe(stream::iter(["said"])).count().await;
            observer.chat(&undeclared).start().reject(ErrorType::InvalidRequest);
            ([("x-answer", header)], answer)
        };
        let failing_body =
            move || async move { Body::from_stream(stream::iter([Ok("a".to_owned()), Err(VerboseError(error))])) };
        let panicking = move || async move {
            if !panic.is_empty() {
                panic!("{panic}");
            }
        };
        let hanging = move |CurrentObserver(observer): CurrentObserver| async move {
            let operation = observer.chat(&model).start();
            let items = stream::iter(["first".to_owned()]).chain(stream::pending());
            Body::from_stream(operation.observe(items).map(Ok::<_, std::convert::Infallible>))
        };
        let call = move || async move {
            let answer = Response::builder().header("content-type", "application/grpc").header("grpc-status", "13");
            answer.header("grpc-message", message).body(Body::empty()).unwrap()
        };
        Router::new()
            .route("/chat/{id}", post(chat).layer(DefaultBodyLimit::max(4_096)))
            .route("/broken", get(failing_body))
            .route("/panic", get(panicking))
            .route("/hang", get(hanging))
            .route("/headers", get(|headers: HeaderMap| async move { format!("{headers:?}") }))
            .route("/package.Service/{method}", post(call))
            .layer(ServerLayer::new(self.observer.clone()).with_client_address().with_model_call())
            .route_service("/metrics", Endpoint::new(self.observer.clone()))
            .route_service("/debug/llmobs", InFlightPage::new(self.observer.clone()))
    }

    async fn send_requests(&self, address: SocketAddr) {
        let headers = self.headers();
        let (path, unknown) = (self.canary("http.path"), self.canary("http.path.unknown"));
        let query = format!("?key={query}&q={query}", query = self.canary("http.query"));
        let body = self.canary("http.body");
        let to_chat = format!("POST /chat/{path}{query}");
        assert!(send(address, &to_chat, &headers, body).await.contains(self.canary("http.answer")));
        assert!(send(address, &to_chat, &headers, &body.repeat(200)).await.starts_with("HTTP/1.1 413"));
        assert!(send(address, &format!("GET /{unknown}{query}"), &headers, "").await.starts_with("HTTP/1.1 404"));
        assert!(send(address, &format!("GET /chat/{path}"), &headers, "").await.starts_with("HTTP/1.1 405"));
        assert!(send(address, "GET /headers", &headers, "").await.contains(self.canary("http.cookie")));
        send(address, &format!("{} /headers", self.canary("http.method").to_ascii_uppercase()), &headers, "").await;
        send(address, "GET /broken", &headers, "").await;
        send(address, "GET /panic", &headers, "").await;
        send(address, &format!("GET \u{7}{}", self.canary("http.query")), "", "").await;
        let state = self.canary("http.state");
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let traced = format!("traceparent: {parent}\r\ntracestate: vendor={state}\r\n");
        assert!(send(address, "GET /headers", &traced, "").await.contains(state));
        let host = format!("host: {}.example\r\n", self.canary("http.host"));
        send(address, "GET /headers", &host, "").await;
        let call = format!("content-type: application/grpc\r\nx-meta: {}\r\n{headers}", self.canary("grpc.metadata"));
        send(address, &format!("POST /package.Service/{}", self.canary("grpc.path")), &call, "").await;
        send(address, &format!("POST /{}", self.canary("grpc.path")), &call, "").await;
        self.send_and_disconnect(address, &headers).await;
    }

    /// Sends a request, reads the first bytes of its response, fetches the pages meanwhile, and disconnects.
    async fn send_and_disconnect(&self, address: SocketAddr, headers: &str) {
        let mut client = TcpStream::connect(address).await.unwrap();
        client.write_all(format!("GET /hang HTTP/1.1\r\nhost: here\r\n{headers}\r\n").as_bytes()).await.unwrap();
        let mut read = Vec::new();
        while !read.ends_with(b"first\r\n") {
            let count = with_timeout(client.read_buf(&mut read)).await.unwrap();
            assert!(count > 0, "{}", String::from_utf8_lossy(&read));
        }
        let local = "host: localhost\r\n";
        for accept in ["application/json", "text/html"] {
            let page = send(address, "GET /debug/llmobs", &format!("{local}accept: {accept}\r\n"), "").await;
            assert!(page.contains("_OTHER"), "{page}");
            print_lines("in_flight", &page);
        }
        print_lines("metrics", &send(address, "GET /metrics", headers, "").await);
        drop(client);
        for _ in 0..1_000 {
            if self.observer.in_flight().is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the disconnected request is still in flight");
    }

    /// Returns headers that may appear in no signal. `host` is not among them: it names the server.
    fn headers(&self) -> String {
        format!(
            "user-agent: {}\r\nauthorization: Bearer {}\r\ncookie: session={}\r\nx-api-key: {}\r\nx-forwarded-for: {}\r\n\
             referer: https://example.com/{}\r\ntraceparent: 00-{}-01\r\nbaggage: user={baggage},{baggage}=1\r\n",
            self.canary("http.agent"),
            self.canary("http.authorization"),
            self.canary("http.cookie"),
            self.canary("http.key"),
            self.canary("http.forwarded"),
            self.canary("http.referer"),
            self.canary("http.parent"),
            baggage = self.canary("http.baggage"),
        )
    }
}

/// Sends a request, and reads until the connection ends.
async fn send(address: SocketAddr, line: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let host = if headers.contains("host: ") { "" } else { "host: 127.0.0.1\r\n" };
    let length = body.len();
    let head = format!("{line} HTTP/1.1\r\n{host}connection: close\r\ncontent-length: {length}\r\n{headers}\r\n");
    // A server that refuses the body may close the connection before it has read all of it.
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
    let mut response = Vec::new();
    let _ = with_timeout(stream.read_to_end(&mut response)).await;
    String::from_utf8_lossy(&response).into_owned()
}

async fn with_timeout<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("a response within 20 seconds")
}
