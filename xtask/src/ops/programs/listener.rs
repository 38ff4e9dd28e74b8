//! A minimal HTTP server on loopback: receivers of OTLP and of webhooks, and pages of metrics.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) body: Vec<u8>,
}

/// An answer. A status line such as `200 OK` is an answer without a body.
#[derive(Debug)]
pub(crate) struct Answer {
    status: &'static str,
    kind: &'static str,
    body: String,
}

impl From<&'static str> for Answer {
    fn from(status: &'static str) -> Self {
        Self { status, kind: "application/x-protobuf", body: String::new() }
    }
}

impl Answer {
    /// Creates the answer of a page of metrics in the text format of Prometheus.
    pub(crate) fn page(body: String) -> Self {
        Self { status: "200 OK", kind: "text/plain; version=0.0.4", body }
    }

    /// Creates the answer of a stream of events, which is complete at once.
    pub(crate) fn events(body: &str) -> Self {
        Self { status: "200 OK", kind: "text/event-stream", body: body.to_owned() }
    }
}

/// Starts a server on a free port and returns its address. The threads end with the process.
pub(crate) fn serve<A: Into<Answer>>(answer: impl Fn(&Request) -> A + Send + Sync + 'static) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("a receiver: {error}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?.to_string();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A connection that the sender closes ends its thread with an error that does not matter.
            thread::spawn(move || drop(serve_connection(stream, &*answer)));
        }
    });
    Ok(address)
}

/// Answers the requests of a connection until it is closed.
fn serve_connection<A: Into<Answer>>(stream: TcpStream, answer: &dyn Fn(&Request) -> A) -> std::io::Result<()> {
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        let Answer { status, kind, body } = answer(&request).into();
        let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n", body.len());
        writer.write_all(format!("{head}{body}").as_bytes())?;
    }
    Ok(())
}

/// Reads a request with the header `content-length`. Returns `None` at the end of the connection.
fn read(reader: &mut impl BufRead) -> std::io::Result<Option<Request>> {
    let (mut path, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if path.is_none() {
            path = Some(line.split(' ').nth(1).unwrap_or_default().to_owned());
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap_or(0);
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = Vec::new();
    reader.by_ref().take(length).read_to_end(&mut body)?;
    Ok(Some(Request { path: path.unwrap_or_default(), body }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_of_one_connection_are_told_apart() {
        let mut text: &[u8] = b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nhost: x\r\n\r\n";
        let first = read(&mut text).unwrap().unwrap();
        assert_eq!((first.path.as_str(), first.body.as_slice()), ("/a", b"abc".as_slice()));
        let second = read(&mut text).unwrap().unwrap();
        assert_eq!((second.path.as_str(), second.body.len()), ("/b", 0));
        assert!(read(&mut text).unwrap().is_none());
    }
}
