//! Conversions of numbers that may lose precision or range, and the types of number that setters accept.

use std::num::NonZero;

/// Converts to the nearest double. Exact below 2^53: 9 * 10^15 items, or 104 days in nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "the nearest double is what is wanted")]
#[inline]
pub(crate) const fn to_f64(number: u64) -> f64 {
    number as f64
}

/// Converts a count of items in memory to the nearest double.
pub(crate) const fn count_to_f64(count: usize) -> f64 {
    to_f64(count as u64)
}

/// Returns the sum of the known numbers, at most `u64::MAX`; `None` if none is known.
#[cfg(feature = "sse")]
pub(crate) fn sum_known<const N: usize>(numbers: [Option<u64>; N]) -> Option<u64> {
    numbers.into_iter().flatten().reduce(u64::saturating_add)
}

/// Converts to the integer type of attributes and `tracing` fields. Returns `None` for a number that does not fit.
pub(crate) fn to_i64(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

/// Prevents implementations in other crates.
mod sealed {
    #[expect(unnameable_types, reason = "no other crate may implement it")]
    pub trait Sealed {}
}

/// A whole number that may be missing: an integer of any primitive type up to 64 bits, a [`NonZero`] of one, and an
/// `Option` of or a reference to either. A setter treats a number that does not fit, such as -1 for a number of tokens,
/// as missing.
///
/// ```
/// use llmobs::Usage;
///
/// let (prompt, cached): (i32, Option<u16>) = (1_000, None);
/// assert_eq!(Usage::new().input(prompt).cache_read(cached), Usage::new().input(1_000));
/// assert_eq!(Usage::new().input(-1), Usage::new());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a whole number",
    label = "expected a whole number or an `Option` of one"
)]
pub trait OptionalInteger: sealed::Sealed {
    /// Returns the number; `None` if it is missing.
    #[doc(hidden)]
    fn optional_integer(&self) -> Option<i128>;

    /// Returns the number; `None` if it is missing or negative.
    #[doc(hidden)]
    #[inline]
    fn optional_u64(&self) -> Option<u64> {
        self.optional_integer()?.try_into().ok()
    }

    /// Returns the number; `None` if it is missing or above `i64::MAX`.
    #[doc(hidden)]
    #[inline]
    fn optional_i64(&self) -> Option<i64> {
        self.optional_integer()?.try_into().ok()
    }
}

/// A number that may be missing: an `f64`, an `f32`, an [`OptionalInteger`], and an `Option` of or a reference to
/// either. An `f32` is recorded as its shortest decimal notation shows it: `0.7_f32` as 0.7.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a number", label = "expected a number or an `Option` of one")]
pub trait OptionalNumber: sealed::Sealed {
    /// Returns the number; `None` if it is missing.
    #[doc(hidden)]
    fn optional_f64(&self) -> Option<f64>;
}

macro_rules! impl_integers {
    ($($number:ty),*) => {
        $(impl sealed::Sealed for $number {}

        impl OptionalInteger for $number {
            #[inline]
            fn optional_integer(&self) -> Option<i128> {
                i128::try_from(*self).ok()
            }
        }

        impl OptionalNumber for $number {
            #[expect(clippy::allow_attributes, reason = "the conversion is exact for the small types")]
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, reason = "the nearest double is what is wanted")]
            #[inline]
            fn optional_f64(&self) -> Option<f64> {
                Some(*self as f64)
            }
        }

        impl sealed::Sealed for NonZero<$number> {}

        impl OptionalInteger for NonZero<$number> {
            #[inline]
            fn optional_integer(&self) -> Option<i128> {
                self.get().optional_integer()
            }
        }

        impl OptionalNumber for NonZero<$number> {
            #[inline]
            fn optional_f64(&self) -> Option<f64> {
                self.get().optional_f64()
            }
        })*
    };
}

impl_integers!(u8, u16, u32, u64, usize, i8, i16, i32, i64, isize);

impl sealed::Sealed for f64 {}

impl OptionalNumber for f64 {
    #[inline]
    fn optional_f64(&self) -> Option<f64> {
        Some(*self)
    }
}

impl sealed::Sealed for f32 {}

impl OptionalNumber for f32 {
    #[inline]
    fn optional_f64(&self) -> Option<f64> {
        Some(as_written(*self))
    }
}

/// Returns the double that has the shortest decimal notation of an `f32`: 0.7 for `0.7_f32`, and not 0.699999988.
fn as_written(number: f32) -> f64 {
    format!("{number:e}").parse().unwrap_or_else(|_| f64::from(number))
}

impl<T: sealed::Sealed + ?Sized> sealed::Sealed for &T {}

impl<T: OptionalInteger + ?Sized> OptionalInteger for &T {
    #[inline]
    fn optional_integer(&self) -> Option<i128> {
        (**self).optional_integer()
    }
}

impl<T: OptionalNumber + ?Sized> OptionalNumber for &T {
    #[inline]
    fn optional_f64(&self) -> Option<f64> {
        (**self).optional_f64()
    }
}

impl<T: sealed::Sealed> sealed::Sealed for Option<T> {}

impl<T: OptionalInteger> OptionalInteger for Option<T> {
    #[inline]
    fn optional_integer(&self) -> Option<i128> {
        self.as_ref()?.optional_integer()
    }
}

impl<T: OptionalNumber> OptionalNumber for Option<T> {
    #[inline]
    fn optional_f64(&self) -> Option<f64> {
        self.as_ref()?.optional_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_precision_keeps_its_decimal_notation() {
        for (number, expected) in [
            (0.7_f32, 0.7),
            (-0.000_1, -0.000_1),
            (0.0, 0.0),
            (2.0, 2.0),
            (33.3, 33.3),
            (100.1, 100.1),
            (0.123_456_7, 0.123_456_7),
            (1e-9, 1e-9),
            (f32::MAX, 3.402_823_5e38),
            (f32::INFINITY, f64::INFINITY),
        ] {
            assert_eq!(number.optional_f64(), Some(expected));
        }
        assert!((-0.0_f32).optional_f64().unwrap().is_sign_negative());
        assert!(f32::NAN.optional_f64().unwrap().is_nan());
    }

    #[test]
    fn numbers_that_do_not_fit_are_missing() {
        assert_eq!((u64::MAX.optional_u64(), u64::MAX.optional_i64()), (Some(u64::MAX), None));
        assert_eq!(((-1_i32).optional_u64(), (-1_i32).optional_i64()), (None, Some(-1)));
        assert_eq!(i64::MIN.optional_i64(), Some(i64::MIN));
        assert_eq!(None::<u8>.optional_u64(), None);
    }
}
