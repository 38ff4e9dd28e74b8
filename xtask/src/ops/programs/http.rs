//! Plain HTTP requests over loopback.

use std::io::Read;
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

/// Time limit of a read or a write.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Opens a connection and sends a request. The answer follows on the connection, which the server closes after it.
pub(crate) fn send(address: &str, method: &str, path: &str, kind: &str, body: &str) -> std::io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let length = body.len();
    // The answer to HTTP/1.0 has no chunks.
    let head = format!(
        "{method} {path} HTTP/1.0\r\nhost: {address}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes())?;
    Ok(stream)
}

/// Sends a request and returns the body of the answer.
pub(crate) fn exchange(address: &str, method: &str, path: &str, kind: &str, body: &str) -> std::io::Result<String> {
    let mut stream = send(address, method, path, kind, body)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    let text = String::from_utf8_lossy(&answer);
    Ok(text.split_once("\r\n\r\n").map_or_else(String::new, |(_, body)| body.to_owned()))
}

/// Reads the page of the metrics of a service.
pub(crate) fn metrics(address: &str) -> Result<String, String> {
    exchange(address, "GET", "/metrics", "text/plain", "").map_err(|error| format!("{address}/metrics: {error}"))
}

/// Encodes a value of a form.
pub(crate) fn form_value(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'.' | b'-' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
