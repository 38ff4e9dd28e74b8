//! hyper 1 without a framework.

use std::net::SocketAddr;

use bytes::Bytes;
use http::Request;
use http::Response;
use http::StatusCode;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use llmobs::Observer;
use llmobs::Role;
use llmobs::tower::ServerLayer;
use llmobs_hosts_tests::caller::Caller;
use llmobs_hosts_tests::telemetry::assert_log;
use llmobs_hosts_tests::telemetry::assert_page;
use llmobs_hosts_tests::telemetry::assert_spans;
use llmobs_hosts_tests::upstream::Upstream;
use reqwest::Body;
use tokio::net::TcpListener;
use tower::Layer;
use tower::service_fn;

use crate::forward::Gateway;
use crate::subscriber::subscribe;

const CHAT: &str = "/v1/chat/completions";

async fn handle(
    gateway: Gateway,
    observer: Observer,
    request: Request<Incoming>,
) -> Result<Response<Body>, http::Error> {
    let result = match request.uri().path() {
        CHAT => match request.into_body().collect().await {
            Ok(body) => gateway.forward(body.to_bytes()).await,
            Err(_) => Err(StatusCode::BAD_REQUEST),
        },
        "/metrics" => {
            let accept = request.headers().get(ACCEPT).and_then(|accept| accept.to_str().ok()); // llmobs
            let page = llmobs::prometheus::page(&observer, accept); // llmobs
            return Response::builder().header(CONTENT_TYPE, page.content_type).body(page.body.into()); // llmobs
        }
        _ => Err(StatusCode::NOT_FOUND),
    };
    result.or_else(|status| Response::builder().status(status).body(Bytes::new().into()))
}

async fn serve(gateway: Gateway) -> SocketAddr {
    let observer = Observer::builder().role(Role::Gateway).provider("tiny-server").model("tiny"); // llmobs
    let observer = observer.build().expect("valid settings"); // llmobs
    let layer = ServerLayer::new(observer.clone()) // llmobs
        .span_filter(|request| request.uri.path() != "/metrics") // llmobs
        .route(|request| [CHAT, "/metrics"].into_iter().find(|route| *route == request.uri.path())); // llmobs
    let service = service_fn(move |request| handle(gateway.clone(), observer.clone(), request));
    let service = TowerToHyperService::new(layer.layer(service)); // llmobs

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service.clone()));
        }
    });
    address
}

#[tokio::test]
async fn the_layer_around_a_service_observes_the_same_as_in_a_framework() {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let caller = Caller::new(serve(Gateway::new(upstream.url())).await);

    caller.make_calls().await;

    assert_page(&caller.page_after(4).await, CHAT);
    assert_log(&telemetry.log);
    assert_spans(&telemetry.spans, "POST /v1/chat/completions");
    assert!(telemetry.spans.named("GET /metrics").is_empty(), "the filter excludes the page");
}
