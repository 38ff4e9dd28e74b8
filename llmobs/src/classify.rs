//! Classification of errors of providers, transports and engines into the closed list of error types.

use crate::semconv::value::ErrorType;

impl ErrorType {
    /// Returns the error type for an HTTP status; `None` for a status below 400.
    ///
    /// ```
    /// use llmobs::ErrorType;
    ///
    /// assert_eq!(ErrorType::from_http_status(429), Some(ErrorType::RateLimited));
    /// assert_eq!(ErrorType::from_http_status(200), None);
    /// ```
    #[must_use]
    pub const fn from_http_status(status: u16) -> Option<Self> {
        match status {
            0..=399 => None,
            401 | 403 => Some(Self::Authentication),
            408 | 504 => Some(Self::Timeout),
            429 => Some(Self::RateLimited),
            // 499 is the status with which nginx reports that the client closed the connection.
            499 => Some(Self::Cancelled),
            400..=498 => Some(Self::InvalidRequest),
            // 529 is the status with which Anthropic reports an overloaded service.
            503 | 529 => Some(Self::Overloaded),
            500..=599 => Some(Self::Upstream),
            _ => Some(Self::Other),
        }
    }

    /// Returns the error type for an error text: an engine's message or a provider's JSON body. Only the first 2,000
    /// characters are searched, without regard to case, and the text is not stored. Returns `None` if the text contains
    /// no known pattern.
    ///
    /// ```
    /// use llmobs::ErrorType;
    ///
    /// let engine = "CUDA out of memory. Tried to allocate 2.50 GiB";
    /// assert_eq!(ErrorType::from_text(engine), Some(ErrorType::OutOfMemory));
    /// let body = r#"{"error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    /// assert_eq!(ErrorType::from_text(body), Some(ErrorType::Overloaded));
    /// ```
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        let head: String = text.chars().take(SCANNED_CHARS).collect::<String>().to_ascii_lowercase();
        PATTERNS
            .iter()
            .find(|(_, patterns)| patterns.iter().any(|pattern| head.contains(pattern)))
            .map(|(error_type, _)| *error_type)
    }
}

/// The number of characters that are searched. The error type is near the start of a text; later characters may be an
/// echo of the prompt.
const SCANNED_CHARS: usize = 2_000;

/// The patterns for each error type. The first entry with a match decides, so specific patterns precede general ones:
/// "CUDA out of memory" is `OutOfMemory`, "CUDA error: device-side assert triggered" is `Inference`.
const PATTERNS: &[(ErrorType, &[&str])] = &[
    (
        ErrorType::OutOfMemory,
        &[
            "out of memory",
            "cuda_error_out_of_memory",
            "cublas_status_alloc_failed",
            "no available memory for the cache",
        ],
    ),
    (
        ErrorType::Authentication,
        &["invalid_api_key", "authentication_error", "permission_error", "permission_denied", "unauthenticated"],
    ),
    (ErrorType::ContentFilter, &["content_filter", "content_policy_violation", "responsibleaipolicyviolation"]),
    (
        ErrorType::RateLimited,
        &["rate_limit", "insufficient_quota", "resource_exhausted", "throttlingexception", "too many requests"],
    ),
    (ErrorType::Overloaded, &["overloaded", "model is currently loading", "queue is full", "at capacity"]),
    (
        ErrorType::InvalidRequest,
        &[
            "invalid_request",
            "context_length_exceeded",
            "invalid_argument",
            "validationexception",
            "model_not_found",
            "not_found_error",
        ],
    ),
    (ErrorType::Timeout, &["timed out", "timeout", "deadline exceeded", "deadline_exceeded"]),
    (
        ErrorType::Inference,
        &[
            "cuda error",
            "cublas_status",
            "device-side assert",
            "illegal memory access",
            "nccl error",
            "nan logits",
            "engine_dead",
            "enginedeaderror",
        ],
    ),
    (
        ErrorType::Upstream,
        &["api_error", "server_error", "bad gateway", "connection refused", "connection reset", "internalservererror"],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_classifier_maps_http_statuses() {
        for (status, expected) in [
            (200, None),
            (400, Some(ErrorType::InvalidRequest)),
            (401, Some(ErrorType::Authentication)),
            (404, Some(ErrorType::InvalidRequest)),
            (408, Some(ErrorType::Timeout)),
            (429, Some(ErrorType::RateLimited)),
            (499, Some(ErrorType::Cancelled)),
            (500, Some(ErrorType::Upstream)),
            (503, Some(ErrorType::Overloaded)),
            (529, Some(ErrorType::Overloaded)),
            (700, Some(ErrorType::Other)),
        ] {
            assert_eq!(ErrorType::from_http_status(status), expected, "{status}");
        }
    }

    #[test]
    fn a_classifier_maps_provider_error_bodies() {
        for (body, expected) in [
            (r#"{"error":{"code":"context_length_exceeded"}}"#, ErrorType::InvalidRequest),
            (r#"{"error":{"type":"rate_limit_error"}}"#, ErrorType::RateLimited),
            (r#"{"error":{"status":"RESOURCE_EXHAUSTED"}}"#, ErrorType::RateLimited),
            (r#"{"error":{"code":"invalid_api_key"}}"#, ErrorType::Authentication),
            (r#"{"error":{"code":"content_filter"}}"#, ErrorType::ContentFilter),
        ] {
            assert_eq!(ErrorType::from_text(body), Some(expected), "{body}");
        }
    }

    #[test]
    fn a_classifier_maps_engine_messages() {
        for (message, expected) in [
            ("torch.cuda.OutOfMemoryError: CUDA out of memory", Some(ErrorType::OutOfMemory)),
            ("CUDA error: device-side assert triggered", Some(ErrorType::Inference)),
            ("operation timed out after 30s", Some(ErrorType::Timeout)),
            ("the moon is full", None),
        ] {
            assert_eq!(ErrorType::from_text(message), expected, "{message}");
        }
    }

    #[test]
    fn only_the_start_of_a_text_is_searched() {
        let echo = format!("{}CUDA out of memory", "x".repeat(SCANNED_CHARS));
        assert_eq!(ErrorType::from_text(&echo), None);
    }
}
