//! The tenant of a request, which a layer determines from its extensions or a trusted header.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::ready;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use http::HeaderName;
use http::Request;
use http::Response;
use http_body_util::BodyExt;
use http_body_util::Full;
use llmobs::Observer;
use llmobs::ObserverBuilder;
use llmobs::Role;
use llmobs::gateway::GatewayLayer;
use llmobs::tower::ServerLayer;
use tower::ServiceExt;
use tower::service_fn;
use tower_layer::Layer;
use tower_service::Service;

use crate::page::operations_by_tenant;

const HEADER: HeaderName = HeaderName::from_static("x-team");

#[derive(Clone)]
struct ApiKey {
    team: Arc<str>,
}

fn builder() -> ObserverBuilder<'static> {
    Observer::builder().model("m").tenants(["red", "blue"])
}

/// Returns a request with these values of the header, authenticated as a team.
fn request(header: &[&str], team: Option<&str>) -> Request<Full<Bytes>> {
    let mut request = Request::post("/v1/chat/completions").body(Full::from(r#"{"model":"m"}"#)).unwrap();
    for value in header {
        request.headers_mut().append(HEADER, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    if let Some(team) = team {
        request.extensions_mut().insert(ApiKey { team: team.into() });
    }
    request
}

/// Sends the request to a service and reads the response to its end.
fn send<S, B>(service: S, request: Request<Full<Bytes>>)
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>>,
    S::Error: std::fmt::Debug,
    B: http_body::Body,
    B::Error: std::fmt::Debug,
{
    let response = service.oneshot(request).now_or_never().unwrap().unwrap();
    response.into_body().collect().now_or_never().unwrap().unwrap();
}

/// Serves a request whose handler calls a model twice, once with a tenant of its own if set, behind a layer.
fn serve(observer: &Observer, layer: &ServerLayer, own: Option<&'static str>, request: Request<Full<Bytes>>) {
    let observer = observer.clone();
    let handler = service_fn(move |_: Request<Full<Bytes>>| {
        let observer = observer.clone();
        async move {
            observer.chat("m").tenant(own).start().complete();
            let inner = observer.clone();
            observer.scope(async move { inner.chat("m").start().complete() }).await;
            Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("done")))
        }
    });
    send(layer.layer(handler), request);
}

/// Returns the operations of each tenant that has some.
fn counts(observer: &Observer) -> BTreeMap<String, u64> {
    operations_by_tenant(observer).into_iter().filter(|(_, count)| *count > 0).collect()
}

fn map<const N: usize>(expected: [(&str, u64); N]) -> BTreeMap<String, u64> {
    expected.map(|(name, count)| (name.to_owned(), count)).into()
}

#[test]
fn every_operation_of_a_request_has_the_tenant_of_its_extensions_unless_it_sets_one() {
    let observer = builder().build().unwrap();
    let layer = ServerLayer::new(observer.clone())
        .tenant_from_extensions(|extensions| extensions.get::<ApiKey>().map(|key| Arc::clone(&key.team)));
    serve(&observer, &layer, None, request(&["blue"], Some("red")));
    assert_eq!(counts(&observer), map([("red", 2)]), "the header is not read");
    serve(&observer, &layer, Some("blue"), request(&[], Some("red")));
    assert_eq!(counts(&observer), map([("blue", 1), ("red", 3)]));
    serve(&observer, &layer, None, request(&["blue"], None));
    assert_eq!(counts(&observer), map([("_NONE", 2), ("blue", 1), ("red", 3)]));
    observer.chat("m").start().complete();
    assert_eq!(counts(&observer)["_NONE"], 3, "outside of a request");
}

#[test]
fn a_header_names_the_tenant_only_if_it_is_marked_as_trusted_and_occurs_once() {
    let observer = builder().max_undeclared_tenants(1).build().unwrap();
    serve(&observer, &ServerLayer::new(observer.clone()), None, request(&["red"], Some("red")));
    assert_eq!(counts(&observer), map([("_NONE", 2)]));
    let layer = ServerLayer::new(observer.clone()).tenant_from_trusted_header(HEADER);
    serve(&observer, &layer, None, request(&["red"], Some("blue")));
    assert_eq!(counts(&observer), map([("_NONE", 2), ("red", 2)]));
    for values in [&["red", "blue"][..], &[""], &[]] {
        serve(&observer, &layer, None, request(values, None));
    }
    assert_eq!(counts(&observer), map([("_NONE", 8), ("red", 2)]));
    serve(&observer, &layer, None, request(&["grün"], None));
    serve(&observer, &layer, None, request(&["further"], None));
    assert_eq!(counts(&observer), map([("_NONE", 8), ("_OTHER", 2), ("grün", 2), ("red", 2)]));
}

#[test]
fn an_observer_without_tenants_does_not_ask_for_them() {
    let observer = Observer::builder().model("m").build().unwrap();
    let layer =
        ServerLayer::new(observer.clone()).tenant_from_extensions::<String>(|_| panic!("the function was called"));
    serve(&observer, &layer, None, request(&[], Some("red")));
}

#[test]
fn a_gateway_takes_the_tenant_of_its_own_setter_else_that_of_the_server_layer() {
    let observer = builder().role(Role::Gateway).build().unwrap();
    let upstream = || {
        service_fn(|_: Request<llmobs::gateway::RequestBody<Full<Bytes>>>| {
            let answer = r#"{"model":"m","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4}}"#;
            ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::from(answer))))
        })
    };
    let gateway = || GatewayLayer::new(observer.clone());
    let by_extension =
        gateway().tenant_from_extensions(|extensions| extensions.get::<ApiKey>().map(|key| Arc::clone(&key.team)));
    let by_header = gateway().tenant_from_trusted_header(HEADER);
    send(by_extension.layer(upstream()), request(&["blue"], Some("red")));
    assert_eq!(counts(&observer), map([("red", 1)]));
    send(by_header.layer(upstream()), request(&["blue"], Some("red")));
    assert_eq!(counts(&observer), map([("blue", 1), ("red", 1)]));
    send(gateway().layer(upstream()), request(&["blue"], Some("red")));
    assert_eq!(counts(&observer), map([("_NONE", 1), ("blue", 1), ("red", 1)]));
    let server = ServerLayer::new(observer.clone()).tenant_from_trusted_header(HEADER);
    send(server.layer(gateway().layer(upstream())), request(&["blue"], None));
    assert_eq!(counts(&observer), map([("_NONE", 1), ("blue", 2), ("red", 1)]));
    send(server.layer(by_extension.layer(upstream())), request(&["blue"], Some("red")));
    assert_eq!(counts(&observer), map([("_NONE", 1), ("blue", 2), ("red", 2)]));
}
