//! A scripted upstream with control over each packet, for answers of providers that no real server in these tests can
//! produce.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

/// A received request.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    /// The request line and the headers, with names in lower case.
    pub(crate) head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl ReceivedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub(crate) struct FakeUpstream {
    pub(crate) address: SocketAddr,
    requests: mpsc::UnboundedReceiver<ReceivedRequest>,
}

impl FakeUpstream {
    /// Answers every request with `respond`, each on a separate connection.
    pub(crate) async fn start<F>(respond: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (sender, requests) = mpsc::unbounded_channel();
        let respond = Arc::new(respond);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (sender, respond) = (sender.clone(), Arc::clone(&respond));
                tokio::spawn(async move {
                    let Some(request) = read_request(&mut socket).await else { return };
                    let _ = sender.send(request);
                    let _ = socket.set_nodelay(true);
                    respond(socket).await;
                });
            }
        });
        Self { address, requests }
    }

    /// Answers every request with these bytes and closes the connection, which an added header announces: otherwise the
    /// gateway could send its next request on this connection before it notices the end, and answer with 502.
    pub(crate) async fn start_with_response(response: impl Into<Vec<u8>>) -> Self {
        let mut response = response.into();
        let status_line = response.windows(2).position(|two| two == b"\r\n").expect("a status line");
        response.splice(status_line..status_line, *b"\r\nconnection: close");
        let response: Arc<[u8]> = response.into();
        Self::start(move |mut socket| {
            let response = Arc::clone(&response);
            async move {
                let _ = socket.write_all(&response).await;
            }
        })
        .await
    }

    /// Returns all requests that were received and not yet returned.
    pub(crate) fn take_requests(&mut self) -> Vec<ReceivedRequest> {
        std::iter::from_fn(|| self.requests.try_recv().ok()).collect()
    }

    /// Waits for the next request.
    pub(crate) async fn next_request(&mut self) -> ReceivedRequest {
        self.requests.recv().await.expect("a request")
    }
}

async fn read_request(socket: &mut TcpStream) -> Option<ReceivedRequest> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]);
            let lines = head.split("\r\n").map(|line| match line.split_once(": ") {
                Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
                None => line.to_owned(),
            });
            let request = ReceivedRequest { head: lines.collect(), body: bytes[end + 4..].to_vec() };
            let length = request.header("content-length").map_or(0, |length| length.parse().expect("a length"));
            if request.body.len() >= length {
                return Some(request);
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
