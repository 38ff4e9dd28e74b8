//! Exact decimals: amounts of money are parsed from their text, never from floating-point numbers.

/// Parses a decimal that is not negative, such as `2.5`, `1_000` or `1.25e-06`, and returns it times 10 to the power of
/// `scale`. Returns an error if it is not such a number, has more decimals than `scale`, or is too large.
pub(super) fn parse_exact(text: &str, scale: i32) -> Result<u64, &'static str> {
    let scaled = Scaled::parse(text, scale)?;
    if scaled.remainder == Remainder::None { Ok(scaled.integer) } else { Err("has too many decimals") }
}

/// Parses like [`parse_exact`], and rounds a number with more decimals, half up.
pub(super) fn parse_rounded(text: &str, scale: i32) -> Result<u64, &'static str> {
    let scaled = Scaled::parse(text, scale)?;
    let is_up = scaled.remainder == Remainder::HalfOrMore;
    scaled.integer.checked_add(u64::from(is_up)).ok_or("is too large")
}

/// A decimal number times a power of ten, cut to an integer.
struct Scaled {
    integer: u64,
    /// The digits that were cut off.
    remainder: Remainder,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Remainder {
    None,
    UnderHalf,
    HalfOrMore,
}

impl Scaled {
    fn parse(text: &str, scale: i32) -> Result<Self, &'static str> {
        const NOT_A_NUMBER: &str = "is not a decimal number of at least 0";
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i32 = exponent.parse().map_err(|_| NOT_A_NUMBER)?;
        if exponent.unsigned_abs() > 100 {
            return Err("has an exponent beyond 100");
        }
        let mantissa = mantissa.strip_prefix('+').unwrap_or(mantissa);
        let (whole, decimals) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = || whole.bytes().chain(decimals.bytes()).filter(|byte| *byte != b'_');
        if digits().next().is_none() || !digits().all(|digit| digit.is_ascii_digit()) {
            return Err(NOT_A_NUMBER);
        }
        let whole_digits = whole.bytes().filter(|byte| *byte != b'_').count();
        // The number of digits that belong to the integer: those of the whole part, moved by the exponent and the scale.
        let wanted = i32::try_from(whole_digits).map_err(|_| NOT_A_NUMBER)? + exponent + scale;
        let (mut integer, mut remainder, mut position) = (0_u64, Remainder::None, 0_i32);
        for digit in digits().map(|byte| byte - b'0') {
            if position < wanted {
                integer =
                    integer.checked_mul(10).and_then(|tens| tens.checked_add(digit.into())).ok_or("is too large")?;
            } else if position == wanted && digit >= 5 {
                remainder = Remainder::HalfOrMore;
            } else if digit > 0 && remainder == Remainder::None {
                remainder = Remainder::UnderHalf;
            }
            position += 1;
        }
        for _ in position..wanted {
            integer = integer.checked_mul(10).ok_or("is too large")?;
        }
        Ok(Self { integer, remainder })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::proptest;

    use super::*;

    #[test]
    fn decimals_are_exact() {
        let exact: &[(&str, i32, u64)] = &[
            ("2.5", 9, 2_500_000_000),
            ("0.1", 9, 100_000_000),
            ("+1_000", 0, 1_000),
            ("1.25e-06", 15, 1_250_000_000),
            ("3E+2", 0, 300),
            ("0", 9, 0),
            ("0.000000001", 9, 1),
            (".5", 1, 5),
            ("7.", 0, 7),
            ("5e-9", 9, 5),
            ("0.10", 1, 1),
        ];
        for (text, scale, expected) in exact {
            assert_eq!(parse_exact(text, *scale), Ok(*expected), "{text}");
        }
        for text in
            ["", ".", "-1", "nan", "inf", "1e", "0x10", "1.2.3", "0.0000000001", "1e90", "1e-900", "99999999999"]
        {
            assert!(parse_exact(text, 9).is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_with_more_decimals_are_rounded_half_up() {
        for (text, expected) in
            [("0.14", 1), ("0.15", 2), ("0.149", 1), ("0.05", 1), ("0.049", 0), ("0.005", 0), ("1e-9", 0)]
        {
            assert_eq!(parse_rounded(text, 1), Ok(expected), "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_of_nano_dollars_is_parsed_back_from_its_text(nanos in any::<u64>()) {
            let text = super::super::Usd::from_nanos(nanos).to_string();
            assert_eq!(parse_exact(&text, 9), Ok(nanos));
        }
    }
}
