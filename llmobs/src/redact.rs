//! Personal data and secrets out of texts.
//!
//! A [`Redactor`] knows the shapes of mail addresses, telephone numbers, bank cards, keys of about a hundred services and
//! more ([`Kind`]), checks each candidate in code (check digits, issuers, lengths, checksums), and puts a label in its
//! place. It is pure: no clock, no file, no network. It does not know names, postal addresses or what is secret by
//! meaning alone; `docs/guide/privacy.md` says what that means, and how to add detectors ([`Detector`]).

mod anchor;
mod assignment;
mod birth;
mod bounded;
mod builder;
mod card;
mod checksum;
mod class;
mod coin;
mod command;
mod context;
mod counts;
mod custom;
mod email;
mod hit;
mod iban;
mod json;
mod jwt;
mod key;
mod kind;
mod network;
mod number;
mod pem;
mod phone;
#[cfg(test)]
mod probe;
mod program;
mod redactor;
mod region;
mod ssn;
mod stream;
mod sweep;
mod text;
mod url;
mod value;
mod words;

pub(crate) use self::bounded::shorten;
pub use self::builder::PatternError;
pub use self::builder::RedactorBuilder;
pub use self::counts::Counts;
pub use self::custom::Detector;
pub use self::kind::Kind;
pub use self::redactor::Finding;
pub use self::redactor::Redactor;
pub use self::region::Region;
pub use self::stream::Redacting;
