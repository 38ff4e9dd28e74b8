//! The body of a response to a scrape, compressed with gzip if the scraper accepts that and the feature `gzip` is
//! enabled.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::Context;
use std::task::Poll;

use bytes::Bytes;
use http::HeaderMap;
use http::header::ACCEPT_ENCODING;
use http_body::Body;
use http_body::Frame;
use http_body::SizeHint;

/// The body of a response of an [`Endpoint`](super::Endpoint).
#[derive(Debug, Default)]
pub struct PageBody(Option<Bytes>);

impl PageBody {
    /// Returns a body with this text.
    pub(super) fn text(text: String) -> Self {
        Self(Some(text.into()).filter(|text: &Bytes| !text.is_empty()))
    }

    /// Returns a body with this text, compressed, if the headers of the request accept gzip and the feature `gzip` is
    /// enabled; otherwise returns the text.
    pub(super) fn compressed(text: String, request: &HeaderMap) -> Result<Self, String> {
        match accepts_gzip(request).then(|| gzip(&text)).flatten() {
            Some(bytes) => Ok(Self(Some(bytes.into()))),
            None => Err(text),
        }
    }
}

impl Body for PageBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

/// Returns whether `Accept-Encoding` names gzip with a quality above 0.
fn accepts_gzip(request: &HeaderMap) -> bool {
    let codings = request.get_all(ACCEPT_ENCODING).into_iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|value| value.split(',')).any(|coding| {
        let (name, parameters) = coding.split_once(';').unwrap_or((coding, ""));
        let quality = parameters.trim().strip_prefix("q=").map_or(Ok(1.0), |quality| quality.trim().parse::<f32>());
        name.trim().eq_ignore_ascii_case("gzip") && quality.is_ok_and(|quality| quality > 0.0)
    })
}

#[cfg(feature = "gzip")]
fn gzip(text: &str) -> Option<Vec<u8>> {
    crate::gzip::compress(text.as_bytes()).ok()
}

#[cfg(not(feature = "gzip"))]
const fn gzip(_: &str) -> Option<Vec<u8>> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_accepted_only_if_the_header_names_it() {
        let accepts = |value: &str| accepts_gzip(&HeaderMap::from_iter([(ACCEPT_ENCODING, value.parse().unwrap())]));
        for value in ["gzip", "GZIP", "deflate, gzip", "gzip;q=0.5", "br;q=1.0, gzip; q=0.8"] {
            assert!(accepts(value), "{value}");
        }
        for value in ["", "identity", "gzip;q=0", "gzip;q=0.0", "deflate", "xgzip", "*", "gzip;q=many"] {
            assert!(!accepts(value), "{value}");
        }
        assert!(!accepts_gzip(&HeaderMap::new()));
    }
}
