//! A client that sends given text and records every byte of the answer, even if the answer breaks off.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Raw {
    socket: TcpStream,
    /// All bytes received so far.
    heard: Vec<u8>,
}

impl Raw {
    /// Sends a POST with additional headers, one per line.
    pub(crate) async fn post(address: SocketAddr, path: &str, headers: &[&str], body: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("somebody listens");
        let headers: String = headers.iter().map(|line| format!("{line}\r\n")).collect();
        let length = body.len();
        let request =
            format!("POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-length: {length}\r\n{headers}\r\n{body}");
        socket.write_all(request.as_bytes()).await.expect("somebody reads");
        Self { socket, heard: Vec::new() }
    }

    /// Reads until the answer contains `text`.
    pub(crate) async fn until(&mut self, text: &str) {
        while !self.text().contains(text) {
            assert!(self.more().await, "the answer ended before {text:?}: {}", self.text());
        }
    }

    /// Reads to the end of the connection and returns everything received.
    pub(crate) async fn rest(mut self) -> String {
        while self.more().await {}
        self.text()
    }

    async fn more(&mut self) -> bool {
        let read = self.socket.read_buf(&mut self.heard);
        let read = tokio::time::timeout(PATIENCE, read).await.expect("more in time");
        // A reset counts as the end.
        read.unwrap_or(0) > 0
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.heard).into_owned()
    }
}
