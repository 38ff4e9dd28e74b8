//! Tests of the errors of the builder.

use llmobs::BuildError;
use llmobs::Observer;

use super::fixture::observer;

/// Returns the setter and the name that the error of a builder contains.
fn refused(observer: &Observer, model: &str, priorities: &[&str], limit: Option<&str>) -> (&'static str, String) {
    let builder = observer.admission(model).priorities(priorities.iter().copied());
    let builder = limit.into_iter().fold(builder, |builder, priority| builder.limit(priority, 1));
    match builder.build() {
        Err(BuildError::InvalidLabel { setter, name, reason }) => {
            assert!(!reason.is_empty());
            (setter, name)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn invalid_names_are_errors_with_the_setter_also_for_a_disabled_observer() {
    for observer in [observer(), Observer::disabled()] {
        let refused = |model, priorities: &[&str], limit| refused(&observer, model, priorities, limit);
        let priority = |name: &str| ("priorities", name.to_owned());
        assert_eq!(refused("", &["a"], None), ("admission", String::new()));
        assert_eq!(refused("a\nb", &["a"], None), ("admission", "a\nb".to_owned()));
        assert_eq!(refused("m", &["a", ""], None), priority(""));
        assert_eq!(refused("m", &["a\u{7}"], None), priority("a\u{7}"));
        assert_eq!(refused("m", &["_OTHER"], None), priority("_OTHER"));
        assert_eq!(refused("m", &["a", "b", "a"], None), priority("a"));
        assert_eq!(refused("m", &["1", "2", "3", "4", "5", "6", "7", "8", "9"], None), priority("9"));
        assert_eq!(refused("m", &["a"], Some("b")), ("limit", "b".to_owned()));
        assert!(observer.admission("m").priorities(["1", "2", "3", "4", "5", "6", "7", "8"]).build().is_ok());
    }
}

#[test]
fn all_admissions_together_have_at_most_the_label_sets_that_the_backend_keeps() {
    // One priority and `_OTHER`, with eleven decisions each: 45 admissions have 990 label sets.
    let observer = Observer::builder().model("m").series_limit(1_000).build().unwrap();
    let models: Vec<String> = (0..45).map(|index| format!("m{index}")).collect();
    let admissions: Vec<_> = models.iter().map(|model| observer.admission(model).build().unwrap()).collect();
    assert_eq!(refused(&observer, "further", &[], None), ("priorities", "further".to_owned()));
    drop(admissions);
    assert!(observer.admission("further").build().is_ok(), "an admission that ended needs no room");
}
