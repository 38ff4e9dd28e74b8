//! axum 0.7, with its own `MatchedPath` and the page by hand.

use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::MatchedPath;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use axum_0_7 as axum;
use bytes::Bytes;
use http::HeaderMap;
use http::Response;
use http::StatusCode;
use http::header::ACCEPT;
use http::header::CONTENT_TYPE;
use llmobs::BuildError;
use llmobs::Observer;
use llmobs::Role;
use llmobs::tower::ServerLayer;
use llmobs_hosts_tests::caller::Caller;
use llmobs_hosts_tests::telemetry::assert_log;
use llmobs_hosts_tests::telemetry::assert_page;
use llmobs_hosts_tests::telemetry::assert_spans;
use llmobs_hosts_tests::upstream::Upstream;
use tokio::net::TcpListener;

use crate::forward::Gateway;
use crate::subscriber::subscribe;

async fn chat(State(gateway): State<Gateway>, body: Bytes) -> Result<Response<Body>, StatusCode> {
    Ok(gateway.forward(body).await?.map(Body::new))
}

async fn metrics(
    State(observer): State<Observer>,
    headers: HeaderMap,
) -> ([(http::HeaderName, &'static str); 1], String) {
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()); // llmobs
    let page = llmobs::prometheus::page(&observer, accept); // llmobs
    ([(CONTENT_TYPE, page.content_type)], page.body) // llmobs
}

fn routes(gateway: Gateway) -> Result<Router, BuildError> {
    let observer = Observer::builder().role(Role::Gateway).provider("tiny-server").model("tiny"); // llmobs
    let observer = observer.build()?; // llmobs
    let layer = ServerLayer::new(observer.clone()); // llmobs
    let layer = layer.route(|request| Some(request.extensions.get::<MatchedPath>()?.as_str().to_owned())); // llmobs
    let routes = Router::new()
        .route("/v1/chat/completions", post(chat))
        .with_state(gateway)
        .layer(layer) // llmobs
        .route("/metrics", get(metrics).with_state(observer)); // llmobs
    Ok(routes)
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

#[tokio::test]
async fn the_route_is_on_spans_and_metrics() {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let caller = Caller::new(serve(routes(Gateway::new(upstream.url())).unwrap()).await);

    caller.make_calls().await;

    assert_page(&caller.page_after(4).await, "/v1/chat/completions");
    assert_log(&telemetry.log);
    assert_spans(&telemetry.spans, "POST /v1/chat/completions");
}
