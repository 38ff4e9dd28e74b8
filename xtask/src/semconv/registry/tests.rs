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
  - key: gen_ai.operation.name
    type: string
    brief: Three.
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
spans:
  - type: gen_ai.work
    kind: client
    name:
      note: >
        **Span name** SHOULD be `{a.one} {a.two}` if `a.two` is known, else `{a.one}`.
    brief: S
    note: >
      **Span kind** SHOULD be `CLIENT` and MAY be set to `INTERNAL`.
    stability: development
    attributes:
      - ref_group: outer
      - ref: gen_ai.operation.name
        note: SHOULD be `work`.
        sampling_relevant: true
      - ref: a.one
        sampling_relevant: true
      - ref: a.two
        requirement_level: opt_in
span_refinements:
  - id: acme.work
    ref: gen_ai.work
    brief: S
    stability: development
    attributes:
      - ref: acme.model
events:
  - name: e.one
    requirement_level: opt_in
    brief: E
    note: SHOULD set the severity to DEBUG (severity number 5).
    stability: development
    attributes:
      - ref_group: span.gen_ai.work
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
  - id: span.gen_ai.work.client
    type: span
    span_kind: internal
    brief: >
      S

      The `gen_ai.operation.name` SHOULD be one of `work`, or `play`.

      **Span name** SHOULD be `{a.one}`.
    stability: development
    extends: base
    attributes:
      - ref: a.two
        sampling_relevant: true
  - id: span.acme.work.client
    type: span
    span_kind: client
    brief: S
    stability: development
    extends: span.gen_ai.work.client
    attributes:
      - ref: acme.model
  - id: event.e.one
    name: e.one
    type: event
    brief: E
    note: This event is opt-in.
    stability: development
    extends: base
  - id: event.e.two
    name: e.two
    type: event
    brief: E
    stability: development
    attributes:
      - ref: a.two
        requirement_level: required
";

#[test]
fn a_later_reference_overrides_the_level_only_where_it_states_one() {
    let registry = registry(&[NEW]);
    let one = registry.attributes_of(&registry.metrics["m.one"]).unwrap();
    assert_eq!(one["a.one"].level, Requirement::Required);
    assert_eq!(one["a.two"].level, Requirement::Recommended);
    let two = registry.attributes_of(&registry.metrics["m.two"]).unwrap();
    assert_eq!(two["a.one"].level, Requirement::ConditionallyRequired);
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
    assert_eq!(carried["a.one"].level, Requirement::OptIn);
    assert_eq!(carried["a.two"].level, Requirement::Required);
}

#[test]
fn a_span_has_its_kind_names_operations_and_what_samplers_look_at() {
    let registry = registry(&[NEW]);
    let span = &registry.spans["gen_ai.work"];
    assert_eq!((span.kind.as_str(), span.may_be_internal), ("client", true));
    assert_eq!(span.names, ["{a.one} {a.two}", "{a.one}"]);
    assert_eq!(span.operations, ["work"]);
    let attributes = registry.attributes_of_span(span).unwrap();
    assert_eq!(attributes["a.one"], Wanted { level: Requirement::Required, at_start: true });
    assert_eq!(attributes["a.two"], Wanted { level: Requirement::OptIn, at_start: false });
    assert_eq!(registry.spans.len(), 1, "a refinement is no span of its own");
}

#[test]
fn an_old_span_may_say_all_in_its_brief() {
    let registry = registry(&[OLD]);
    let span = &registry.spans["gen_ai.work.client"];
    assert_eq!((span.kind.as_str(), span.may_be_internal), ("internal", false));
    assert_eq!(span.names, ["{a.one}"]);
    assert_eq!(span.operations, ["work", "play"]);
    let attributes = registry.attributes_of_span(span).unwrap();
    assert_eq!(attributes["a.one"], Wanted { level: Requirement::OptIn, at_start: false });
    assert_eq!(attributes["a.two"], Wanted { level: Requirement::Recommended, at_start: true });
    assert_eq!(registry.spans.len(), 1, "a span of one provider is left out");
}

#[test]
fn an_event_has_its_level_its_severity_and_what_it_shares_with_a_span() {
    let new = registry(&[NEW]);
    let event = &new.events["e.one"];
    assert_eq!((event.level, event.severity), (Requirement::OptIn, Some(5)));
    let shared = new.attributes_of_event(event).unwrap();
    assert_eq!(shared, new.attributes_of_span(&new.spans["gen_ai.work"]).unwrap());
    let old = registry(&[OLD]);
    assert_eq!((old.events["e.one"].level, old.events["e.one"].severity), (Requirement::OptIn, None));
    assert_eq!(old.events["e.two"].level, Requirement::Recommended);
    let own = old.attributes_of_event(&old.events["e.two"]).unwrap();
    assert_eq!(own["a.two"].level, Requirement::Required);
}

#[test]
fn unknown_sections_keys_levels_and_groups_are_refused() {
    let refused = |text: &str| Registry::default().read(&parse(text).unwrap()).unwrap_err();
    assert_eq!(refused("metrics: []\nsurprise: 2\n").line, 2);
    assert!(refused(&NEW.replace("note: keeps", "notion: keeps")).message.contains("`notion`"));
    assert!(refused(&NEW.replace("level: required", "level: desired")).message.contains("`desired`"));
    assert!(refused(&OLD.replace("type: metric", "type: metre")).message.contains("`metre`"));
    assert!(refused(&NEW.replace("kind: client", "kind: server-side")).message.contains("`server-side`"));
    assert!(refused(&NEW.replace("**Span name** SHOULD", "A name SHOULD")).message.contains("name of the span"));
    assert!(
        refused(&NEW.replace("sampling_relevant: true", "sampling_relevant: maybe")).message.contains("maybe` is not")
    );
    assert!(refused(&NEW.replace("ref: gen_ai.work", "ref: gen_ai.play")).message.contains("`gen_ai.play`"));
    assert!(refused(&NEW.replace("number 5", "number five")).message.contains("`five`"));
    assert!(refused(&NEW.replacen("type: string", "type: strang", 1)).message.contains("`strang`"));
    assert!(refused(&OLD.replace("id: span.gen_ai", "id: spun.gen_ai")).message.contains("`span.`"));
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
