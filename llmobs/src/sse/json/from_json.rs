//! Reading of typed values: text, numbers, and objects whose fields are declared.

use super::malformed::Result;
use super::reader::Reader;
use super::text::Text;

const MAX_COUNT: u64 = 1 << 40;

/// A value that is read from JSON.
pub(in crate::sse) trait FromJson<'a>: Sized {
    /// Reads a value. Returns `None`, and skips the value, if it is of another kind than `Self`.
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>>;
}

impl<'a, T: FromJson<'a>> FromJson<'a> for Option<T> {
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>> {
        Ok(T::from_json(reader)?.map(Some))
    }
}

impl<'a> FromJson<'a> for Text<'a> {
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>> {
        reader.string()
    }
}

impl<'a> FromJson<'a> for bool {
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>> {
        Ok(match reader.raw()? {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        })
    }
}

impl<'a> FromJson<'a> for u64 {
    /// Reads an integer from 0 to 2^40, which is more than any plausible count, written in digits only.
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>> {
        let digits = reader.raw()?;
        let digit = |byte: &u8| byte.is_ascii_digit().then(|| Self::from(byte - b'0'));
        let number = digits.iter().try_fold(0_u64, |number, byte| number.checked_mul(10)?.checked_add(digit(byte)?));
        Ok(number.filter(|number| *number <= MAX_COUNT))
    }
}

impl<'a> FromJson<'a> for u32 {
    fn from_json(reader: &mut Reader<'a>) -> Result<Option<Self>> {
        Ok(u64::from_json(reader)?.and_then(|number| Self::try_from(number).ok()))
    }
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
        fn from_json(
            reader: &mut $crate::sse::json::Reader<$lifetime>,
        ) -> Result<Option<Self>, $crate::sse::json::Malformed> {
            let mut object = Self::default();
            let is_object = reader.object(|name, reader| {
                match name {
                    $($key => {
                        if let Some(value) = $crate::sse::json::FromJson::from_json(reader)? {
                            object.$field = value;
                        }
                    })*
                    _ => {}
                }
                Ok(())
            })?;
            Ok(is_object.then_some(object))
        }
    };
}

pub(in crate::sse) use impl_from_json;
pub(in crate::sse) use json_object;
