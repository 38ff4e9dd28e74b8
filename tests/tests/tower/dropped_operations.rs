//! Operations that a handler drops, for example by an early return: they end by the status of its answer.

use std::future::Future;
use std::future::pending;
use std::pin::pin;
use std::sync::Arc;
use std::sync::Mutex;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::IntoResponse;
use axum::response::Response;
use axum::routing::get;
use futures_util::FutureExt;
use futures_util::StreamExt;
use futures_util::stream;
use http::HeaderName;
use http::Request;
use http::StatusCode;
use llmobs::ErrorType;
use llmobs::FinishReason;
use llmobs::Marker;
use llmobs::Observer;
use llmobs::Operation;
use llmobs::assert_books;
use llmobs::clock::Moment;
use llmobs::companion::Companion;
use llmobs::companion::Mark;
use llmobs::companion::OperationRef;
use llmobs::semconv::value::Outcome;
use llmobs::testing::Readings;
use llmobs::tower::ServerLayer;
use llmobs::tower::axum::CurrentObserver;
use opentelemetry::trace::Status;
use tower_layer::Layer;
use tower_service::Service;

use crate::fixture;
use crate::fixture::Client;
use crate::fixture::Fixture;
use crate::fixture::attributes;
use crate::fixture::serve;
use crate::fixture::text;
use crate::fixture::wait_until;

const ENDED: &str = "llmobs.operation.ended";
const DURATION: &str = "gen_ai.server.request.duration";

/// Serves one request with a handler, and waits for the end of the request.
async fn answer<H, F, R>(fixture: &Fixture, handler: H) -> String
where
    H: Fn(Observer) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = R> + Send + 'static,
    R: IntoResponse + 'static,
{
    let handler = move |CurrentObserver(observer): CurrentObserver| handler(observer);
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let answer = fixture::get(address, "GET /x", "").await;
    fixture.wait_for_ended(1).await;
    assert_books!(fixture.observer);
    answer
}

/// Returns the number of operations that ended with this outcome and error type.
fn ended(fixture: &Fixture, outcome: &str, error: &str) -> u64 {
    fixture.metrics().count(ENDED, &[("llmobs.operation.outcome", outcome), ("error.type", error)])
}

/// Returns the last log event of a request as JSON.
fn last_event(observer: &Observer) -> serde_json::Value {
    serde_json::from_str(observer.recent_operations().lines().last().unwrap()).unwrap()
}

#[tokio::test]
async fn an_operation_that_a_handler_drops_ends_by_the_status_of_the_answer() {
    for (status, outcome, error) in [
        (400, "rejected", "invalid_request"),
        (401, "rejected", "authentication"),
        (408, "failed", "timeout"),
        (429, "rejected", "rate_limited"),
        (499, "cancelled", "cancelled"),
        (500, "failed", "internal"),
        (502, "failed", "upstream"),
        (503, "rejected", "overloaded"),
        (200, "cancelled", "cancelled"),
        (302, "cancelled", "cancelled"),
    ] {
        let fixture = Fixture::new();
        answer(&fixture, move |observer| async move {
            let _operation = observer.chat("m").start();
            tokio::task::yield_now().await;
            StatusCode::from_u16(status).unwrap()
        })
        .await;
        assert_eq!(ended(&fixture, outcome, error), 1, "{status}");
        let span = fixture.span("chat m");
        assert_eq!(attributes(&span)["llmobs.operation.outcome"], text(outcome), "{status}");
        assert_eq!(attributes(&span)["error.type"], text(error), "{status}");
        assert!(matches!(span.status, Status::Error { .. }), "{status}: {:?}", span.status);
        assert!(span.end_time <= fixture.only_request_span().end_time, "{status}");
        let event = last_event(&fixture.observer);
        assert_eq!((&event["llmobs.operation.outcome"], &event["error.type"]), (&outcome.into(), &error.into()));
    }
}

#[tokio::test]
async fn an_error_of_the_handler_that_becomes_a_response_counts_by_its_status() {
    #[derive(Debug)]
    struct Busy;
    impl IntoResponse for Busy {
        fn into_response(self) -> Response {
            StatusCode::TOO_MANY_REQUESTS.into_response()
        }
    }
    let fixture = Fixture::new();
    answer(&fixture, |observer| async move {
        let operation = observer.chat("m").start();
        Err::<(), _>(Busy)?;
        operation.complete();
        Ok::<_, Busy>(())
    })
    .await;
    assert_eq!(ended(&fixture, "rejected", "rate_limited"), 1);
}

#[tokio::test]
async fn an_operation_that_is_dropped_in_the_middle_of_a_handler_is_in_flight_until_the_answer_and_ends_at_its_drop() {
    let fixture = Fixture::new();
    let (manual_clock, active) = (fixture.manual_clock.clone(), Arc::new(Mutex::new(0)));
    let seen = active.clone();
    answer(&fixture, move |observer| {
        let (manual_clock, seen) = (manual_clock.clone(), seen.clone());
        async move {
            let operation = observer.chat("m").start();
            manual_clock.advance(Duration::from_millis(250));
            drop(operation);
            tokio::task::yield_now().await;
            manual_clock.advance(Duration::from_secs(1));
            *seen.lock().unwrap() = observer.in_flight().len();
            StatusCode::TOO_MANY_REQUESTS
        }
    })
    .await;
    assert_eq!(*active.lock().unwrap(), 1);
    assert_eq!(ended(&fixture, "rejected", "rate_limited"), 1);
    let duration = fixture.metrics().histogram(DURATION, &[]);
    assert_eq!((duration.count, duration.sum.to_bits()), (1, 0.25_f64.to_bits()));
}

#[tokio::test]
async fn each_operation_of_a_handler_ends_for_itself() {
    let fixture = Fixture::new();
    answer(&fixture, |observer| async move {
        observer.chat("m").start().complete();
        let dropped = [observer.chat("m").start(), observer.chat("m").start()];
        observer.chat("m").start().cancel();
        let marked = observer.chat("m").start();
        marked.marker().set_error(ErrorType::OutOfMemory);
        drop((dropped, marked));
        StatusCode::SERVICE_UNAVAILABLE
    })
    .await;
    assert_eq!(fixture.metrics().count(ENDED, &[("llmobs.operation.outcome", "completed")]), 1);
    assert_eq!(ended(&fixture, "rejected", "overloaded"), 2);
    assert_eq!(ended(&fixture, "cancelled", "cancelled"), 1, "an explicit end is not changed");
    assert_eq!(ended(&fixture, "failed", "out_of_memory"), 1);
}

#[tokio::test]
async fn a_mark_between_the_drop_and_the_answer_takes_precedence_over_the_status() {
    let fail: fn(&Marker) = |marker| marker.set_error(ErrorType::Inference);
    let finish: fn(&Marker) = |marker| marker.finish_reason(FinishReason::Stop);
    for (mark, outcome) in [(fail, "failed"), (finish, "completed")] {
        let fixture = Fixture::new();
        answer(&fixture, move |observer| async move {
            let operation = observer.chat("m").start();
            let marker = operation.marker().clone();
            drop(operation);
            mark(&marker);
            StatusCode::BAD_REQUEST
        })
        .await;
        assert_eq!(fixture.metrics().count(ENDED, &[("llmobs.operation.outcome", outcome)]), 1, "{outcome}");
    }
}

#[tokio::test]
async fn after_a_token_a_refusal_is_a_failure() {
    let fixture = Fixture::new();
    answer(&fixture, |observer| async move {
        let operation = observer.chat("m").start();
        operation.marker().first_token();
        StatusCode::TOO_MANY_REQUESTS
    })
    .await;
    assert_eq!(ended(&fixture, "failed", "rate_limited"), 1);
}

#[tokio::test]
async fn a_stream_that_a_handler_drops_ends_by_the_status_too() {
    for (reads, outcome) in [(0, "rejected"), (2, "failed")] {
        let fixture = Fixture::new();
        answer(&fixture, move |observer| async move {
            let tokens = observer.chat("m").start().observe(stream::repeat("token"));
            assert_eq!(tokens.take(reads).count().await, reads);
            StatusCode::SERVICE_UNAVAILABLE
        })
        .await;
        assert_eq!(ended(&fixture, outcome, "overloaded"), 1, "{reads} items");
        assert_eq!(fixture.metrics().count("llmobs.token.processed", &[]), reads as u64);
    }
}

#[tokio::test]
async fn a_caller_that_disconnects_cancels_an_operation_that_the_handler_dropped_before() {
    let fixture = Fixture::new();
    let manual_clock = fixture.manual_clock.clone();
    let handler = move |CurrentObserver(observer): CurrentObserver| async move {
        let operation = observer.chat("m").start();
        manual_clock.advance(Duration::from_millis(250));
        drop(operation);
        manual_clock.advance(Duration::from_secs(1));
        pending::<StatusCode>().await
    };
    let address = fixture.serve(Router::new().route("/x", get(handler))).await;
    let mut client = Client::connect(address).await;
    client.send("GET /x", "").await;
    wait_until("the operation waits", || !fixture.observer.in_flight().is_empty()).await;
    drop(client);
    fixture.wait_for_ended(1).await;
    assert_books!(fixture.observer);
    assert_eq!(ended(&fixture, "cancelled", "cancelled"), 1);
    assert_eq!(fixture.metrics().histogram(DURATION, &[]).sum.to_bits(), 0.25_f64.to_bits());
}

#[tokio::test]
async fn a_panic_after_the_drop_is_a_failure() {
    let fixture = Fixture::new();
    answer(&fixture, |observer| async move {
        drop(observer.chat("m").start());
        if true {
            panic!("planned")
        }
    })
    .await;
    assert_eq!(ended(&fixture, "failed", "internal"), 1);
}

#[tokio::test]
async fn a_shutdown_before_the_drop_is_a_failure_and_one_after_it_changes_nothing() {
    let fixture = Fixture::new();
    answer(&fixture, |observer| async move {
        drop(observer.chat("m").start());
        observer.begin_shutdown();
        drop(observer.chat("m").start());
        StatusCode::BAD_REQUEST
    })
    .await;
    assert_eq!((ended(&fixture, "rejected", "invalid_request"), ended(&fixture, "failed", "shutdown")), (1, 1));
}

#[tokio::test]
async fn an_operation_in_a_scope_of_the_handler_ends_by_the_status_and_one_of_a_spawned_task_does_not() {
    let fixture = Fixture::new();
    answer(&fixture, |observer| async move {
        observer.scope(async { drop(Observer::current().chat("m").start()) }).await;
        let other = observer.clone();
        tokio::spawn(async move { drop(other.chat("m").start()) }).await.unwrap();
        StatusCode::BAD_REQUEST
    })
    .await;
    assert_eq!((ended(&fixture, "rejected", "invalid_request"), ended(&fixture, "cancelled", "cancelled")), (1, 1));
}

#[tokio::test]
async fn the_request_describes_a_dropped_call_and_its_trace_header_names_it() {
    let header = HeaderName::from_static("x-trace-id");
    let handler = |CurrentObserver(observer): CurrentObserver| async move {
        drop(observer.chat("m").start());
        StatusCode::TOO_MANY_REQUESTS
    };
    let routes = || Router::new().route("/x", get(handler));
    let fixture = Fixture::new();
    let address = serve(routes().layer(fixture.layer().with_model_call())).await;
    fixture::get(address, "GET /x", "").await;
    fixture.wait_for_ended(1).await;
    let request = fixture.span("GET /x");
    assert_eq!(attributes(&request)["error.type"], text("rate_limited"));
    assert!(matches!(request.status, Status::Error { .. }), "{:?}", request.status);

    let fixture = Fixture::new();
    let address = serve(routes().layer(fixture.layer().without_spans().with_trace_header(header))).await;
    let answer = fixture::get(address, "GET /x", "").await;
    let trace_id = fixture.span("chat m").span_context.trace_id();
    assert!(answer.contains(&format!("x-trace-id: {trace_id}")), "{answer}");
}

#[derive(Default)]
struct Ends(Mutex<Vec<(Outcome, Moment)>>);

impl Companion for Ends {
    fn on_start(&self, _: OperationRef, _: Moment) {}

    fn on_mark(&self, _: u64, _: Mark, _: Moment) {}

    fn on_end(&self, _: u64, outcome: Outcome, at: Moment) {
        self.0.lock().unwrap().push((outcome, at));
    }
}

#[tokio::test]
async fn a_companion_learns_the_outcome_and_the_moment_of_the_drop() {
    let fixture = Fixture::new();
    let (ends, manual_clock, started) =
        (Arc::new(Ends::default()), fixture.manual_clock.clone(), fixture.manual_clock.now());
    fixture.observer.attach_companion(&ends);
    answer(&fixture, move |observer| {
        manual_clock.advance(Duration::from_millis(250));
        drop(observer.chat("m").start());
        manual_clock.advance(Duration::from_secs(1));
        async { StatusCode::BAD_REQUEST }
    })
    .await;
    let dropped_at = started.saturating_add(Duration::from_millis(250));
    assert_eq!(*ends.0.lock().unwrap(), [(Outcome::Rejected, dropped_at)]);
}

/// A service without axum that calls a function.
#[derive(Clone)]
struct FunctionService<F>(F);

impl<F, R> Service<Request<()>> for FunctionService<F>
where
    F: Fn() -> R,
    R: Future<Output = Result<http::Response<Body>, &'static str>>,
{
    type Response = http::Response<Body>;
    type Error = &'static str;
    type Future = R;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> R {
        (self.0)()
    }
}

fn status(status: StatusCode) -> http::Response<Body> {
    http::Response::builder().status(status).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn a_service_without_axum_ends_its_operations_by_its_status_its_error_or_its_time_limit() {
    let observer = || Observer::builder().model("m").build().unwrap();
    let outcome = |observer: &Observer| last_event(observer)["error.type"].as_str().map(str::to_owned);

    let answering = observer();
    let service = FunctionService(|| {
        drop(answering.chat("m").start());
        async { Ok(status(StatusCode::UNAUTHORIZED)) }
    });
    let mut service = ServerLayer::new(answering.clone()).layer(service);
    assert!(service.call(Request::new(())).await.is_ok());
    assert_eq!(outcome(&answering).as_deref(), Some("authentication"));

    let failing = observer();
    let service = FunctionService(|| {
        drop(failing.chat("m").start());
        async { Err("broken") }
    });
    assert!(ServerLayer::new(failing.clone()).layer(service).call(Request::new(())).await.is_err());
    assert_eq!(outcome(&failing).as_deref(), Some("_OTHER"));

    // A time limit inside the layer drops the handler's future and answers itself.
    let limited = observer();
    let service = FunctionService(|| async {
        let handler = async {
            let _operation = limited.chat("m").start();
            pending::<()>().await;
        };
        assert!(handler.now_or_never().is_none());
        Ok(status(StatusCode::GATEWAY_TIMEOUT))
    });
    assert!(ServerLayer::new(limited.clone()).layer(service).call(Request::new(())).await.is_ok());
    assert_eq!(outcome(&limited).as_deref(), Some("timeout"));
}

#[tokio::test]
async fn of_nested_layers_the_inner_one_decides_and_the_outer_one_goes_on_collecting() {
    let observer = Observer::builder().model("m").build().unwrap();
    let inner = FunctionService(|| {
        drop(observer.chat("m").start());
        async { Ok(status(StatusCode::BAD_REQUEST)) }
    });
    let inner = ServerLayer::new(observer.clone()).layer(inner);
    let outer = FunctionService(|| async {
        drop(observer.chat("m").start());
        assert!(inner.clone().call(Request::new(())).await.is_ok());
        drop(observer.chat("m").start());
        Ok(status(StatusCode::BAD_GATEWAY))
    });
    assert!(ServerLayer::new(observer.clone()).layer(outer).call(Request::new(())).await.is_ok());
    let count = |outcome| Readings::new(&observer).count(ENDED, &[("llmobs.operation.outcome", outcome)]);
    assert_eq!((count("rejected"), count("failed")), (1, 2));
    assert_books!(observer);
}

#[test]
fn a_future_that_is_dropped_between_its_polls_cancels_what_it_holds() {
    let observer = Observer::builder().model("m").build().unwrap();
    let service = FunctionService(|| async {
        let _operation: Operation = observer.chat("m").start();
        pending::<()>().await;
        Ok(status(StatusCode::BAD_REQUEST))
    });
    {
        let mut future = pin!(ServerLayer::new(observer.clone()).layer(service).call(Request::new(())));
        assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    assert_eq!(last_event(&observer)["llmobs.operation.outcome"], "cancelled");
    assert_books!(observer);
}
