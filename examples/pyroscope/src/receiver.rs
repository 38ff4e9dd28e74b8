//! The [`Receiver`], which takes the place of a Pyroscope server: it accepts profiles on loopback and keeps them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::io::Read;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use flate2::read::GzDecoder;
use prost::Message;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

mod wire;

/// The largest uncompressed push, in bytes.
const MAX_PUSH: u64 = 64 << 20;

/// The samples of one stack, as the server receives them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Samples {
    /// The labels of the profile and the tags of the samples.
    pub labels: BTreeMap<String, String>,
    /// The processor time of the samples, in nanoseconds.
    pub nanoseconds: i64,
    /// The names of the functions on the stack, beginning with the innermost.
    pub functions: Vec<String>,
}

impl Samples {
    /// Returns the value of a label or tag.
    #[must_use]
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.get(name).map(String::as_str)
    }
}

type Received = Arc<Mutex<Vec<Samples>>>;

/// A server on loopback that accepts the pushes of a Pyroscope agent.
pub struct Receiver {
    url: String,
    received: Received,
    // Dropped with the receiver, which ends the server.
    _runtime: Runtime,
}

impl Receiver {
    /// Starts the server on a free port.
    ///
    /// # Errors
    ///
    /// Returns an error if the port or the thread of the server cannot be opened.
    pub fn start() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_io().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let url = format!("http://{}", listener.local_addr()?);
        let received = Received::default();
        let routes = Router::new().route("/push.v1.PusherService/Push", post(push)).with_state(Arc::clone(&received));
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Ok(Self { url, received, _runtime: runtime })
    }

    /// Returns the URL of the server.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the samples that were received so far.
    #[must_use]
    pub fn samples(&self) -> Vec<Samples> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver").field("url", &self.url).finish_non_exhaustive()
    }
}

/// Accepts one push. A body that is not a gzipped push with profiles in the pprof format is refused with 400.
async fn push(State(received): State<Received>, body: Bytes) -> StatusCode {
    let mut uncompressed = Vec::new();
    if GzDecoder::new(&body[..]).take(MAX_PUSH).read_to_end(&mut uncompressed).is_err() {
        return StatusCode::BAD_REQUEST;
    }
    match decode(&uncompressed) {
        Ok(samples) => {
            received.lock().unwrap_or_else(PoisonError::into_inner).extend(samples);
            StatusCode::OK
        }
        Err(_) => StatusCode::BAD_REQUEST,
    }
}

fn decode(push: &[u8]) -> Result<Vec<Samples>, prost::DecodeError> {
    let mut samples = Vec::new();
    for series in wire::PushRequest::decode(push)?.series {
        let labels: BTreeMap<_, _> = series.labels.into_iter().map(|label| (label.name, label.value)).collect();
        for raw in series.samples {
            let profile = wire::Profile::decode(&raw.raw_profile[..])?;
            samples.extend(profile.sample.iter().map(|sample| Samples {
                labels: labels.clone().into_iter().chain(profile.tags(sample)).collect(),
                nanoseconds: sample.value.first().copied().unwrap_or_default(),
                functions: profile.functions(sample),
            }));
        }
    }
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_is_read_with_the_labels_of_its_profile_and_the_tags_of_its_samples() {
        let profile = wire::Profile {
            sample: vec![wire::Sample {
                location_id: vec![8, 7],
                value: vec![20_000_000],
                label: vec![wire::Label { key: 1, text: 2 }],
            }],
            location: vec![
                wire::Location { id: 7, line: vec![wire::Line { function_id: 1 }] },
                wire::Location { id: 8, line: vec![wire::Line { function_id: 2 }] },
            ],
            function: vec![wire::Function { id: 1, name: 3 }, wire::Function { id: 2, name: 4 }],
            string_table: ["", "phase", "decode", "main", "dot"].map(str::to_owned).to_vec(),
        };
        let push = wire::PushRequest {
            series: vec![wire::Series {
                labels: vec![wire::LabelPair { name: "service_name".to_owned(), value: "chat".to_owned() }],
                samples: vec![wire::RawSample { raw_profile: profile.encode_to_vec() }],
            }],
        };
        let samples = decode(&push.encode_to_vec()).unwrap();
        let [samples] = &samples[..] else { panic!("{samples:?}") };
        assert_eq!((samples.label("service_name"), samples.label("phase")), (Some("chat"), Some("decode")));
        assert_eq!(samples.nanoseconds, 20_000_000);
        assert_eq!(samples.functions, ["dot", "main"]);
    }
}
