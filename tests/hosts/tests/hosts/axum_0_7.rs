//! axum 0.7, with its own `MatchedPath` and `ConnectInfo`.

use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::extract::MatchedPath;
use axum::extract::Request;
use axum::extract::State;
use axum::middleware::map_request;
use axum::routing::post;
use axum_0_7 as axum;
use bytes::Bytes;
use http::Response;
use http::StatusCode;
use llmobs::BuildError;
use llmobs::Observer;
use llmobs::Role;
use llmobs::prometheus::Endpoint;
use llmobs::tower::InFlightPage;
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

/// Stores the address of the peer in the form in which llmobs reads it.
async fn peer(ConnectInfo(peer): ConnectInfo<SocketAddr>, mut request: Request) -> Request {
    request.extensions_mut().insert(peer); // llmobs
    request
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
        .route_service("/metrics", Endpoint::new(observer.clone())) // llmobs
        .route_service("/debug/llmobs", InFlightPage::new(observer)) // llmobs
        .layer(map_request(peer)); // llmobs
    Ok(routes)
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let routes = routes.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

#[tokio::test]
async fn the_route_is_on_spans_and_metrics_and_both_pages_are_served() {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let host = serve(routes(Gateway::new(upstream.url())).unwrap()).await;
    let caller = Caller::new(host);

    caller.make_calls().await;

    assert_page(&caller.page_after(4).await, "/v1/chat/completions");
    assert_log(&telemetry.log);
    assert_spans(&telemetry.spans, "POST /v1/chat/completions");
    let in_flight = reqwest::get(format!("http://{host}/debug/llmobs")).await.unwrap();
    assert_eq!(in_flight.status(), 200, "the peer is this machine");
}
