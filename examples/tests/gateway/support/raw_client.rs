//! A client that sends given text and records every byte of the answer, even if the answer breaks off.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const READ_TIMEOUT: Duration = Duration::from_secs(20);

pub(crate) struct RawClient {
    socket: TcpStream,
    /// All bytes received so far.
    received: Vec<u8>,
}

impl RawClient {
    /// Sends a POST with additional headers, one per line.
    pub(crate) async fn post(address: SocketAddr, path: &str, headers: &[&str], body: &str) -> Self {
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        Self::send(address, &request).await
    }

    /// Sends any part of a request.
    pub(crate) async fn send(address: SocketAddr, part: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("the server accepts connections");
        socket.write_all(part.as_bytes()).await.expect("the server reads the request");
        Self { socket, received: Vec::new() }
    }

    /// Reads until the answer contains `text`.
    pub(crate) async fn read_until(&mut self, text: &str) {
        while !self.text().contains(text) {
            assert!(self.read_more().await, "the answer ended before {text:?}: {}", self.text());
        }
    }

    /// Reads to the end of the connection and returns everything received.
    pub(crate) async fn read_to_end(mut self) -> String {
        while self.read_more().await {}
        self.text()
    }

    async fn read_more(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.received);
        let read = tokio::time::timeout(READ_TIMEOUT, read).await.expect("more bytes before the timeout");
        // A reset counts as the end.
        read.unwrap_or(0) > 0
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.received).into_owned()
    }
}
