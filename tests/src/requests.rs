//! Random requests through the server layer, without a socket.

use std::convert::Infallible;
use std::future::Future;
use std::future::Ready;
use std::future::ready;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::Waker;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use http_body_util::Full;
use llmobs::Observer;
use llmobs::tower::ServerBody;
use llmobs::tower::ServerLayer;
use tower_layer::Layer;
use tower_service::Service;

use super::random::Random;

/// An unread response; dropping it cancels the request.
pub struct PendingResponse(ServerBody<Full<Bytes>>);

impl PendingResponse {
    /// Sends a request with a random method and route to a service that answers with a random status, and returns the
    /// response, whose body is not read yet.
    pub fn send_random(observer: &Observer, random: &mut Random) -> Self {
        let route = random.one_of(&[Some("/v1/chat"), Some("/users/{id}"), None]).to_owned();
        let layer = ServerLayer::new(observer.clone()).route(move |_| route);
        let mut service = layer.layer(StatusService(*random.one_of(&[200, 200, 404, 500, 503])));
        let request = Request::builder().method(random.word(&["GET", "POST", "FROBNICATE"])).uri("/x").body(());
        let future = service.call(request.expect("a valid request"));
        match std::pin::pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(response)) => Self(response.into_body()),
            Poll::Ready(Err(never)) => match never {},
            Poll::Pending => panic!("the service is never pending"),
        }
    }

    /// Reads the body to its end.
    pub fn read_to_end(mut self) {
        while let Poll::Ready(Some(_)) = Pin::new(&mut self.0).poll_frame(&mut Context::from_waker(Waker::noop())) {}
    }
}

/// A service that responds to every request with one status.
struct StatusService(u16);

impl Service<Request<()>> for StatusService {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Response<Full<Bytes>>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let response = Response::builder().status(self.0).body(Full::new(Bytes::from_static(b"answer")));
        ready(Ok(response.expect("a valid response")))
    }
}
