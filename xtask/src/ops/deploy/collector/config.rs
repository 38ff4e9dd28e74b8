//! A configuration of the collector: its components and pipelines.

use std::collections::BTreeSet;

use serde_json::Value;

use super::components;
use crate::ops::deploy::yaml;

/// A merged configuration.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) value: Value,
    pub(super) pipelines: Vec<Pipeline>,
}

/// A pipeline, with the names of its components.
#[derive(Debug)]
pub(super) struct Pipeline {
    pub(super) name: String,
    pub(super) receivers: Vec<String>,
    pub(super) processors: Vec<String>,
    pub(super) exporters: Vec<String>,
}

impl Pipeline {
    /// Returns the signal: `traces` of `traces/in`.
    pub(super) fn signal(&self) -> &str {
        components::type_of(&self.name)
    }

    /// Returns true if the pipeline has a processor of the type.
    pub(super) fn has_processor(&self, kind: &str) -> bool {
        self.processors.iter().any(|name| components::type_of(name) == kind)
    }
}

impl Config {
    pub(super) fn new(value: Value) -> Self {
        let names = |pipeline: &Value, key: &str| {
            yaml::texts(pipeline, &[key]).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        let pipelines = yaml::entries(&value, &["service", "pipelines"])
            .map(|(name, pipeline)| Pipeline {
                name: name.to_owned(),
                receivers: names(pipeline, "receivers"),
                processors: names(pipeline, "processors"),
                exporters: names(pipeline, "exporters"),
            })
            .collect();
        Self { value, pipelines }
    }

    /// Returns the settings of a component.
    pub(super) fn component(&self, kind: &str, name: &str) -> Option<&Value> {
        yaml::at(&self.value, &[kind, name])
    }

    pub(super) fn is_connector(&self, name: &str) -> bool {
        self.component("connectors", name).is_some()
    }

    /// Returns the names of the components of a type: `otlp_grpc/tempo` for `otlp_grpc`.
    pub(super) fn of_type<'a>(&'a self, kind: &'a str, of: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
        yaml::entries(&self.value, &[kind]).filter(move |(name, _)| components::type_of(name) == of)
    }

    /// Returns each pipeline that receives data of the network or of files, not of a connector.
    pub(super) fn entry_pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.pipelines.iter().filter(|pipeline| pipeline.receivers.iter().any(|name| !self.is_connector(name)))
    }

    /// Returns the pipelines whose data reach a pipeline through connectors, and itself.
    pub(super) fn upstream<'a>(&'a self, pipeline: &'a Pipeline) -> Vec<&'a Pipeline> {
        let mut found = vec![pipeline];
        let mut names: BTreeSet<&str> = [pipeline.name.as_str()].into();
        let mut next = 0;
        while let Some(current) = found.get(next).copied() {
            for connector in current.receivers.iter().filter(|name| self.is_connector(name)) {
                for from in self.pipelines.iter().filter(|from| from.exporters.contains(connector)) {
                    if names.insert(&from.name) {
                        found.push(from);
                    }
                }
            }
            next += 1;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pipelines_before_a_connector_are_upstream() {
        let text = "connectors: {forward/a: {}}
service:
  pipelines:
    traces/in: {receivers: [otlp], processors: [x], exporters: [forward/a]}
    traces/out: {receivers: [forward/a], exporters: [debug]}
    logs: {receivers: [otlp], exporters: [debug]}
";
        let config = Config::new(yaml::parse("test", text).unwrap());
        let out = config.pipelines.iter().find(|pipeline| pipeline.name == "traces/out").unwrap();
        let names: Vec<&str> = config.upstream(out).iter().map(|pipeline| pipeline.name.as_str()).collect();
        assert_eq!(names, ["traces/out", "traces/in"]);
        assert_eq!(config.entry_pipelines().count(), 2);
    }
}
