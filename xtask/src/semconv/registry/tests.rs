use super::*;

fn registry(files: &[&str]) -> Registry {
    let mut registry = Registry::default();
    for file in files {
        registry.add_file(File::parse(file).unwrap()).unwrap();
    }
    registry
}

const CURRENT_FORMAT: &str = "
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

const LEGACY_FORMAT: &str = "
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
    let registry = registry(&[CURRENT_FORMAT]);
    let one = registry.metric_attributes(&registry.metrics["m.one"]).unwrap();
    assert_eq!(one["a.one"].level, Requirement::Required);
    assert_eq!(one["a.two"].level, Requirement::Recommended);
    let two = registry.metric_attributes(&registry.metrics["m.two"]).unwrap();
    assert_eq!(two["a.one"].level, Requirement::ConditionallyRequired);
}

#[test]
fn a_deprecated_member_is_omitted() {
    let registry = registry(&[CURRENT_FORMAT]);
    let members = &registry.attributes["a.two"].members;
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].brief, "New.");
}

#[test]
fn a_legacy_metric_has_its_own_attributes_and_those_of_the_group_it_extends() {
    let registry = registry(&[LEGACY_FORMAT]);
    let attributes = registry.metric_attributes(&registry.metrics["m"]).unwrap();
    assert_eq!(attributes["a.one"].level, Requirement::OptIn);
    assert_eq!(attributes["a.two"].level, Requirement::Required);
}

#[test]
fn a_span_has_its_kind_names_operations_and_sampling_relevant_attributes() {
    let registry = registry(&[CURRENT_FORMAT]);
    let span = &registry.spans["gen_ai.work"];
    assert_eq!((span.kind, span.may_be_internal), (SpanKind::Client, true));
    assert_eq!(span.span_names, ["{a.one} {a.two}", "{a.one}"]);
    assert_eq!(span.operation_names, ["work"]);
    let attributes = registry.span_attributes(span).unwrap();
    assert_eq!(attributes["a.one"], AttributeRequirement { level: Requirement::Required, at_start: true });
    assert_eq!(attributes["a.two"], AttributeRequirement { level: Requirement::OptIn, at_start: false });
    assert_eq!(registry.spans.len(), 1, "a refinement is not stored as a span");
}

#[test]
fn a_legacy_span_may_be_described_in_its_brief_alone() {
    let registry = registry(&[LEGACY_FORMAT]);
    let span = &registry.spans["gen_ai.work.client"];
    assert_eq!((span.kind, span.may_be_internal), (SpanKind::Internal, false));
    assert_eq!(span.span_names, ["{a.one}"]);
    assert_eq!(span.operation_names, ["work", "play"]);
    let attributes = registry.span_attributes(span).unwrap();
    assert_eq!(attributes["a.one"], AttributeRequirement { level: Requirement::OptIn, at_start: false });
    assert_eq!(attributes["a.two"], AttributeRequirement { level: Requirement::Recommended, at_start: true });
    assert_eq!(registry.spans.len(), 1, "a span of one provider is not stored");
}

#[test]
fn an_event_has_its_level_severity_and_the_attributes_it_shares_with_a_span() {
    let new = registry(&[CURRENT_FORMAT]);
    let event = &new.events["e.one"];
    assert_eq!((event.level, event.severity), (Requirement::OptIn, Some(5)));
    let shared = new.event_attributes(event).unwrap();
    assert_eq!(shared, new.span_attributes(&new.spans["gen_ai.work"]).unwrap());
    let old = registry(&[LEGACY_FORMAT]);
    assert_eq!((old.events["e.one"].level, old.events["e.one"].severity), (Requirement::OptIn, None));
    assert_eq!(old.events["e.two"].level, Requirement::Recommended);
    let own = old.event_attributes(&old.events["e.two"]).unwrap();
    assert_eq!(own["a.two"].level, Requirement::Required);
}

#[test]
fn unknown_sections_keys_levels_and_groups_are_rejected() {
    let load_error = |text: &str| File::parse(text).and_then(|file| Registry::default().add_file(file)).unwrap_err();
    let error = load_error("metrics: []\nsurprise: 2\n");
    assert!(error.starts_with("2: ") && error.contains("`surprise`"), "{error}");
    assert!(load_error(&CURRENT_FORMAT.replace("note: keeps", "notion: keeps")).contains("`notion`"));
    assert!(load_error(&CURRENT_FORMAT.replace("level: required", "level: desired")).contains("`desired`"));
    assert!(load_error(&LEGACY_FORMAT.replace("type: metric", "type: metre")).contains("`metre`"));
    assert!(load_error(&CURRENT_FORMAT.replace("kind: client", "kind: server-side")).contains("`server-side`"));
    assert!(load_error(&CURRENT_FORMAT.replace("**Span name** SHOULD", "A name SHOULD")).contains("name of the span"));
    let error = load_error(&CURRENT_FORMAT.replacen("sampling_relevant: true", "sampling_relevant: maybe", 1));
    assert!(error.starts_with("75: ") && error.contains("boolean"), "{error}");
    assert!(load_error(&CURRENT_FORMAT.replace("ref: gen_ai.work", "ref: gen_ai.play")).contains("`gen_ai.play`"));
    assert!(load_error(&CURRENT_FORMAT.replace("number 5", "number five")).contains("`five`"));
    assert!(load_error(&CURRENT_FORMAT.replacen("type: string", "type: strang", 1)).contains("`strang`"));
    assert!(load_error(&LEGACY_FORMAT.replace("id: span.gen_ai", "id: spun.gen_ai")).contains("`span.`"));
    let dangling = registry(&[&CURRENT_FORMAT.replace("ref_group: inner", "ref_group: other")]);
    assert!(dangling.metric_attributes(&dangling.metrics["m.one"]).unwrap_err().contains("`other`"));
    let undefined = registry(&[&CURRENT_FORMAT.replace("ref: a.two", "ref: a.three")]);
    assert!(undefined.metric_attributes(&undefined.metrics["m.one"]).unwrap_err().contains("`a.three`"));
    let cyclic = registry(&[&CURRENT_FORMAT.replace("ref_group: inner", "ref_group: outer")]);
    assert!(cyclic.metric_attributes(&cyclic.metrics["m.one"]).unwrap_err().contains("cycle"));
}

#[test]
fn the_same_name_may_not_be_defined_twice() {
    let mut twice = registry(&[CURRENT_FORMAT]);
    assert!(twice.add_file(File::parse(CURRENT_FORMAT).unwrap()).is_err());
}

#[test]
fn an_unknown_key_is_named_in_every_structure_of_both_formats() {
    for text in [CURRENT_FORMAT, LEGACY_FORMAT] {
        for (index, line) in text.lines().enumerate() {
            let Some((key, value)) = line.split_once(':').filter(|(key, _)| key.starts_with(' ')) else {
                continue;
            };
            // The level of a condition, and what is ignored.
            if key.ends_with("_required") || ["deprecated", "reason"].contains(&key.trim()) {
                continue;
            }
            let changed = text.lines().enumerate().map(|(other, line)| match other == index {
                true => format!("{key}_surprise:{value}\n"),
                false => format!("{line}\n"),
            });
            let error = File::parse(&changed.collect::<String>()).unwrap_err();
            let name = key.trim_start_matches([' ', '-']);
            // An old group without its type is rejected for that.
            let missing = name == "type" && error.contains("missing field `type`");
            assert!(missing || error.contains(&format!("`{name}_surprise`")), "{line}: {error}");
        }
    }
}

#[test]
fn an_empty_file_and_a_key_that_is_given_twice_are_rejected() {
    assert!(File::parse("").is_err());
    assert!(File::parse("file_format: 1\nmetrics: []\nmetrics: []\n").unwrap_err().starts_with("3: "));
}
