//! Tests of spans beside other versions of OpenTelemetry than that of llmobs.
