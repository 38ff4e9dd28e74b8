//! The server layer: its spans and metrics for every end of a request, and for gRPC calls.

use std::collections::BTreeSet;

use axum::Router;
use axum::body::Body;
use axum::routing::get;
use axum::routing::post;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderMap;
use http::Request;
use http::Response;
use http::StatusCode;
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::StreamBody;
use llmobs::Observer;
use llmobs::catalog::Group;
use llmobs::catalog::Profile;
use llmobs::catalog::ROWS;
use llmobs::tower::ServerLayer;
use tower_service::Service;

use crate::in_memory_sdk::InMemorySdk;
use llmobs_tests::conventions::Conventions;
use llmobs_tests::conventions::assert_none;

#[tokio::test]
async fn every_ending_of_a_request_conforms() {
    for profile in [Profile::V1_41, Profile::Latest] {
        let sdk = InMemorySdk::new();
        let observer = sdk.build_observer(Observer::builder().model("m"), profile);
        send_requests(ServerLayer::new(observer.clone()), 13).await;
        let with_all_attributes = ServerLayer::new(observer.clone()).with_user_agent().with_client_address();
        send_requests(with_all_attributes, 13).await;
        let conventions = Conventions::new(profile);
        assert_none(&sdk.violations(conventions), profile.as_str());
        assert!(sdk.spans().len() >= 26, "{}", sdk.spans().len());

        let reached: BTreeSet<_> =
            sdk.spans().iter().filter_map(|span| conventions.definition(span)).map(|span| span.id).collect();
        assert!(reached.contains("http.server") && reached.contains("rpc.server"), "{reached:?}");
        let metrics: BTreeSet<_> = sdk.metrics().into_iter().map(|metric| metric.name).collect();
        for row in ROWS.iter().filter(|row| row.group == Group::HTTP_SERVER) {
            assert!(metrics.contains(row.name), "{}", row.name);
        }
    }
}

/// Sends requests of every kind through the layer. Panics unless their number is `expected`.
async fn send_requests(layer: ServerLayer, expected: usize) {
    let mut sent = 0;
    let mut app = app().layer(layer);
    for (method, path) in [
        ("GET", "/chat/12?a=b"),
        ("POST", "/chat/12"),
        ("HEAD", "/chat/12"),
        ("BREW", "/chat/12"),
        ("GET", "/nowhere"),
        ("GET", "/status/400"),
        ("GET", "/status/503"),
        ("GET", "/broken"),
    ] {
        let request = Request::builder().method(method).uri(path).header("host", "example.com:8080");
        let request = request.header("user-agent", "test/1").body(Body::empty()).unwrap();
        let _ = send(&mut app, request).await.map(http::Response::into_body).unwrap().collect().await;
        sent += 1;
    }
    // The caller disconnects before the response, and in the middle of a response.
    assert!(send(&mut app, Request::get("/slow").body(Body::empty()).unwrap()).now_or_never().is_none());
    let response = send(&mut app, Request::get("/endless").body(Body::empty()).unwrap()).await.unwrap();
    let mut body = response.into_body().into_data_stream();
    assert!(body.next().await.is_some());
    drop(body);
    sent += 2;
    for path in ["/package.Service/Fine", "/package.Service/Fails", "/package.Service/Unknown"] {
        let call = Request::post(path).header("content-type", "application/grpc").header("te", "trailers");
        let call = call.header("host", "example.com:50051").body(Body::empty()).unwrap();
        let _ = send(&mut app, call).await.unwrap().into_body().collect().await;
        sent += 1;
    }
    assert_eq!(sent, expected);
}

async fn send(app: &mut Router, request: Request<Body>) -> Result<Response<Body>, std::convert::Infallible> {
    Service::call(app, request).await
}

fn app() -> Router {
    Router::new()
        .route("/chat/{id}", get(|| async { "hello" }).post(|| async { "hello" }))
        .route("/status/400", get(|| async { StatusCode::BAD_REQUEST }))
        .route("/status/503", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
        .route("/broken", get(|| async { Body::from_stream(stream::iter([Ok("a"), Err(std::io::Error::other("b"))])) }))
        .route("/slow", get(std::future::pending::<()>))
        .route("/endless", get(|| async { Body::from_stream(stream::repeat("a").map(Ok::<_, std::io::Error>)) }))
        .route("/package.Service/Fine", post(|| async { grpc_response("0") }))
        .route("/package.Service/Fails", post(|| async { grpc_response("13") }))
}

/// Returns a gRPC response, whose status is in the trailers.
fn grpc_response(status: &'static str) -> Response<Body> {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", http::HeaderValue::from_static(status));
    let frames =
        [Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"\0\0\0\0\0"))), Ok(Frame::trailers(trailers))];
    let body = Body::new(StreamBody::new(stream::iter(frames)));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}
