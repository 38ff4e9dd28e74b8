//! The files with which Grafana finds the boards and the data sources.

/// Returns the `ConfigMap` of a board, with the label by which Grafana's sidecar finds it.
pub(super) fn config_map(name: &str, board: &str) -> String {
    format!(
        "# Do not edit: `cargo xtask ops` writes this file.\n\
         apiVersion: v1\n\
         kind: ConfigMap\n\
         metadata:\n  name: {name}\n  labels:\n    grafana_dashboard: \"1\"\n    app.kubernetes.io/part-of: llmobs\n\
         data:\n  {name}.json: |-\n    {board}\n"
    )
}

/// Returns the provider of boards: Grafana reads all files of the folder.
pub(super) fn dashboards() -> String {
    "# Do not edit: `cargo xtask ops` writes this file.\n\
     # Copy to /etc/grafana/provisioning/dashboards, and the folder `dashboards` to /var/lib/grafana/dashboards/llmobs.\n\
     apiVersion: 1\n\
     providers:\n\
     \x20 - name: llmobs\n\
     \x20   type: file\n\
     \x20   folder: llmobs\n\
     \x20   updateIntervalSeconds: 30\n\
     \x20   allowUiUpdates: false\n\
     \x20   options:\n\
     \x20     path: /var/lib/grafana/dashboards/llmobs\n"
        .to_owned()
}

/// Returns the data sources, with the links from exemplars and log lines to traces, and from traces to logs.
pub(super) fn data_sources() -> String {
    "# Do not edit: `cargo xtask ops` writes this file.\n\
     # Copy to /etc/grafana/provisioning/datasources. `$$` is a dollar sign; Grafana replaces `${NAME}` by the environment.\n\
     apiVersion: 1\n\
     datasources:\n\
     \x20 - name: Prometheus\n\
     \x20   type: prometheus\n\
     \x20   uid: prometheus\n\
     \x20   access: proxy\n\
     \x20   url: http://prometheus:9090\n\
     \x20   isDefault: true\n\
     \x20   jsonData:\n\
     \x20     httpMethod: POST\n\
     \x20     # The interval of scrapes: the least interval of rates is four of them.\n\
     \x20     timeInterval: 15s\n\
     \x20     # Prometheus keeps exemplars with --enable-feature=exemplar-storage.\n\
     \x20     exemplarTraceIdDestinations:\n\
     \x20       - name: trace_id\n\
     \x20         datasourceUid: tempo\n\
     \x20 - name: Tempo\n\
     \x20   type: tempo\n\
     \x20   uid: tempo\n\
     \x20   access: proxy\n\
     \x20   url: http://tempo:3200\n\
     \x20   jsonData:\n\
     \x20     tracesToLogsV2:\n\
     \x20       datasourceUid: loki\n\
     \x20       spanStartTimeShift: -5m\n\
     \x20       spanEndTimeShift: 5m\n\
     \x20       tags:\n\
     \x20         - key: service.name\n\
     \x20           value: service_name\n\
     \x20       filterByTraceID: true\n\
     \x20     tracesToMetrics:\n\
     \x20       datasourceUid: prometheus\n\
     \x20     nodeGraph:\n\
     \x20       enabled: true\n\
     \x20 - name: Loki\n\
     \x20   type: loki\n\
     \x20   uid: loki\n\
     \x20   access: proxy\n\
     \x20   url: http://loki:3100\n\
     \x20   jsonData:\n\
     \x20     derivedFields:\n\
     \x20       # The trace id is structured metadata of a line that came over OTLP, ...\n\
     \x20       - name: trace_id\n\
     \x20         matcherType: label\n\
     \x20         matcherRegex: trace_id\n\
     \x20         url: $${__value.raw}\n\
     \x20         datasourceUid: tempo\n\
     \x20       # ... and a field of a JSON line that an agent read.\n\
     \x20       - name: trace_id in JSON\n\
     \x20         matcherRegex: '\"trace_id\":\"(\\w+)\"'\n\
     \x20         url: $${__value.raw}\n\
     \x20         datasourceUid: tempo\n"
        .to_owned()
}
