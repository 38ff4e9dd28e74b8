//! A client that sends any part of a request.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// Longest wait for the end of a connection.
const END_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection on which a part of a request was sent.
pub(crate) struct PartialRequest {
    pub(crate) socket: TcpStream,
}

impl PartialRequest {
    pub(crate) async fn send(address: SocketAddr, part: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("the service accepts connections");
        socket.write_all(part.as_bytes()).await.expect("the service reads the request");
        Self { socket }
    }

    /// Sends the head of a request and 9 bytes of a body of 1000 bytes.
    pub(crate) async fn upload(address: SocketAddr, path: &str) -> Self {
        let head = format!("POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\n");
        Self::send(address, &(head + "{\"model\":")).await
    }

    /// Reads until the service closes the connection; returns everything that it sent.
    pub(crate) async fn read_to_end(mut self) -> String {
        read_to_end(&mut self.socket).await
    }
}

/// A reset counts as the end.
async fn read_to_end(reader: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut bytes = Vec::new();
    let read = async { while reader.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {} };
    tokio::time::timeout(END_TIMEOUT, read).await.expect("the service closes the connection");
    String::from_utf8(bytes).expect("the answer is text")
}
