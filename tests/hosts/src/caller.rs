//! The caller of a host. It has a trace of its own, as a service in front of the host has.

use std::net::SocketAddr;

use futures_util::StreamExt;
use llmobs_tests::metrics_page::Page;
use llmobs_tests::waiting::eventually;

use crate::upstream::Script;

/// The trace and the span of the caller.
pub const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
pub const SPAN: &str = "b7ad6b7169203331";

/// An answer as the caller received it.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub text: String,
    /// False if the connection broke.
    pub is_whole: bool,
}

/// A caller of one host.
#[derive(Debug)]
pub struct Caller {
    http: reqwest::Client,
    host: String,
}

impl Caller {
    #[must_use]
    pub fn new(host: SocketAddr) -> Self {
        Self { http: reqwest::Client::new(), host: format!("http://{host}") }
    }

    /// Makes a call and reads the answer to its end.
    pub async fn call(&self, script: Script) -> Answer {
        let answer = self.send(script).await;
        let status = answer.status().as_u16();
        let (mut bytes, mut text, mut is_whole) = (answer.bytes_stream(), String::new(), true);
        while let Some(part) = bytes.next().await {
            match part {
                Ok(part) => text.push_str(&String::from_utf8_lossy(&part)),
                Err(_) => is_whole = false,
            }
        }
        Answer { status, text, is_whole }
    }

    /// Makes a call whose answer has no end, and disconnects after the first bytes.
    pub async fn leave(&self) {
        let mut answer = self.send(Script::Endless).await;
        let first = answer.chunk().await.expect("the connection works");
        assert!(first.is_some_and(|bytes| !bytes.is_empty()), "the answer has begun");
    }

    /// Makes one call of each end: complete, refused, cut by the upstream, abandoned by the caller.
    pub async fn make_calls(&self) {
        let complete = self.call(Script::Complete).await;
        assert_eq!((complete.status, complete.is_whole), (200, true), "{complete:?}");
        let limited = self.call(Script::Limited).await;
        assert_eq!((limited.status, limited.is_whole), (429, true), "{limited:?}");
        let cut = self.call(Script::Cut).await;
        assert_eq!((cut.status, cut.is_whole), (200, false), "{cut:?}");
        self.leave().await;
    }

    /// Returns the metrics page of the host once this number of calls has ended. A host notices only a moment later that
    /// its caller has left.
    pub async fn page_after(&self, calls: u64) -> String {
        eventually("the calls have ended", async || {
            let page = self.page().await;
            (Page::parse(&page).count("llmobs_operation_ended_total", &[]) == calls).then_some(page)
        })
        .await
    }

    async fn page(&self) -> String {
        let page = self.http.get(format!("{}/metrics", self.host)).send().await.expect("the host answers");
        assert_eq!(page.status(), 200);
        page.text().await.expect("the page is text")
    }

    async fn send(&self, script: Script) -> reqwest::Response {
        let request = self.http.post(format!("{}/v1/chat/completions", self.host)).json(&script.request());
        let request = request.header("traceparent", format!("00-{TRACE}-{SPAN}-01"));
        request.send().await.expect("the host answers")
    }
}
