//! The values of a series, one a minute: their short form in the table of cases, and the form of promtool.

/// A value, or none if the scrape has none.
pub(super) type Value = Option<f64>;

/// Parses segments such as `0x5` (5 times 0), `0+60x20` (20 values from 0 in steps of 60), `_x3` (3 missing values) and `7`.
/// The last segment goes on to `length` values.
pub(super) fn parse(text: &str, length: usize) -> Result<Vec<Value>, String> {
    let mut values: Vec<Value> = Vec::new();
    let mut last = (None, 0.0);
    for segment in text.split_whitespace() {
        let wrong = || format!("`{segment}` is no segment of values");
        let (body, count) = match segment.split_once('x') {
            Some((body, count)) => (body, count.parse::<usize>().map_err(|_| wrong())?),
            None => (segment, 1),
        };
        let (start, step) = match body.split_once('+') {
            Some((start, step)) => (start, step.parse::<f64>().map_err(|_| wrong())?),
            None => (body, 0.0),
        };
        let mut value = match start {
            "_" => None,
            start => Some(start.parse::<f64>().map_err(|_| wrong())?),
        };
        for _ in 0..count {
            values.push(value);
            last = (value, step);
            value = value.map(|value| value + step);
        }
    }
    let (mut value, step) = last;
    while values.len() < length {
        value = value.map(|value| value + step);
        values.push(value);
    }
    values.truncate(length);
    Ok(values)
}

/// Returns the values as promtool reads them, with runs of equal steps in short form.
pub(super) fn write(values: &[Value]) -> String {
    let mut parts = Vec::new();
    let mut index = 0;
    while index < values.len() {
        let run = run_length(&values[index..]);
        let part = match (values[index], values.get(index + 1).copied().flatten()) {
            (None, _) => format!("_x{run}"),
            (Some(value), Some(next)) if run > 1 => {
                let step = next - value;
                let sign = if step < 0.0 { '-' } else { '+' };
                format!("{value}{sign}{}x{}", step.abs(), run - 1)
            }
            (Some(value), _) => format!("{value}"),
        };
        parts.push(part);
        index += run;
    }
    parts.join(" ")
}

/// Returns the number of values at the beginning that have equal steps, or are missing.
#[expect(clippy::float_cmp, reason = "a step that differs in the last digit begins another run")]
fn run_length(values: &[Value]) -> usize {
    let Some(first) = values[0] else {
        return values.iter().take_while(|value| value.is_none()).count();
    };
    let Some(&Some(second)) = values.get(1) else { return 1 };
    let step = second - first;
    // promtool adds the step repeatedly, so a run is exact only if these sums are.
    let mut sum = second;
    let mut length = 2;
    while let Some(Some(next)) = values.get(length) {
        sum += step;
        if sum != *next {
            break;
        }
        length += 1;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_become_values_and_the_last_goes_on() {
        let values = parse("1 0x2 0+5x2 _x1 7", 8).unwrap();
        assert_eq!(values, [Some(1.0), Some(0.0), Some(0.0), Some(0.0), Some(5.0), None, Some(7.0), Some(7.0)]);
        assert_eq!(parse("0+1x2", 4).unwrap(), [Some(0.0), Some(1.0), Some(2.0), Some(3.0)]);
        assert!(parse("zero", 3).is_err());
    }

    #[test]
    fn runs_are_short() {
        assert_eq!(write(&parse("0x5 0+60x3 _x2 9", 11).unwrap()), "0+0x5 60+60x1 _x2 9");
    }
}
