//! The costs of the layer: allocations of a streamed chunk, and memory of long bodies.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use http_body::Frame;
use http_body_util::BodyExt;
use http_body_util::Full;
use llmobs::testing::Books;
use llmobs_tests::allocator::allocation_count;
use llmobs_tests::allocator::live_bytes;
use tower::ServiceExt;
use tower_layer::Layer;

use crate::fixture::Fixture;

/// A body that repeats one frame without an allocation, between a first and a last one.
struct Repeated {
    first: &'static [u8],
    frame: &'static [u8],
    last: &'static [u8],
    /// The number of frames that were returned, and that are to be returned.
    returned: usize,
    total: usize,
}

impl Body for Repeated {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.returned += 1;
        Poll::Ready(
            match self.returned {
                1 => Some(self.first),
                returned if returned < self.total => Some(self.frame),
                returned if returned == self.total => Some(self.last),
                _ => None,
            }
            .map(|bytes| Ok(Frame::data(Bytes::from_static(bytes)))),
        )
    }
}

/// Sends a request to a service that answers with this body.
async fn answer(
    fixture: &Fixture,
    path: &str,
    content_type: &'static str,
    body: Repeated,
) -> impl Body<Data = Bytes, Error = Infallible> + Unpin {
    let body = std::sync::Mutex::new(Some(body));
    let service = tower::service_fn(|_: Request<_>| {
        let response = Response::builder().header("content-type", content_type);
        let response = response.body(body.lock().unwrap().take().unwrap()).unwrap();
        std::future::ready(Ok::<_, Infallible>(response))
    });
    let request = Request::post(path).body(Full::new(Bytes::from_static(br#"{"model":"m","stream":true}"#))).unwrap();
    fixture.layer().layer(service).oneshot(request).await.unwrap().into_body()
}

const TOKEN: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n";
const END: &[u8] = b"data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

#[tokio::test]
async fn a_streamed_chunk_allocates_nothing() {
    let fixture = Fixture::new();
    let body = Repeated { first: TOKEN, frame: TOKEN, last: END, returned: 0, total: 1_000 };
    let mut body = answer(&fixture, "/v1/chat/completions", "text/event-stream", body).await;
    for _ in 0..10 {
        body.frame().await;
    }
    let before = allocation_count();
    for _ in 0..900 {
        body.frame().await;
    }
    assert_eq!(allocation_count() - before, 0);
    while body.frame().await.is_some() {}
    assert_eq!(Books::new(&fixture.observer).completed, 1);
}

#[tokio::test]
async fn a_long_response_is_not_stored_and_its_usage_is_read() {
    let fixture = Fixture::new();
    let body = Repeated {
        first: br#"{"object":"list","data":[{"embedding":["#,
        frame: &[b'0', b','].as_slice().repeat(32 * 1024).leak()[..],
        last: br#"0]}],"model":"e","usage":{"prompt_tokens":4,"total_tokens":4}}"#,
        returned: 0,
        // 64 MiB
        total: 1_024,
    };
    let mut body = answer(&fixture, "/v1/embeddings", "application/json", body).await;
    let (before, mut most) = (live_bytes(), 0);
    while body.frame().await.is_some() {
        most = most.max(live_bytes() - before);
    }
    assert!(most < 3 << 20, "{most} bytes");
    assert_eq!(fixture.readings().count("llmobs.token.processed", &[]), 4);
    assert_eq!(Books::new(&fixture.observer).completed, 1);
}
