//! The checks of names, units and texts in the definition of a metric. They run at compile time if the definition is a
//! `static` or a `const`.

/// The maximum length of a name in bytes, as in OpenTelemetry.
const MAX_NAME_BYTES: usize = 255;

/// The maximum length of a unit in bytes, as in OpenTelemetry.
const MAX_UNIT_BYTES: usize = 63;

/// Checks the name of a metric, an attribute or a group.
pub(crate) const fn check_name(name: &str) {
    let bytes = name.as_bytes();
    assert!(!bytes.is_empty(), "a name must not be empty");
    assert!(bytes.len() <= MAX_NAME_BYTES, "a name must have at most 255 bytes");
    assert!(bytes[0].is_ascii_lowercase(), "a name must begin with a lower case letter");
    let mut index = 0;
    while index < bytes.len() {
        let byte = bytes[index];
        assert!(
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'.',
            "a name must consist of lower case letters, digits, `_` and `.`"
        );
        let ends_segment = byte == b'.';
        assert!(
            !(ends_segment && (index + 1 == bytes.len() || bytes[index + 1] == b'.')),
            "a name must not contain an empty segment"
        );
        index += 1;
    }
}

/// Checks the attributes of a metric: their names, that no name occurs twice, and that none is a label that Prometheus
/// adds to histograms and summaries.
pub(crate) const fn check_attributes(attributes: &[&str]) {
    let mut index = 0;
    while index < attributes.len() {
        check_name(attributes[index]);
        assert!(
            !is_same_label(attributes[index], "le") && !is_same_label(attributes[index], "quantile"),
            "`le` and `quantile` are labels of Prometheus itself"
        );
        let mut earlier = 0;
        while earlier < index {
            assert!(
                !is_same_label(attributes[earlier], attributes[index]),
                "an attribute occurs twice (Prometheus replaces `.` by `_`)"
            );
            earlier += 1;
        }
        index += 1;
    }
}

/// Checks a unit in UCUM notation; empty for a metric without a unit.
pub(crate) const fn check_unit(unit: &str) {
    let bytes = unit.as_bytes();
    assert!(bytes.len() <= MAX_UNIT_BYTES, "a unit must have at most 63 bytes");
    let mut index = 0;
    while index < bytes.len() {
        assert!(bytes[index].is_ascii_graphic(), "a unit must consist of visible ASCII characters");
        index += 1;
    }
}

/// Checks the description of a metric.
pub(crate) const fn check_description(description: &str) {
    let bytes = description.as_bytes();
    assert!(!bytes.is_empty(), "a description must not be empty");
    let mut index = 0;
    while index < bytes.len() {
        assert!(!bytes[index].is_ascii_control(), "a description must not contain control characters");
        index += 1;
    }
}

/// Checks the bucket bounds of a histogram.
pub(crate) const fn check_bounds(bounds: &[f64]) {
    assert!(!bounds.is_empty(), "a histogram must have a bucket bound");
    let mut index = 0;
    while index < bounds.len() {
        assert!(bounds[index].is_finite(), "a bucket bound must be finite");
        assert!(index == 0 || bounds[index - 1] < bounds[index], "bucket bounds must ascend");
        index += 1;
    }
}

/// Returns whether two texts are equal.
pub(crate) const fn is_same_text(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if one[index] != other[index] {
            return false;
        }
        index += 1;
    }
    true
}

/// Returns whether two attributes are the same label in Prometheus.
const fn is_same_label(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut index = 0;
    while index < one.len() {
        if to_label_byte(one[index]) != to_label_byte(other[index]) {
            return false;
        }
        index += 1;
    }
    true
}

const fn to_label_byte(byte: u8) -> u8 {
    if byte == b'.' { b'_' } else { byte }
}
