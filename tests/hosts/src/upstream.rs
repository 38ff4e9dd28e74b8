//! A model server on a loopback port, whose answer is scripted: the prompt of the request names it.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::Value;
use serde_json::json;
use tokio::io::AsyncReadExt;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::net::TcpStream;

/// The model of every request.
pub const MODEL: &str = "tiny";

/// The number of tokens of an answer that is not interrupted, and of its prompt.
pub const OUTPUT_TOKENS: usize = 4;
pub const INPUT_TOKENS: usize = 9;

/// The time between two tokens.
pub const TOKEN_TIME: Duration = Duration::from_millis(5);

/// The most tokens of an answer without an end, so that no test runs for long.
const MOST_TOKENS: usize = 2_000;

/// A scripted answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// A stream with a finish reason and the usage.
    Complete,
    /// One JSON document.
    Whole,
    /// The status 429.
    Limited,
    /// The same, and the connection breaks after its last event.
    Unterminated,
    /// A stream whose connection breaks after two tokens.
    Cut,
    /// A stream without an end.
    Endless,
    /// A stream that pauses for three seconds after two tokens.
    Pause,
    /// The status 503 for the first request, then as `Complete`.
    Busy,
}

impl Script {
    const ALL: [Self; 8] = [
        Self::Complete,
        Self::Unterminated,
        Self::Whole,
        Self::Limited,
        Self::Cut,
        Self::Endless,
        Self::Pause,
        Self::Busy,
    ];

    /// Returns the prompt that requests this answer.
    #[must_use]
    pub const fn prompt(self) -> &'static str {
        match self {
            Self::Complete => "complete, please",
            Self::Unterminated => "unterminated, please",
            Self::Whole => "whole, please",
            Self::Limited => "limited, please",
            Self::Cut => "cut, please",
            Self::Endless => "endless, please",
            Self::Pause => "pause, please",
            Self::Busy => "busy, please",
        }
    }

    /// Returns the body of a request for this answer.
    #[must_use]
    pub fn request(self) -> Value {
        let message = json!({ "role": "user", "content": self.prompt() });
        json!({ "model": MODEL, "stream": self != Self::Whole, "messages": [message] })
    }
}

/// The scripted server. It answers until the runtime of the test ends.
#[derive(Debug, Clone)]
pub struct Upstream {
    address: String,
    /// The head of each request, in lower case.
    heads: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    /// Starts a server on a free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("the port is bound").to_string();
        let upstream = Self { address, heads: Arc::default() };
        let heads = Arc::clone(&upstream.heads);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                // An error means that the other side has left, as it does after an endless answer.
                let heads = Arc::clone(&heads);
                tokio::spawn(async move { answer(socket, &heads).await.ok() });
            }
        });
        upstream
    }

    /// Returns the address of its chat endpoint.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/v1/chat/completions", self.address)
    }

    /// Returns the values of a header in the order of the requests.
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<String> {
        let start = format!("{name}: ");
        let heads = self.heads.lock().unwrap();
        heads
            .iter()
            .flat_map(|head| head.lines().filter_map(|line| line.strip_prefix(&start).map(str::to_owned)))
            .collect()
    }
}

async fn answer(mut socket: TcpStream, heads: &Mutex<Vec<String>>) -> io::Result<()> {
    let (head, body) = read_request(&mut socket).await?;
    let count_before = {
        let mut heads = heads.lock().unwrap();
        heads.push(head);
        heads.len() - 1
    };
    let script = Script::ALL.into_iter().find(|script| body.contains(script.prompt())).expect("a known prompt");
    match script {
        Script::Complete => complete_stream(&mut socket).await,
        Script::Unterminated => events(&mut socket).await,
        Script::Whole => whole(&mut socket, "200 OK", &whole_answer()).await,
        Script::Limited => whole(&mut socket, "429 Too Many Requests", &error("rate_limit_exceeded")).await,
        Script::Busy if count_before == 0 => {
            whole(&mut socket, "503 Service Unavailable", &error("server_overloaded")).await
        }
        Script::Busy => complete_stream(&mut socket).await,
        Script::Cut => tokens(&mut socket, 2).await,
        Script::Endless => tokens(&mut socket, MOST_TOKENS).await,
        Script::Pause => {
            tokens(&mut socket, 2).await?;
            tokio::time::sleep(Duration::from_secs(3)).await;
            tokens(&mut socket, 0).await
        }
    }
}

/// Returns the head in lower case, and the body.
async fn read_request(socket: &mut TcpStream) -> io::Result<(String, String)> {
    let mut received = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Ok((head, body.to_owned()));
            }
        }
        if socket.read_buf(&mut received).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

async fn whole(socket: &mut TcpStream, status: &str, body: &Value) -> io::Result<()> {
    let body = body.to_string();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close");
    let text = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    socket.write_all(text.as_bytes()).await
}

async fn complete_stream(socket: &mut TcpStream) -> io::Result<()> {
    events(socket).await?;
    socket.write_all(b"0\r\n\r\n").await
}

/// Writes the head and all events of a stream.
async fn events(socket: &mut TcpStream) -> io::Result<()> {
    tokens(socket, OUTPUT_TOKENS).await?;
    event(socket, &json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] }).to_string()).await?;
    event(socket, &json!({ "choices": [], "usage": usage() }).to_string()).await?;
    event(socket, "[DONE]").await
}

/// Writes the head and the first tokens of a stream.
async fn tokens(socket: &mut TcpStream, count: usize) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close";
    socket.write_all(format!("{head}\r\n\r\n").as_bytes()).await?;
    for _ in 0..count {
        tokio::time::sleep(TOKEN_TIME).await;
        event(socket, &json!({ "choices": [{ "index": 0, "delta": { "content": "red " } }] }).to_string()).await?;
    }
    Ok(())
}

async fn event(socket: &mut TcpStream, data: &str) -> io::Result<()> {
    let event = format!("data: {data}\n\n");
    socket.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).await
}

fn whole_answer() -> Value {
    let message = json!({ "role": "assistant", "content": "red ".repeat(OUTPUT_TOKENS) });
    let choice = json!({ "index": 0, "message": message, "finish_reason": "stop" });
    json!({ "model": MODEL, "choices": [choice], "usage": usage() })
}

fn usage() -> Value {
    json!({ "prompt_tokens": INPUT_TOKENS, "completion_tokens": OUTPUT_TOKENS })
}

fn error(code: &str) -> Value {
    json!({ "error": { "code": code, "message": "a text of the provider" } })
}
