//! A minimal HTTP/1.1 client that reads each chunk as soon as it has arrived, so that measured times are arrival times.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncBufReadExt;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::io::BufReader;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Time limit for a complete answer, and for each chunk of a streamed one.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// A response that was read completely.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: String,
}

impl Reply {
    /// Returns the value of the first header with this name; `None` if there is none. `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Returns the body as JSON. Panics if the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

pub async fn get(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Reply {
    request(address, "GET", path, headers, "").await
}

pub async fn post(address: SocketAddr, path: &str, body: &str) -> Reply {
    post_with(address, path, &[], body).await
}

pub async fn post_with(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    request(address, "POST", path, headers, body).await
}

/// Sends a request on a new connection and reads the whole answer. Panics without an answer within 60 seconds, if the body
/// is not UTF-8, and if the answer has neither a content length nor a chunked body, as answers to `HEAD` and with status
/// 204 or 304 have.
pub async fn request(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
    let exchange = async {
        let mut response = Response::send(address, method, path, headers, body).await;
        let mut bytes = Vec::new();
        while let Some(chunk) = response.read_chunk().await {
            bytes.extend(chunk);
        }
        let body = String::from_utf8(bytes).expect("the body is text");
        Reply { status: response.status, headers: response.headers, body }
    };
    tokio::time::timeout(REQUEST_TIMEOUT, exchange).await.expect("an answer before the timeout")
}

/// A response whose body is still being received.
struct Response {
    socket: BufReader<TcpStream>,
    status: u16,
    headers: Vec<(String, String)>,
    /// Remaining bytes of a body of known length; `None` for a chunked body.
    remaining: Option<usize>,
}

impl Response {
    async fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Self {
        let mut socket = TcpStream::connect(address).await.expect("the service accepts connections");
        let extra: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{extra}\r\n",
            body.len()
        );
        // A service that rejects a body may close the connection before reading all of it.
        let _ = socket.write_all([head.as_bytes(), body.as_bytes()].concat().as_slice()).await;
        let mut socket = BufReader::new(socket);
        let status = read_line(&mut socket).await;
        let status =
            status.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("the response has a status line");
        let mut headers = Vec::new();
        loop {
            let line = read_line(&mut socket).await;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let length = headers.iter().find(|(name, _)| name == "content-length");
        let remaining = length.map(|(_, value)| value.parse().expect("the content length is a number"));
        Self { socket, status, headers, remaining }
    }

    /// Returns the next chunk of the body, or `None` at its end.
    async fn read_chunk(&mut self) -> Option<Vec<u8>> {
        let size = match self.remaining.replace(0) {
            Some(remaining) => remaining,
            None => {
                self.remaining = None;
                usize::from_str_radix(&read_line(&mut self.socket).await, 16).expect("a chunk has a size")
            }
        };
        let mut chunk = vec![0; size];
        self.socket.read_exact(&mut chunk).await.expect("the announced number of bytes");
        if self.remaining.is_none() {
            assert_eq!(read_line(&mut self.socket).await, "", "a chunk ends with a line break");
        }
        (size > 0).then_some(chunk)
    }
}

async fn read_line(socket: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    socket.read_line(&mut line).await.expect("the socket is readable");
    assert!(line.ends_with("\r\n"), "the connection ended: {line:?}");
    line.trim_end().to_owned()
}

/// A streamed answer with the arrival times of its tokens.
pub struct StreamedAnswer {
    response: Response,
    /// Bytes of an incomplete event.
    partial_event: String,
    sent_at: Instant,
    /// The time at which each event with a text was read, also with an empty one; the last event of a text completion,
    /// which has a finish reason, does not count. It is the time of its arrival, unless `read_to_end` paused.
    pub token_times: Vec<Instant>,
    /// The last usage that a chunk contained; `Null` before it.
    pub usage: Value,
    /// The last error that a chunk contained; `Null` before it.
    pub error: Value,
    pub finish_reason: Option<String>,
    /// True once `[DONE]` was received.
    pub is_done: bool,
}

impl StreamedAnswer {
    /// Sends a request and reads the head of the answer. Panics if the status is not 200.
    pub async fn open(address: SocketAddr, path: &str, body: &Value) -> Self {
        let sent_at = Instant::now();
        let response = Response::send(address, "POST", path, &[], &body.to_string()).await;
        assert_eq!(response.status, 200);
        Self {
            response,
            partial_event: String::new(),
            sent_at,
            token_times: Vec::new(),
            usage: Value::Null,
            error: Value::Null,
            finish_reason: None,
            is_done: false,
        }
    }

    /// Reads until the next event with a text has arrived, with all events of its chunk, and returns true; returns false
    /// at the end of the stream, after which it must not be called again. Panics if no chunk arrives within 60 seconds, if
    /// the connection ends before the stream, and for an event that does not begin with `data: `.
    pub async fn read_token(&mut self) -> bool {
        let before = self.token_times.len();
        while self.token_times.len() == before {
            let chunk = tokio::time::timeout(REQUEST_TIMEOUT, self.response.read_chunk())
                .await
                .expect("a chunk before the timeout");
            let Some(chunk) = chunk else { return false };
            let now = Instant::now();
            self.partial_event.push_str(&String::from_utf8(chunk).expect("events are text"));
            while let Some((event, rest)) = self.partial_event.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.process_event(&event, now);
                self.partial_event = rest;
            }
        }
        true
    }

    /// Reads to the end, with a pause after each chunk that has texts. Panics as [`read_token`](Self::read_token) does.
    pub async fn read_to_end(&mut self, pause: Duration) {
        while self.read_token().await {
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    fn process_event(&mut self, event: &str, now: Instant) {
        let data = event.strip_prefix("data: ").unwrap_or_else(|| panic!("an event without data: {event}"));
        if data == "[DONE]" {
            self.is_done = true;
            return;
        }
        let chunk: Value = serde_json::from_str(data).expect("a chunk is JSON");
        let choice = &chunk["choices"][0];
        if choice["delta"]["content"].is_string() || choice["text"].is_string() && choice["finish_reason"].is_null() {
            self.token_times.push(now);
        }
        if let Some(reason) = choice["finish_reason"].as_str() {
            self.finish_reason = Some(reason.to_owned());
        }
        if !chunk["usage"].is_null() {
            self.usage = chunk["usage"].clone();
        }
        if !chunk["error"].is_null() {
            self.error = chunk["error"].clone();
        }
    }

    /// Returns the time from before the connection was opened to the first event with a text, in seconds. Panics if none
    /// was read.
    pub fn time_to_first_token(&self) -> f64 {
        self.token_times[0].duration_since(self.sent_at).as_secs_f64()
    }

    /// Returns the times between events with a text, in seconds.
    pub fn gaps(&self) -> Vec<f64> {
        gaps(&self.token_times)
    }
}

/// Returns the times between consecutive moments, in seconds.
pub fn gaps(moments: &[Instant]) -> Vec<f64> {
    moments.windows(2).map(|pair| pair[1].duration_since(pair[0]).as_secs_f64()).collect()
}
