//! Reading of typed values: text, numbers, and objects whose fields are declared.

use std::str::FromStr;

use super::malformed::Result;
use super::reader::Reader;
use super::text::Text;

const MAX_COUNT: u64 = 1 << 40;

/// A value that is read from JSON. It is read in place, because objects are large and moving them costs more than
/// reading them.
pub(in crate::sse) trait FromJson<'a>: Default {
    /// Reads a value. Returns `false` and skips the value if it is of another kind than `Self`; `self` is then
    /// unchanged, or empty for a type that has an empty value, such as `Option`.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool>;
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Option<T> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let is_read = self.insert(T::default()).read(reader)?;
        if !is_read {
            *self = None;
        }
        Ok(is_read)
    }
}

impl<'a> FromJson<'a> for Text<'a> {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let text = reader.string()?;
        *self = text.unwrap_or(*self);
        Ok(text.is_some())
    }
}

impl<'a> FromJson<'a> for bool {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let literal = reader.raw()?;
        let is_bool = literal == b"true" || literal == b"false";
        if is_bool {
            *self = literal == b"true";
        }
        Ok(is_bool)
    }
}

impl<'a> FromJson<'a> for u64 {
    /// Reads an integer from 0 to 2^40, which is more than any plausible count, written in digits only.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let digits = reader.raw()?;
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| Self::from(byte - b'0'));
        let number = digits.iter().try_fold(0_u64, |number, byte| number.checked_mul(10)?.checked_add(digit(byte)?));
        let number = number.filter(|number| *number <= MAX_COUNT);
        *self = number.unwrap_or(*self);
        Ok(number.is_some())
    }
}

impl<'a> FromJson<'a> for u32 {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        let mut number = 0_u64;
        let number = if number.read(reader)? { Self::try_from(number).ok() } else { None };
        *self = number.unwrap_or(*self);
        Ok(number.is_some())
    }
}

impl<'a> FromJson<'a> for i64 {
    /// Reads an integer that is written without a fraction and exponent.
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        read_number(self, reader)
    }
}

impl<'a> FromJson<'a> for f64 {
    fn read(&mut self, reader: &mut Reader<'a>) -> Result<bool> {
        read_number(self, reader)
    }
}

fn read_number<T: FromStr>(target: &mut T, reader: &mut Reader<'_>) -> Result<bool> {
    let number = std::str::from_utf8(reader.raw()?).ok().and_then(|text| text.parse().ok());
    let is_read = number.is_some();
    if let Some(number) = number {
        *target = number;
    }
    Ok(is_read)
}

/// Declares a struct that is read from an object, with the name of each field in JSON. Other fields are skipped. A
/// field that is missing or of another kind has the default of its type.
macro_rules! json_object {
    ($(
        $(#[$meta:meta])*
        $visibility:vis struct $name:ident $(<$lifetime:lifetime>)? {
            $($(#[$field_meta:meta])* $field:ident: $type:ty = $key:literal,)*
        }
    )*) => {$(
        $(#[$meta])*
        #[derive(Debug, Clone, Default)]
        $visibility struct $name $(<$lifetime>)? {
            $($(#[$field_meta])* pub(super) $field: $type,)*
        }

        $crate::sse::json::impl_from_json! { $name $(<$lifetime>)? { $($field = $key,)* } }
    )*};
}

/// Implements [`FromJson`] for a struct of [`json_object!`].
macro_rules! impl_from_json {
    ($name:ident <$lifetime:lifetime> { $($field:ident = $key:literal,)* }) => {
        impl<$lifetime> $crate::sse::json::FromJson<$lifetime> for $name<$lifetime> {
            $crate::sse::json::impl_from_json! { @method $lifetime { $($field = $key,)* } }
        }
    };
    ($name:ident { $($field:ident = $key:literal,)* }) => {
        impl<'j> $crate::sse::json::FromJson<'j> for $name {
            $crate::sse::json::impl_from_json! { @method 'j { $($field = $key,)* } }
        }
    };
    (@method $lifetime:lifetime { $($field:ident = $key:literal,)* }) => {
        fn read(
            &mut self,
            reader: &mut $crate::sse::json::Reader<$lifetime>,
        ) -> Result<bool, $crate::sse::json::Malformed> {
            reader.object(|name, reader| {
                match name {
                    $($key => {
                        $crate::sse::json::FromJson::read(&mut self.$field, reader)?;
                    })*
                    _ => {}
                }
                Ok(())
            })
        }
    };
}

pub(in crate::sse) use impl_from_json;
pub(in crate::sse) use json_object;
