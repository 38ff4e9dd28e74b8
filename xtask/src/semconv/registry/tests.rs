use super::*;
use crate::semconv::yaml::parse;

fn registry(files: &[&str]) -> Registry {
    let mut registry = Registry::default();
    for file in files {
        registry.read(&parse(file).unwrap()).unwrap();
    }
    registry
}

const NEW: &str = "
attributes:
  - key: a.one
    type: string
    brief: One
    stability: stable
  - key: a.two
    type:
      members:
        - id: old
          value: \"new\"
          brief: Old
          deprecated:
            reason: renamed
          stability: stable
        - id: new
          value: \"new\"
          brief: New
          stability: stable
    brief: Two.
    stability: development
attribute_groups:
  - id: inner
    attributes:
      - ref: a.one
        requirement_level: required
  - id: outer
    attributes:
      - ref_group: inner
      - ref: a.two
metrics:
  - name: m.one
    brief: M
    instrument: counter
    unit: \"1\"
    stability: development
    annotations:
      code_generation:
        metric_value_type: int
    attributes:
      - ref_group: outer
      - ref: a.one
        note: keeps its level
  - name: m.two
    brief: M
    instrument: counter
    unit: \"1\"
    stability: development
    annotations:
      code_generation:
        metric_value_type: int
    attributes:
      - ref_group: outer
      - ref: a.one
        requirement_level:
          conditionally_required: If there is one.
";

const OLD: &str = "
groups:
  - id: registry.x
    type: attribute_group
    brief: X
    attributes:
      - id: a.one
        type: int
        brief: One
        stability: stable
      - id: a.two
        type: int
        brief: Two
        stability: stable
  - id: base
    type: attribute_group
    brief: Base
    attributes:
      - ref: a.one
        requirement_level: opt_in
  - id: metric.m
    type: metric
    metric_name: m
    annotations:
      code_generation:
        metric_value_type: double
    brief: M
    instrument: histogram
    unit: s
    stability: development
    extends: base
    attributes:
      - ref: a.two
        requirement_level: required
";

#[test]
fn a_later_reference_overrides_the_level_only_where_it_states_one() {
    let registry = registry(&[NEW]);
    let one = registry.attributes_of(&registry.metrics["m.one"]).unwrap();
    assert_eq!(one["a.one"], Requirement::Required);
    assert_eq!(one["a.two"], Requirement::Recommended);
    let two = registry.attributes_of(&registry.metrics["m.two"]).unwrap();
    assert_eq!(two["a.one"], Requirement::ConditionallyRequired);
}

#[test]
fn a_deprecated_member_is_left_out() {
    let registry = registry(&[NEW]);
    let members = &registry.attributes["a.two"].members;
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].brief, "New.");
}

#[test]
fn an_old_metric_carries_the_group_it_extends_and_its_own_attributes() {
    let registry = registry(&[OLD]);
    let carried = registry.attributes_of(&registry.metrics["m"]).unwrap();
    assert_eq!(carried["a.one"], Requirement::OptIn);
    assert_eq!(carried["a.two"], Requirement::Required);
}

#[test]
fn unknown_sections_keys_levels_and_groups_are_refused() {
    let refused = |text: &str| Registry::default().read(&parse(text).unwrap()).unwrap_err();
    assert_eq!(refused("metrics: []\nsurprise: 2\n").line, 2);
    assert!(refused(&NEW.replace("note: keeps", "notion: keeps")).message.contains("`notion`"));
    assert!(refused(&NEW.replace("level: required", "level: desired")).message.contains("`desired`"));
    assert!(refused(&OLD.replace("type: metric", "type: metre")).message.contains("`metre`"));
    let dangling = registry(&[&NEW.replace("ref_group: inner", "ref_group: other")]);
    assert!(dangling.attributes_of(&dangling.metrics["m.one"]).unwrap_err().contains("`other`"));
    let undefined = registry(&[&NEW.replace("ref: a.two", "ref: a.three")]);
    assert!(undefined.attributes_of(&undefined.metrics["m.one"]).unwrap_err().contains("`a.three`"));
    let circle = registry(&[&NEW.replace("ref_group: inner", "ref_group: outer")]);
    assert!(circle.attributes_of(&circle.metrics["m.one"]).unwrap_err().contains("circle"));
}

#[test]
fn the_same_name_may_not_be_defined_twice() {
    let mut twice = registry(&[NEW]);
    assert!(twice.read(&parse(NEW).unwrap()).is_err());
}
