//! axum 0.8 with metrics of the crate `metrics` on a page of `metrics-exporter-prometheus`. The metrics of llmobs are
//! appended to it.

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
use metrics_exporter_prometheus::PrometheusBuilder;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::net::TcpListener;

use crate::forward::Gateway;
use crate::subscriber::subscribe;

#[derive(Clone)]
struct App {
    gateway: Gateway,
    own_metrics: PrometheusHandle,
    observer: Observer, // llmobs
}

async fn chat(State(app): State<App>, body: Bytes) -> Result<Response<Body>, StatusCode> {
    metrics::counter!("gateway_request_bytes_total").increment(body.len() as u64);
    metrics::histogram!("gateway_request_size_bytes").record(body.len() as f64);
    Ok(app.gateway.forward(body).await?.map(Body::new))
}

async fn page(State(app): State<App>) -> ([(HeaderName, &'static str); 1], String) {
    let mut page = app.own_metrics.render();
    llmobs::prometheus::render_classic(&app.observer, &mut page); // llmobs
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], page)
}

fn routes(gateway: Gateway, own_metrics: PrometheusHandle) -> Result<Router, BuildError> {
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
    let recorder = PrometheusBuilder::new().set_buckets(&[64.0, 256.0]).unwrap().build_recorder();
    let own_metrics = recorder.handle();
    metrics::set_global_recorder(recorder).unwrap();
    let caller = Caller::new(serve(routes(Gateway::new(upstream.url()), own_metrics).unwrap()).await);

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
