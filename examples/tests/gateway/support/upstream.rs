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
pub(crate) struct Asked {
    /// The request line and the headers, with names in lower case.
    pub(crate) head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    asked: mpsc::UnboundedReceiver<Asked>,
}

impl Upstream {
    /// Answers every request with `answer`, each on a separate connection.
    pub(crate) async fn start<F>(answer: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (told, asked) = mpsc::unbounded_channel();
        let answer = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let (told, answer) = (told.clone(), Arc::clone(&answer));
                tokio::spawn(async move {
                    let Some(request) = read(&mut socket).await else { return };
                    let _ = told.send(request);
                    let _ = socket.set_nodelay(true);
                    answer(socket).await;
                });
            }
        });
        Self { address, asked }
    }

    /// Answers every request with these bytes and closes the connection.
    pub(crate) async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        Self::start(move |mut socket| {
            let answer = Arc::clone(&answer);
            async move {
                let _ = socket.write_all(&answer).await;
            }
        })
        .await
    }

    /// Returns all requests that were received and not yet returned.
    pub(crate) fn all_asked(&mut self) -> Vec<Asked> {
        std::iter::from_fn(|| self.asked.try_recv().ok()).collect()
    }

    /// Waits for the next request.
    pub(crate) async fn asked(&mut self) -> Asked {
        self.asked.recv().await.expect("a request")
    }
}

async fn read(socket: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]);
            let lines = head.split("\r\n").map(|line| match line.split_once(": ") {
                Some((name, value)) => format!("{}: {value}", name.to_ascii_lowercase()),
                None => line.to_owned(),
            });
            let asked = Asked { head: lines.collect(), body: bytes[end + 4..].to_vec() };
            let length = asked.header("content-length").map_or(0, |length| length.parse().expect("a length"));
            if asked.body.len() >= length {
                return Some(asked);
            }
        }
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
