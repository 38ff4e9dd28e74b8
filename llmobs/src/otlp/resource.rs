//! The resource: the attributes that identify the service that sends the telemetry.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::IdGenerator;
use opentelemetry_sdk::trace::RandomIdGenerator;

use super::endpoint::percent_decoded;
use super::environment::Environment;
use super::environment::Warnings;

const SERVICE_NAME: &str = "service.name";
const SERVICE_INSTANCE: &str = "service.instance.id";

/// Returns the resource. Attributes set in code override `OTEL_SERVICE_NAME`, which overrides
/// `OTEL_RESOURCE_ATTRIBUTES`, which overrides the detected attributes.
pub(super) fn resource(chosen: &[KeyValue], environment: &Environment, notes: &mut Warnings) -> Resource {
    let executable = std::env::current_exe().ok();
    let executable = executable.as_ref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
    let known = [
        KeyValue::new(
            SERVICE_NAME,
            executable.map_or_else(|| "unknown_service".to_owned(), |name| format!("unknown_service:{name}")),
        ),
        // Without an instance id, two replicas would write to the same series.
        KeyValue::new(SERVICE_INSTANCE, random_uuid()),
    ];
    let named = environment.get("OTEL_SERVICE_NAME").map(|name| KeyValue::new(SERVICE_NAME, name.to_owned()));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(known)
        .with_attributes(environment_attributes(environment, notes))
        .with_attributes(named)
        .with_attributes(chosen.iter().cloned())
        .build()
}

/// Returns the attributes of `OTEL_RESOURCE_ATTRIBUTES`: `name=value` pairs separated by commas, with percent-encoded
/// values.
fn environment_attributes(environment: &Environment, notes: &mut Warnings) -> Vec<KeyValue> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let pairs = environment.get(NAME).unwrap_or_default().split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let mut read = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Some(KeyValue::new(name.trim().to_owned(), percent_decoded(value.trim())))
        }
        _ => {
            notes.add(NAME, format!("`{pair}` does not have the form `name=value` and is ignored"));
            None
        }
    };
    pairs.filter_map(&mut read).collect()
}

/// Returns a random UUID of version 4 (RFC 9562), from the SDK's random number generator.
fn random_uuid() -> String {
    let mut bytes = RandomIdGenerator::default().new_trace_id().to_bytes();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use opentelemetry::Key;

    use super::*;

    fn named(chosen: &[KeyValue], pairs: &[(&str, &str)]) -> (String, Vec<String>) {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut notes = Warnings::default();
        let resource = resource(chosen, &Environment::from_pairs(pairs), &mut notes);
        let name = resource.get(&Key::from_static_str(SERVICE_NAME)).unwrap();
        (name.to_string(), notes.as_slice().to_vec())
    }

    #[test]
    fn the_services_name_is_that_of_the_code_then_its_variable_then_the_attributes() {
        let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=third,team=a%20b");
        let variable = ("OTEL_SERVICE_NAME", "second");
        let code = [KeyValue::new(SERVICE_NAME, "first")];
        assert_eq!(named(&code, &[attributes, variable]).0, "first");
        assert_eq!(named(&[], &[attributes, variable]).0, "second");
        assert_eq!(named(&[], &[attributes]).0, "third");
        assert!(named(&[], &[]).0.starts_with("unknown_service"));
    }

    #[test]
    fn what_is_no_pair_is_named() {
        let (name, notes) = named(&[], &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,oops,,=y")]);
        assert_eq!((name.as_str(), notes.len()), ("x", 2));
    }

    #[test]
    fn an_instance_has_an_id_of_its_own() {
        let one = random_uuid();
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert_ne!(one, random_uuid());
    }
}
