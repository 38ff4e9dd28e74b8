//! The future of an observed call: reads the request, then waits for the head of the response.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;
use std::task::ready;

use bytes::Bytes;
use http::Request;
use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::call::RunningCall;
use super::request_body::BodyError;
use super::request_body::RequestBody;
use super::request_reader::RequestReader;
use super::response_body::ResponseBody;

pin_project! {
    /// The future of an observed [`Gateway`](super::Gateway). An error of the inner service is returned unchanged, and
    /// ends the operation of the request as `failed`, with the error type that was marked before, else `upstream`.
    /// Dropping the future before it is ready ends the operation as the drop of an [`Operation`](crate::Operation)
    /// does, usually as `cancelled`. A request that calls no model has no operation.
    #[must_use = "futures do nothing unless polled"]
    pub struct GatewayFuture<S, A, F> {
        #[pin]
        state: State<S, A, F>,
    }
}

pin_project! {
    #[project = StateProjection]
    enum State<S, A, F> {
        // `None` after the request was read.
        Reading { request: Option<RequestReader<S, A>> },
        Calling {
            #[pin]
            future: F,
            // Declared after the future: what the future drops ends before the operation does. `None` for a request
            // without an operation.
            call: Option<RunningCall>,
        },
    }
}

impl<S, A, F> GatewayFuture<S, A, F> {
    /// Returns the future of a request that is read first.
    pub(super) const fn reading(request: RequestReader<S, A>) -> Self {
        Self { state: State::Reading { request: Some(request) } }
    }

    /// Returns the future of a request that is not observed.
    pub(super) const fn unobserved(future: F) -> Self {
        Self { state: State::Calling { future, call: None } }
    }
}

impl<S, A, B> Future for GatewayFuture<S, A, S::Future>
where
    S: Service<Request<RequestBody<A>>, Response = Response<B>>,
    A: Body<Data = Bytes> + Unpin,
    A::Error: Into<BodyError>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<B>>, S::Error>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut state = self.project().state;
        loop {
            match state.as_mut().project() {
                StateProjection::Reading { request } => {
                    // The request is taken only to replace this state.
                    let Some(reader) = request else { return Poll::Pending };
                    let end = ready!(reader.poll_read(context));
                    let Some(reader) = request.take() else { return Poll::Pending };
                    let (future, call) = match reader.call(end) {
                        Ok(started) => started,
                        Err(denial) => return Poll::Ready(Ok(denial.into_response())),
                    };
                    state.set(State::Calling { future, call: Some(call) });
                }
                StateProjection::Calling { future, call } => {
                    let polled = match call {
                        Some(call) => call.operation.in_scope(|| future.poll(context)),
                        None => future.poll(context),
                    };
                    let result = ready!(polled);
                    return Poll::Ready(match (result, call.take()) {
                        (Ok(response), call) => {
                            let (mut head, body) = response.into_parts();
                            let body = match call {
                                Some(call) => call.into_response(&mut head, body),
                                None => ResponseBody::unobserved(body),
                            };
                            Ok(Response::from_parts(head, body))
                        }
                        (Err(error), call) => {
                            if let Some(call) = call {
                                call.end_without_response();
                            }
                            Err(error)
                        }
                    });
                }
            }
        }
    }
}

/// Omits the future and the request, which may hold content.
impl<S, A, F> fmt::Debug for GatewayFuture<S, A, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayFuture").finish_non_exhaustive()
    }
}
