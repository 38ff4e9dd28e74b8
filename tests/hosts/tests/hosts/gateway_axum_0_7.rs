//! A gateway of axum 0.7 with the layer for gateways: its handler contains no code of llmobs but the trace context.

use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::extract::State;
use axum_0_7 as axum;
use http::Response;
use http::StatusCode;
use llmobs::BuildError;
use llmobs::Observer;
use llmobs::Role;
use llmobs::gateway::GatewayLayer;
use llmobs::prometheus::Endpoint;
use llmobs::tower::ServerLayer;
use llmobs::tower::inject;
use llmobs_hosts_tests::caller::Caller;
use llmobs_hosts_tests::telemetry::assert_log;
use llmobs_hosts_tests::telemetry::assert_page;
use llmobs_hosts_tests::telemetry::assert_spans;
use llmobs_hosts_tests::upstream::Upstream;
use tokio::net::TcpListener;

use crate::subscriber::subscribe;

const CHAT: &str = "/v1/chat/completions";

#[derive(Clone)]
struct Gateway {
    http: reqwest::Client,
    url: String,
}

/// Forwards a request to the upstream, and returns its answer.
async fn forward(State(gateway): State<Gateway>, request: Request) -> Result<Response<Body>, StatusCode> {
    let body = reqwest::Body::wrap_stream(request.into_body().into_data_stream());
    let mut request = reqwest::Request::new(http::Method::POST, gateway.url.parse().unwrap());
    *request.body_mut() = Some(body);
    inject(request.headers_mut()); // llmobs
    let answer = gateway.http.execute(request).await.map_err(|_| StatusCode::BAD_GATEWAY)?;
    Ok(Response::from(answer).map(Body::new))
}

fn routes(gateway: Gateway) -> Result<Router, BuildError> {
    let observer = Observer::builder().role(Role::Gateway).provider("tiny-server").model("tiny"); // llmobs
    let observer = observer.build()?; // llmobs
    let server = ServerLayer::new(observer.clone()); // llmobs
    let server = server.route(|request| (request.uri.path() == CHAT).then_some(CHAT)); // llmobs
    let routes = Router::new()
        .fallback(forward)
        .with_state(gateway)
        .layer(GatewayLayer::new(observer.clone())) // llmobs
        .layer(server) // llmobs
        .route_service("/metrics", Endpoint::new(observer)); // llmobs
    Ok(routes)
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

#[tokio::test]
async fn the_layer_observes_every_call_and_the_handler_none() {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let gateway = Gateway { http: reqwest::Client::new(), url: upstream.url() };
    let caller = Caller::new(serve(routes(gateway).unwrap()).await);

    caller.make_calls().await;

    assert_page(&caller.page_after(4).await, CHAT);
    assert_log(&telemetry.log);
    assert_spans(&telemetry.spans, "POST /v1/chat/completions");
}
