//! The resource: the attributes that identify the service that sends the telemetry.

use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::IdGenerator;
use opentelemetry_sdk::trace::RandomIdGenerator;

use super::endpoint::percent_decode;
use super::environment::Environment;
use super::environment::Warnings;

const SERVICE_NAME: &str = "service.name";
const SERVICE_INSTANCE_ID: &str = "service.instance.id";

/// Returns the resource. Attributes set in code override `OTEL_SERVICE_NAME`, which overrides
/// `OTEL_RESOURCE_ATTRIBUTES`, which overrides the detected attributes.
pub(super) fn resource(from_code: &[KeyValue], environment: &Environment, warnings: &mut Warnings) -> Resource {
    let executable = std::env::current_exe().ok();
    let executable = executable.as_ref().and_then(|path| path.file_name()).and_then(|name| name.to_str());
    let detected = [
        KeyValue::new(
            SERVICE_NAME,
            executable.map_or_else(|| "unknown_service".to_owned(), |name| format!("unknown_service:{name}")),
        ),
        // Without an instance id, two replicas would write to the same series.
        KeyValue::new(SERVICE_INSTANCE_ID, random_uuid()),
    ];
    let from_variable = environment.get("OTEL_SERVICE_NAME").map(|name| KeyValue::new(SERVICE_NAME, name.to_owned()));
    Resource::builder_empty()
        .with_detector(Box::new(TelemetryResourceDetector))
        .with_attributes(detected)
        .with_attributes(environment_attributes(environment, warnings))
        .with_attributes(from_variable)
        .with_attributes(from_code.iter().cloned())
        .build()
}

/// Returns the attributes of `OTEL_RESOURCE_ATTRIBUTES`: `name=value` pairs separated by commas, with percent-encoded
/// values.
fn environment_attributes(environment: &Environment, warnings: &mut Warnings) -> Vec<KeyValue> {
    const NAME: &str = "OTEL_RESOURCE_ATTRIBUTES";
    let pairs = environment.get(NAME).unwrap_or_default().split(',').map(str::trim).filter(|pair| !pair.is_empty());
    let mut parse = |pair: &str| match pair.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Some(KeyValue::new(name.trim().to_owned(), percent_decode(value.trim())))
        }
        _ => {
            warnings.add(NAME, format!("`{pair}` does not have the form `name=value` and is ignored"));
            None
        }
    };
    pairs.filter_map(&mut parse).collect()
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

    fn service_name_and_warnings(from_code: &[KeyValue], pairs: &[(&str, &str)]) -> (String, Vec<String>) {
        let pairs = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut warnings = Warnings::default();
        let resource = resource(from_code, &Environment::from_pairs(pairs), &mut warnings);
        let name = resource.get(&Key::from_static_str(SERVICE_NAME)).unwrap();
        (name.to_string(), warnings.as_slice().to_vec())
    }

    #[test]
    fn the_service_name_is_read_from_the_code_then_its_variable_then_the_resource_attributes() {
        let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "service.name=third,team=a%20b");
        let variable = ("OTEL_SERVICE_NAME", "second");
        let code = [KeyValue::new(SERVICE_NAME, "first")];
        assert_eq!(service_name_and_warnings(&code, &[attributes, variable]).0, "first");
        assert_eq!(service_name_and_warnings(&[], &[attributes, variable]).0, "second");
        assert_eq!(service_name_and_warnings(&[], &[attributes]).0, "third");
        assert!(service_name_and_warnings(&[], &[]).0.starts_with("unknown_service"));
    }

    #[test]
    fn an_invalid_attribute_is_ignored_with_a_warning() {
        let (name, warnings) =
            service_name_and_warnings(&[], &[("OTEL_RESOURCE_ATTRIBUTES", "service.name=x,oops,,=y")]);
        assert_eq!((name.as_str(), warnings.len()), ("x", 2));
    }

    #[test]
    fn every_instance_id_is_a_new_uuid() {
        let id = random_uuid();
        assert_eq!((id.len(), &id[14..15]), (36, "4"));
        assert_ne!(id, random_uuid());
    }
}
