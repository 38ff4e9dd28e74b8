//! The connections of the server: how many there may be, and how long each may take for the head of a request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;

use axum::Router;
use axum::serve::Listener;
use axum::serve::ListenerExt;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::rt::TokioTimer;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower_service::Service;

use crate::cli::Cli;

/// The open connections. `axum::serve` limits neither their number nor the time of a head.
pub(crate) struct Connections {
    http: http1::Builder,
    max: usize,
    tasks: JoinSet<()>,
    /// True once each connection ends after its current request.
    draining: watch::Sender<bool>,
}

impl Connections {
    pub(crate) fn new(cli: &Cli) -> Self {
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new()).header_read_timeout(cli.head_timeout);
        let draining = watch::Sender::new(false);
        Self { http, max: cli.max_connections.get(), tasks: JoinSet::new(), draining }
    }

    /// Accepts and serves connections until the future is dropped, which closes the listener.
    pub(crate) async fn accept(&mut self, listener: TcpListener, router: Router) -> Infallible {
        // Without `TCP_NODELAY`, the kernel holds small chunks back until the client has acknowledged the previous one.
        let mut listener = listener.tap_io(|stream| {
            let _ = stream.set_nodelay(true);
        });
        let mut router = router.into_make_service_with_connect_info::<SocketAddr>();
        loop {
            tokio::select! {
                // At the limit, further connections wait in the kernel.
                (socket, peer) = listener.accept(), if self.tasks.len() < self.max => {
                    let Ok(service) = router.call(peer).await;
                    let connection = self.http.serve_connection(TokioIo::new(socket), TowerToHyperService::new(service));
                    let mut draining = self.draining.subscribe();
                    self.tasks.spawn(async move {
                        let mut connection = pin!(connection);
                        tokio::select! {
                            // An error is that of one client, which has left or did not send HTTP.
                            _ = &mut connection => return,
                            _ = draining.wait_for(|draining| *draining) => connection.as_mut().graceful_shutdown(),
                        }
                        let _ = connection.await;
                    });
                }
                Some(_) = self.tasks.join_next() => {}
            }
        }
    }

    /// Closes idle connections, and waits until the others have ended with their current request.
    pub(crate) async fn drain(&mut self) {
        self.draining.send_replace(true);
        while self.tasks.join_next().await.is_some() {}
    }

    /// Ends all connections, and with them the operations that their requests own.
    pub(crate) async fn abort(mut self) {
        self.tasks.shutdown().await;
    }
}
