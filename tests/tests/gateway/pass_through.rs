//! Bodies pass unchanged, whatever they contain and however they are split.

use std::sync::Arc;
use std::sync::Mutex;

use http_body_util::BodyExt;
use proptest::prelude::*;

use crate::fixture::Fixture;
use crate::fixture::Items;
use crate::fixture::body_of;
use crate::fixture::read;
use crate::fixture::response_of;

const CONTENT_TYPES: [&str; 4] = ["text/event-stream", "application/json", "application/x-ndjson", "text/html"];
const PATHS: [&str; 5] =
    ["/v1/chat/completions", "/v1/messages", "/v1beta/models/g:streamGenerateContent", "/api/chat", "/v1/embeddings"];

/// Returns fragments of a body: text of the formats, and random bytes.
fn fragments() -> impl Strategy<Value = Vec<Vec<u8>>> {
    let text = prop::sample::select(vec![
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n",
        "data: [DONE]\n\n",
        "event: message_start\ndata: {\"type\":\"message_start\"}\r\n\r\n",
        "{\"model\":\"m\",\"stream\":true,\"messages\":[",
        "]}",
        "{\"done\":true}\n",
        "\u{feff}",
        "",
    ])
    .prop_map(|text| text.as_bytes().to_vec());
    prop::collection::vec(prop_oneof![text, prop::collection::vec(any::<u8>(), 0..40)], 0..12)
}

fn items(fragments: &[Vec<u8>]) -> Items {
    fragments.iter().cloned().map(Ok).collect()
}

proptest! {
    #[test]
    fn bodies_are_byte_identical_and_the_books_close(
        request in fragments(),
        response in fragments(),
        path in prop::sample::select(PATHS.to_vec()),
        content_type in prop::sample::select(CONTENT_TYPES.to_vec()),
        status in prop::sample::select(vec![200, 201, 400, 429, 500]),
        limit in prop::sample::select(vec![0, 10, 1_000_000]),
        frames_read in prop_oneof![Just(usize::MAX), 0..6_usize],
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let fixture = Fixture::new();
            let layer = fixture.layer().max_request_bytes(limit);
            let received = Arc::new(Mutex::new(Vec::new()));
            let sink = Arc::clone(&received);
            let items_of_response = Mutex::new(Some(items(&response)));
            let post = http::Request::post(path).body(body_of(items(&request))).unwrap();
            let answer = fixture.send(layer, post, move |request| {
                let (sink, items) = (Arc::clone(&sink), items_of_response.lock().unwrap().take().unwrap());
                async move {
                    *sink.lock().unwrap() = read(request.into_body()).await;
                    response_of(status, content_type, items)
                }
            });
            let mut body = answer.await.into_body();
            if frames_read == usize::MAX {
                assert_eq!(read(&mut body).await, response.concat());
            } else {
                for frame in response.iter().take(frames_read) {
                    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), frame);
                }
            }
            drop(body);
            assert_eq!(*received.lock().unwrap(), request.concat());
            let books = fixture.books();
            assert_eq!((books.started, books.ended, books.active), (1, 1, 0));
        });
    }
}

#[tokio::test]
async fn trailers_pass_in_both_directions() {
    let fixture = Fixture::new();
    let trailers = || {
        let mut trailers = http::HeaderMap::new();
        trailers.insert("x-checksum", http::HeaderValue::from_static("7"));
        trailers
    };
    let with_trailers = move |text: &'static str| {
        let frames = [http_body::Frame::data(bytes::Bytes::from(text)), http_body::Frame::trailers(trailers())];
        let frames = futures_util::stream::iter(frames.map(Ok::<_, std::io::Error>));
        http_body_util::StreamBody::new(frames).boxed_unsync()
    };
    for content_type in ["text/event-stream", "application/json"] {
        let request = http::Request::post("/v1/chat/completions").body(with_trailers("{}")).unwrap();
        let answer = fixture.send(fixture.layer(), request, move |request| async move {
            let received = request.into_body().collect().await.unwrap();
            assert_eq!(received.trailers(), Some(&trailers()));
            http::Response::builder().header("content-type", content_type).body(with_trailers("data: x\n\n")).unwrap()
        });
        let answer = answer.await.into_body().collect().await.unwrap();
        assert_eq!(answer.trailers(), Some(&trailers()));
    }
}

#[tokio::test]
async fn a_long_request_is_passed_on_while_it_arrives() {
    let fixture = Fixture::new();
    let layer = fixture.layer().max_request_bytes(20);
    // The rest of the request arrives only after the service has answered.
    let (sender, rest) = tokio::sync::mpsc::unbounded_channel::<Vec<u8>>();
    sender.send(br#"{"model":"long","messages":["#.to_vec()).unwrap();
    let frames = futures_util::stream::unfold(rest, |mut rest| async {
        let bytes = rest.recv().await?;
        Some((Ok::<_, std::io::Error>(http_body::Frame::data(bytes::Bytes::from(bytes))), rest))
    });
    let body = http_body_util::StreamBody::new(frames).boxed_unsync();
    let request = http::Request::post("/v1/chat/completions").body(body).unwrap();
    let answer = fixture.send(layer, request, move |request| {
        let sender = sender.clone();
        async move {
            sender.send(b"]}".to_vec()).unwrap();
            drop(sender);
            let mut body = request.into_body();
            let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
            let second = body.frame().await.unwrap().unwrap().into_data().unwrap();
            assert_eq!([first, second].concat(), br#"{"model":"long","messages":[]}"#);
            response_of(429, "text/plain", vec![])
        }
    });
    read(answer.await.into_body()).await;
    fixture.span("chat long");
}
