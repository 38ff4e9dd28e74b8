//! Checks of resources, which identify the exporting service.

use llmobs::semconv::attribute as a;
use opentelemetry_proto::tonic::resource::v1::Resource;

use super::Conventions;
use super::Findings;
use super::Violation;
use crate::semconv::definition::Requirement;

/// The attributes of the entities `service`, `service.instance`, `telemetry.sdk` and `deployment`.
const RESOURCE_ATTRIBUTES: &[(&str, Requirement)] = &[
    (a::DEPLOYMENT_ENVIRONMENT_NAME, Requirement::Recommended),
    (a::SERVICE_INSTANCE_ID, Requirement::Required),
    (a::SERVICE_NAME, Requirement::Required),
    (a::SERVICE_NAMESPACE, Requirement::Recommended),
    (a::SERVICE_VERSION, Requirement::Recommended),
    (a::TELEMETRY_SDK_LANGUAGE, Requirement::Required),
    (a::TELEMETRY_SDK_NAME, Requirement::Required),
    (a::TELEMETRY_SDK_VERSION, Requirement::Required),
];

impl Conventions {
    /// Returns all violations of a resource without user-defined attributes.
    pub fn check_resource(&self, resource: &Resource) -> Vec<Violation> {
        let mut findings = Findings::new("resource");
        self.check_attributes(&mut findings, &resource.attributes, RESOURCE_ATTRIBUTES);
        findings.violations
    }
}
