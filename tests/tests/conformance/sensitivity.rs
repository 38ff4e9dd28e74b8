//! The sensitivity of the conventions' attributes.

use llmobs::content::Sensitivity;

use llmobs_tests::semconv::attribute;
use llmobs_tests::semconv::definition::AttributeType;

#[test]
fn every_text_attribute_of_the_conventions_has_a_sensitivity() {
    let conventions = [attribute::V1_41, attribute::LATEST, attribute::HARDWARE, attribute::CORE].concat();
    let text = |kind| !matches!(kind, AttributeType::Boolean | AttributeType::Double | AttributeType::Int);
    let open = conventions.iter().filter(|attribute| text(attribute.kind) && attribute.values.is_empty());
    let unclassified: Vec<_> =
        open.map(|attribute| attribute.name).filter(|name| Sensitivity::of_attribute(name).is_none()).collect();
    assert!(unclassified.is_empty(), "{unclassified:?}");
}
