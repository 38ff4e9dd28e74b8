//! The components of the collector that the kit uses, and the names that must not be used.

/// The version of the distribution `otelcol-contrib` whose components these are.
pub(super) const VERSION: &str = "0.159.0";

/// The kinds of components, as the keys of a configuration.
pub(super) const KINDS: [&str; 5] = ["receivers", "processors", "exporters", "connectors", "extensions"];

/// The types that may be used, by kind. All are part of the distribution.
const ALLOWED: &[(&str, &[&str])] = &[
    ("receivers", &["file_log", "host_metrics", "k8s_events", "otlp", "prometheus"]),
    (
        "processors",
        &[
            "cardinality_guardian",
            "filter",
            "k8s_attributes",
            "memory_limiter",
            "redaction",
            "resource_detection",
            "tail_sampling",
            "transform",
        ],
    ),
    ("exporters", &["debug", "elasticsearch", "load_balancing", "otlp_grpc", "otlp_http", "prometheus_remote_write"]),
    ("connectors", &["forward", "span_metrics"]),
    ("extensions", &["file_storage", "health_check"]),
];

/// Types that are deprecated or removed, by kind, and the name or way to use instead.
const REPLACED: &[(&str, &str, &str)] = &[
    ("receivers", "filelog", "file_log"),
    ("receivers", "hostmetrics", "host_metrics"),
    ("receivers", "k8sobjects", "k8s_objects"),
    ("processors", "batch", "`sending_queue.batch` of each exporter"),
    ("processors", "k8sattributes", "k8s_attributes"),
    ("processors", "resourcedetection", "resource_detection"),
    ("processors", "spanmetrics", "the connector span_metrics"),
    ("processors", "routing", "the connector routing"),
    ("exporters", "otlp", "otlp_grpc"),
    ("exporters", "otlphttp", "otlp_http"),
    ("exporters", "loadbalancing", "load_balancing"),
    ("exporters", "prometheusremotewrite", "prometheus_remote_write"),
    ("exporters", "loki", "otlp_http to the path /otlp of Loki"),
    ("exporters", "jaeger", "otlp_grpc"),
    ("exporters", "logging", "debug"),
    ("connectors", "spanmetrics", "span_metrics"),
    ("connectors", "servicegraph", "service_graph"),
];

/// Returns the type of a component's name: `otlp_grpc` of `otlp_grpc/tempo`.
pub(super) fn type_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

/// Fails with the reason if a component's type may not be used.
pub(super) fn judge(kind: &str, name: &str) -> Result<(), String> {
    let kind_of = type_of(name);
    if let Some((.., instead)) = REPLACED.iter().find(|(of, old, _)| *of == kind && *old == kind_of) {
        return Err(format!("`{name}` is deprecated or removed; use {instead}"));
    }
    let allowed = ALLOWED.iter().find(|(of, _)| *of == kind).is_some_and(|(_, types)| types.contains(&kind_of));
    if allowed { Ok(()) } else { Err(format!("`{name}` is no type of the list for {kind} of version {VERSION}")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deprecated_name_is_refused_with_its_successor() {
        for (kind, old, instead) in REPLACED {
            let error = judge(kind, &format!("{old}/x")).unwrap_err();
            assert!(error.contains(instead), "{error}");
        }
        assert_eq!(judge("receivers", "otlp"), Ok(()), "the receiver kept its name");
        assert!(judge("exporters", "otlp").is_err());
    }

    #[test]
    fn an_unknown_type_is_refused() {
        assert!(judge("processors", "tail_samplng").unwrap_err().contains(VERSION));
        assert_eq!(judge("processors", "transform/drop_content"), Ok(()));
    }
}
