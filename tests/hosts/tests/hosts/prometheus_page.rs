//! axum 0.8 with metrics of the crate `prometheus`. The metrics of llmobs are appended to its page.

use std::future::IntoFuture;
use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::get;
use axum::routing::post;
use axum_0_8 as axum;
use bytes::Bytes;
use http::HeaderName;
use http::Response;
use http::StatusCode;
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
use llmobs_tests::families::MetricKind;
use llmobs_tests::prometheus_page;
use prometheus::Histogram;
use prometheus::HistogramOpts;
use prometheus::IntCounter;
use prometheus::Registry;
use prometheus::TextEncoder;
use tokio::net::TcpListener;

use crate::forward::Gateway;
use crate::subscriber::subscribe;

#[derive(Clone)]
struct App {
    gateway: Gateway,
    own_metrics: OwnMetrics,
    observer: Observer, // llmobs
}

#[derive(Clone)]
struct OwnMetrics {
    registry: Registry,
    request_bytes: IntCounter,
    request_sizes: Histogram,
}

impl OwnMetrics {
    fn new() -> prometheus::Result<Self> {
        let request_bytes = IntCounter::new("gateway_request_bytes_total", "Bytes of requests.")?;
        let sizes = HistogramOpts::new("gateway_request_size_bytes", "Bytes of a request.").buckets(vec![64.0, 256.0]);
        let request_sizes = Histogram::with_opts(sizes)?;
        let registry = Registry::new();
        registry.register(Box::new(request_bytes.clone()))?;
        registry.register(Box::new(request_sizes.clone()))?;
        Ok(Self { registry, request_bytes, request_sizes })
    }
}

async fn chat(State(app): State<App>, body: Bytes) -> Result<Response<Body>, StatusCode> {
    app.own_metrics.request_bytes.inc_by(body.len() as u64);
    app.own_metrics.request_sizes.observe(body.len() as f64);
    Ok(app.gateway.forward(body).await?.map(Body::new))
}

async fn page(State(app): State<App>) -> Result<([(HeaderName, &'static str); 1], String), StatusCode> {
    let page = TextEncoder::new().encode_to_string(&app.own_metrics.registry.gather());
    let mut page = page.map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    llmobs::prometheus::render_classic(&app.observer, &mut page); // llmobs
    Ok(([(CONTENT_TYPE, prometheus::TEXT_FORMAT)], page))
}

fn routes(gateway: Gateway, own_metrics: OwnMetrics) -> Result<Router, BuildError> {
    let observer = Observer::builder().role(Role::Gateway).provider("tiny-server").model("tiny"); // llmobs
    let observer = observer.build()?; // llmobs
    let routes = Router::new()
        .route("/v1/chat/completions", post(chat))
        .layer(ServerLayer::new(observer.clone())) // llmobs
        .route("/metrics", get(page))
        .with_state(App { gateway, own_metrics, observer });
    Ok(routes)
}

async fn serve(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}

#[tokio::test]
async fn one_page_has_the_metrics_of_both() {
    let telemetry = subscribe();
    let upstream = Upstream::start().await;
    let routes = routes(Gateway::new(upstream.url()), OwnMetrics::new().unwrap()).unwrap();
    let caller = Caller::new(serve(routes).await);

    caller.make_calls().await;

    let page = caller.page_after(4).await;
    assert_page(&page, "/v1/chat/completions");
    assert_log(&telemetry.log);
    assert_spans(&telemetry.spans, "POST /v1/chat/completions");
    let families = prometheus_page::parse(&page);
    assert_eq!(families["gateway_request_bytes_total"].kind, MetricKind::Counter);
    assert_eq!(families["gateway_request_size_bytes"].kind, MetricKind::Histogram);
    assert_eq!(families["llmobs_operation_ended_total"].kind, MetricKind::Counter);
    assert!(!page.contains("# EOF"), "the end mark belongs to OpenMetrics only");
}

#[test]
fn without_the_layer_the_application_may_have_the_names_of_requests_itself() {
    let observer = Observer::builder().model("tiny").build().unwrap();
    let own = "# TYPE http_server_request_duration_seconds gauge\nhttp_server_request_duration_seconds 1\n\
               # TYPE http_server_active_requests gauge\nhttp_server_active_requests 1\n";
    let mut page = own.to_owned();
    llmobs::prometheus::render_classic(&observer, &mut page);
    assert!(prometheus_page::parse(&page).contains_key("http_server_request_duration_seconds"));
}
