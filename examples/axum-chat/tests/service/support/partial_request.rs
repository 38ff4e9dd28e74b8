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

    /// Sends a blank every 20 ms until the service closes the connection; returns everything that it sent.
    pub(crate) async fn trickle_to_end(self) -> String {
        let (mut reader, mut writer) = self.socket.into_split();
        let trickle = tokio::spawn(async move {
            while writer.write_all(b" ").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        let answer = read_to_end(&mut reader).await;
        trickle.abort();
        answer
    }

    /// Reads until the service has sent `text`; returns everything that it sent since the previous call.
    pub(crate) async fn read_until(&mut self, text: &str) -> String {
        let mut answer = String::new();
        while !answer.contains(text) {
            let mut bytes = [0; 1_024];
            let read = tokio::time::timeout(END_TIMEOUT, self.socket.read(&mut bytes)).await;
            let count = read.expect("an answer before the timeout").expect("the socket is readable");
            assert_ne!(count, 0, "the connection ended: {answer}");
            answer.push_str(std::str::from_utf8(&bytes[..count]).expect("the answer is text"));
        }
        answer
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
