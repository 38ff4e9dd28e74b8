//! Export over gRPC: splits the requests of one signal, sends and retries them.

use std::sync::Arc;

use super::request::split;
use super::retry_sender::RetrySender;
use super::transport::GrpcRequest;
use super::transport::GrpcTransport;

/// An exporter of requests over gRPC.
#[derive(Debug)]
pub(super) struct GrpcExporter {
    pub(super) transport: GrpcTransport,
    pub(super) sender: Arc<RetrySender>,
}

impl GrpcExporter {
    /// Sends a request, in parts if it is larger than 4 MiB. Returns whether the collector accepted all parts. Runs on
    /// the export thread.
    pub(super) async fn export<R: GrpcRequest>(&self, request: R) -> bool {
        let mut all_accepted = true;
        for part in split(request, R::encoded_len) {
            let attempt = || self.transport.send(part.clone());
            all_accepted &= self.sender.send(part.item_count(), attempt).await;
        }
        all_accepted
    }
}
