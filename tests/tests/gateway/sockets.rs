//! The layer over real sockets: in axum, and over hyper without a framework, each as a proxy of a real upstream.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::routing::post;
use http::Request;
use http::Response;
use http::StatusCode;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use llmobs::Observer;
use llmobs::Role;
use llmobs::gateway::GatewayLayer;
use llmobs::testing::Books;
use llmobs::tower::ServerLayer;
use llmobs_tests::http_client;
use llmobs_tests::waiting::eventually;
use tokio::net::TcpListener;
use tower_layer::Layer;

const CHAT: &str = "/v1/chat/completions";
const STREAM: &str =
    "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

/// Starts an upstream that streams an answer, refuses requests for the model `busy`, and never ends one for `slow`.
async fn start_upstream() -> SocketAddr {
    let answer = async |body: String| {
        if body.contains("busy") {
            return (StatusCode::TOO_MANY_REQUESTS, "slow down").into_response();
        }
        let first = futures_util::stream::once(async { Ok::<_, Infallible>(STREAM) });
        let body = match body.contains("slow") {
            true => Body::from_stream(futures_util::StreamExt::chain(first_token(), futures_util::stream::pending())),
            false => Body::from_stream(first),
        };
        ([("content-type", "text/event-stream")], body).into_response()
    };
    serve(Router::new().route(CHAT, post(answer))).await
}

fn first_token() -> impl futures_util::Stream<Item = Result<&'static str, Infallible>> {
    let token = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
    futures_util::stream::once(async move { Ok(token) })
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, app).into_future());
    address
}

/// Sends a request to the upstream; without an answer, returns 502.
async fn forward<B>(client: Client<HttpConnector, B>, upstream: SocketAddr, mut request: Request<B>) -> Response<Body>
where
    B: http_body::Body + Send + Unpin + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    *request.uri_mut() = format!("http://{upstream}{}", request.uri().path()).parse().unwrap();
    llmobs::tower::inject(&mut request);
    match client.request(request).await {
        Ok(response) => response.map(Body::new),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    }
}

/// Sends a complete, a refused and an abandoned call to a gateway, and reads the books of its observer.
async fn assert_books(observer: &Observer, gateway: SocketAddr) {
    let request = |model: &str| format!(r#"{{"model":"{model}","stream":true}}"#);
    let reply = http_client::post(gateway, CHAT, &request("m")).await;
    assert_eq!((reply.status, reply.body.as_str()), (200, STREAM));
    let reply = http_client::post(gateway, CHAT, &request("busy")).await;
    assert_eq!((reply.status, reply.body.as_str()), (429, "slow down"));
    let body = serde_json::from_str(&request("slow")).unwrap();
    let mut stream = http_client::StreamedAnswer::open(gateway, CHAT, &body).await;
    assert!(stream.read_token().await);
    drop(stream);
    eventually("all operations have ended", async || {
        let books = Books::new(observer);
        (books.ended == 3).then_some(books)
    })
    .await;
    let books = Books::new(observer);
    assert_eq!((books.completed, books.rejected, books.cancelled), (1, 1, 1), "{books:?}");
}

fn observer() -> Observer {
    Observer::builder().role(Role::Gateway).provider("openai").build().unwrap()
}

#[tokio::test]
async fn a_gateway_of_axum_needs_one_line() {
    let (observer, upstream) = (observer(), start_upstream().await);
    let client = Client::builder(TokioExecutor::new()).build_http::<Body>();
    let app = Router::new()
        .fallback(move |request: Request<Body>| forward(client, upstream, request))
        .layer(GatewayLayer::new(observer.clone()))
        .layer(ServerLayer::new(observer.clone()));
    assert_books(&observer, serve(app).await).await;
}

#[tokio::test]
async fn a_gateway_of_hyper_needs_one_line() {
    let (observer, upstream) = (observer(), start_upstream().await);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let service = tower::service_fn(move |request| {
        let client = client.clone();
        async move { Ok::<_, Infallible>(forward(client, upstream, request).await) }
    });
    let gateway = GatewayLayer::new(observer.clone()).layer(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(gateway.clone());
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
    });
    assert_books(&observer, address).await;
}
