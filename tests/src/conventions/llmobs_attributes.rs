//! The attributes that only llmobs defines, listed a second time by hand.

use self::AttributeType::Double;
use self::AttributeType::String;
use crate::semconv::definition::AttributeType;

/// Name, type, and allowed values; an empty list allows any value.
pub const LLMOBS_ATTRIBUTES: &[(&str, AttributeType, &[&str])] = &[
    ("llmobs.anomaly", String, &[]),
    ("llmobs.attempt.kind", String, &["first", "retry", "fallback", "hedge"]),
    ("llmobs.build.features", String, &[]),
    ("llmobs.build.level", String, &["core", "standard", "full"]),
    ("llmobs.build.profile", String, &["v1_41", "latest", "dual"]),
    ("llmobs.build.version", String, &[]),
    ("llmobs.cache.kind", String, &["exact", "semantic"]),
    ("llmobs.cache.result", String, &["hit", "miss"]),
    ("llmobs.collector.state", String, &["ok", "degraded", "no_driver", "no_device", "hung"]),
    ("llmobs.detector", String, &[]),
    ("llmobs.drop.reason", String, &[]),
    ("llmobs.energy.kind", String, &["request", "idle", "unattributed"]),
    ("llmobs.engine.id", String, &[]),
    (
        "llmobs.finish_reason",
        String,
        &["stop", "length", "content_filter", "tool_call", "error", "compaction", "_OTHER"],
    ),
    ("llmobs.gpu.call", String, &[]),
    ("llmobs.gpu.clock.domain", String, &["sm", "memory"]),
    ("llmobs.gpu.remap.cause", String, &[]),
    ("llmobs.gpu.throttle.reason", String, &["idle", "capped", "thermal", "hw", "config", "limit"]),
    ("llmobs.gpu.xid.code", String, &[]),
    ("llmobs.gpu.xid.severity", String, &["application", "warning", "fatal", "unknown"]),
    ("llmobs.label", String, &[]),
    ("llmobs.metric.group", String, &[]),
    ("llmobs.objective.name", String, &[]),
    ("llmobs.objective.result", String, &["good", "bad"]),
    ("llmobs.operation.outcome", String, &["completed", "failed", "cancelled", "rejected"]),
    (
        "llmobs.operation.state",
        String,
        &["preparing", "queued", "prefill", "decode", "blocked", "waiting", "streaming"],
    ),
    ("llmobs.phase.duration", Double, &[]),
    ("llmobs.phase.name", String, &[]),
    ("llmobs.queue.exit", String, &["scheduled", "cancelled", "timeout", "shed"]),
    ("llmobs.runtime.name", String, &[]),
    ("llmobs.signal", String, &["traces", "metrics", "logs"]),
    ("llmobs.starved.cause", String, &[]),
    ("llmobs.stall.cause", String, &["engine", "reader"]),
    ("llmobs.time_to_first_token", Double, &[]),
    ("llmobs.token.direction", String, &["input", "output"]),
    ("llmobs.token.kind", String, &["uncached", "cache_read", "cache_write", "text", "reasoning"]),
    ("llmobs.token.source", String, &["reported", "counted", "estimated"]),
    ("llmobs.token.waste", String, &["cancelled", "failed", "superseded"]),
];
