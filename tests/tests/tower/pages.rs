//! The pages: the metrics page with its token, and the in-flight page.

use std::io::Read;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use futures_util::stream;
use http_body::Body;
use http_body_util::BodyExt;
use llmobs::Chunk;
use llmobs::Observer;
use llmobs::clock::Clock;
use llmobs::engine::SequenceWork;
use llmobs::prometheus::Endpoint;
use llmobs::tower::InFlightPage;
use tokio::net::TcpListener;
use tower_service::Service;

use crate::fixture;
use crate::fixture::Fixture;

#[tokio::test]
async fn a_scraper_needs_the_token() {
    let fixture = Fixture::new();
    let endpoint = Endpoint::new(fixture.observer.clone()).bearer_token("s3cret");
    assert!(!format!("{endpoint:?}").contains("s3cret"));
    let address = fixture::serve(Router::new().route_service("/metrics", endpoint)).await;
    for headers in [
        "",
        "authorization: s3cret\r\n",
        "authorization: Bearer\r\n",
        "authorization: Bearer s3cre\r\n",
        "authorization: Bearer s3crets\r\n",
        "authorization: Bearer S3CRET\r\n",
        "authorization: Basic s3cret\r\n",
    ] {
        let answer = fixture::get(address, "GET /metrics", headers).await;
        assert!(answer.starts_with("HTTP/1.1 401"), "{headers}: {answer}");
        assert!(answer.contains("www-authenticate: Bearer\r\n"), "{answer}");
        assert!(!answer.contains("llmobs_"), "{answer}");
    }
    let answer = fixture::get(address, "GET /metrics", "authorization: bearer s3cret\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("llmobs_build_info{"), "{answer}");
}

#[tokio::test]
async fn a_scraper_gets_the_format_that_it_asks_for() {
    let fixture = Fixture::new();
    let endpoint = Endpoint::new(fixture.observer.clone());
    let address = fixture::serve(Router::new().route_service("/metrics", endpoint)).await;
    let classic = fixture::get(address, "GET /metrics", "").await;
    assert!(classic.contains("content-type: text/plain; version=0.0.4; charset=utf-8\r\n"), "{classic}");
    assert!(!classic.contains("# EOF"));
    let open = fixture::get(address, "GET /metrics", "accept: application/openmetrics-text; version=1.0.0\r\n").await;
    assert!(open.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"), "{open}");
    assert!(open.ends_with("# EOF\n"));
    assert!(fixture::get(address, "POST /metrics", "content-length: 0\r\n").await.starts_with("HTTP/1.1 405"));
    let head = fixture::get(address, "HEAD /metrics", "").await;
    assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
}

#[tokio::test]
async fn the_page_is_compressed_for_a_scraper_that_accepts_gzip() {
    let fixture = Fixture::new();
    let mut endpoint = Endpoint::new(fixture.observer.clone());
    let mut scrape = async |encoding: Option<&str>| {
        let mut request = http::Request::get("/metrics");
        if let Some(encoding) = encoding {
            request = request.header("accept-encoding", encoding);
        }
        let response = endpoint.call(request.body(()).unwrap()).await.unwrap();
        let coding = response.headers().get("content-encoding").map(|coding| coding.to_str().unwrap().to_owned());
        assert_eq!(response.headers()["vary"], "accept, accept-encoding");
        let (hint, body) = (response.body().size_hint().exact(), response.into_body());
        let body = body.collect().await.unwrap().to_bytes();
        assert_eq!(hint, Some(body.len() as u64));
        (coding, body)
    };
    let (coding, plain) = scrape(None).await;
    assert_eq!(coding, None);
    let (coding, compressed) = scrape(Some("gzip;q=1.0")).await;
    assert_eq!(coding.as_deref(), Some("gzip"));
    assert!(compressed.len() * 3 < plain.len(), "{} of {} bytes", compressed.len(), plain.len());
    let mut page = String::new();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_string(&mut page).unwrap();
    let names = |page: &str| page.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&page), names(std::str::from_utf8(&plain).unwrap()));
    assert_eq!(scrape(Some("gzip;q=0, deflate")).await.0, None);
}

#[tokio::test]
async fn a_hung_operation_is_on_the_in_flight_page_with_the_oldest_first() {
    let (clock, manual_clock) = Clock::manual();
    let observer = Observer::builder().models(["old", "<b>\"new\"</b>"]).clock(clock).build().unwrap();
    let address =
        fixture::serve(Router::new().route_service("/debug/llmobs", InFlightPage::new(observer.clone()))).await;
    assert!(fixture::get(address, "GET /debug/llmobs", "").await.ends_with("{\"in_flight\":[]}\n"));

    let old = observer.chat("old").start();
    old.marker().enqueued();
    manual_clock.advance(Duration::from_secs(60));
    let mut new =
        Box::pin(observer.chat("<b>\"new\"</b>").start().observe_with(stream::pending::<()>(), |()| Chunk::tokens(1)));
    assert!(futures_util::FutureExt::now_or_never(futures_util::StreamExt::next(&mut new)).is_none(), "it hangs");
    manual_clock.advance(Duration::from_secs(10));
    old.marker().scheduled();
    let engine = observer.engine("old").id("rank <7>").build();
    let mut step = engine.step();
    step.add_sequence(old.marker(), SequenceWork::new().prefill_tokens(10));
    manual_clock.advance(Duration::from_secs(20));

    let answer = fixture::get(address, "GET /debug/llmobs", "accept: application/json\r\n").await;
    assert!(answer.contains("content-type: application/json\r\n") && answer.contains("cache-control: no-store\r\n"));
    let page: serde_json::Value = serde_json::from_str(fixture::body(&answer)).unwrap();
    let rows = page["in_flight"].as_array().unwrap();
    let shown: Vec<_> = rows
        .iter()
        .map(|row| {
            (row["model"].as_str().unwrap(), row["state"].as_str().unwrap(), row["age_seconds"].as_f64().unwrap())
        })
        .collect();
    assert_eq!(shown, [("old", "prefill", 90.0), ("<b>\"new\"</b>", "prefill", 30.0)]);
    assert_eq!(rows[0]["waits_for"], "engine");
    assert_eq!((&rows[0]["silence_seconds"], &rows[1]["silence_seconds"]), (&20.0.into(), &30.0.into()));
    assert_eq!(rows[1]["tokens"], 0);
    assert!(rows[1]["tokens_per_second"].is_null() && rows[1]["trace_id"].is_null());
    assert_eq!(rows[0]["engine_id"], "rank <7>");
    assert!(rows[1]["engine_id"].is_null());

    let browser = "accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n";
    let answer = fixture::get(address, "GET /debug/llmobs", browser).await;
    assert!(answer.contains("content-type: text/html; charset=utf-8\r\n"), "{answer}");
    assert!(answer.contains("content-security-policy: default-src 'none'"), "{answer}");
    assert!(answer.contains("<tr><td class=number>90.000<td class=number>20.000<td>prefill<td>engine"), "{answer}");
    let (first, second) =
        (answer.find("<td>old").unwrap(), answer.find("<td>&lt;b&gt;&quot;new&quot;&lt;/b&gt;").unwrap());
    assert!(answer.contains("<td>rank &lt;7&gt;<td>"), "{answer}");
    assert!(first < second && !answer.contains("<b>"), "{answer}");
    drop((old, new));
}

#[tokio::test]
async fn only_this_machine_can_read_the_in_flight_page() {
    let fixture = Fixture::new();
    let page = || InFlightPage::new(fixture.observer.clone());
    let address = fixture::serve(Router::new().route_service("/debug/llmobs", page())).await;
    assert!(fixture::get(address, "GET /debug/llmobs", "").await.starts_with("HTTP/1.1 200"));
    for header in [
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: localhost",
        "x-forwarded-proto: https",
        "forwarded: for=127.0.0.1",
        "via: 1.1 proxy",
        "cf-connecting-ip: 127.0.0.1",
        "true-client-ip: 127.0.0.1",
        "x-envoy-external-address: 127.0.0.1",
        "host: localhost",
    ] {
        let answer = fixture::get(address, "GET /debug/llmobs", &format!("{header}\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 403"), "{header}: {answer}");
    }
    assert!(fixture::get(address, "POST /debug/llmobs", "content-length: 0\r\n").await.starts_with("HTTP/1.1 405"));
    // DNS rebinding: an external host name that resolves to this machine.
    let answer = fixture::get(address, "GET http://rebound.example/debug/llmobs", "").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");

    // Without a known peer address every request is refused, unless the page is open to all.
    let unknown = Router::new().route_service("/debug/llmobs", page()).route_service("/open", page().open_to_all());
    let address = serve_without_peers(unknown).await;
    assert!(fixture::get(address, "GET /debug/llmobs", "").await.starts_with("HTTP/1.1 403"));
    assert!(fixture::get(address, "GET /open", "").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_request_of_http_1_0_may_come_from_a_proxy_and_is_refused() {
    let fixture = Fixture::new();
    let mut page = InFlightPage::new(fixture.observer.clone());
    for (version, status) in
        [(http::Version::HTTP_10, 403), (http::Version::HTTP_11, 200), (http::Version::HTTP_2, 200)]
    {
        let mut request = http::Request::get("http://localhost/debug/llmobs").version(version).body(()).unwrap();
        request.extensions_mut().insert("127.0.0.1:9".parse::<SocketAddr>().unwrap());
        assert_eq!(page.call(request).await.unwrap().status(), status, "{version:?}");
    }
}

#[tokio::test]
async fn another_machine_is_refused() {
    use http::Request;

    let fixture = Fixture::new();
    for (peer, status) in [("127.0.0.1:9", 200), ("[::1]:9", 200), ("[::ffff:127.0.0.1]:9", 200), ("192.0.2.1:9", 403)]
    {
        let mut request = Request::get("http://localhost/debug/llmobs").body(()).unwrap();
        request.extensions_mut().insert(peer.parse::<SocketAddr>().unwrap());
        let answer = InFlightPage::new(fixture.observer.clone()).call(request).await.unwrap();
        assert_eq!(answer.status(), status, "{peer}");
    }
}

async fn serve_without_peers(routes: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(axum::serve(listener, routes).into_future());
    address
}
