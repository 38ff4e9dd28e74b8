//! Personal data and secrets out of texts.
//!
//! A [`Redactor`] knows the shapes of mail addresses, telephone numbers, bank cards, keys of about a hundred services and
//! more ([`DataKind`]), checks each candidate in code (check digits, issuers, lengths, checksums), and puts a label in its
//! place. It is pure: no clock, no file, no network. It does not know names, postal addresses or what is secret by
//! meaning alone; `docs/guide/privacy.md` says what that means, and how to add detectors ([`Detector`]).

mod assignment;
mod birth_date;
mod builder;
mod card;
mod checksum;
mod class;
mod code;
mod command;
mod context;
mod counts;
mod crypto_address;
mod custom;
mod email;
mod found;
mod iban;
mod json;
mod jwt;
mod key;
mod kind;
mod network;
mod number;
mod pem;
mod phone;
mod prefilter;
mod redactor;
mod region;
mod scan;
mod secret_value;
mod ssn;
mod stream;
#[cfg(test)]
mod test_support;
mod truncate;
mod url;
mod view;
mod word_list;

pub use self::builder::RedactorBuildError;
pub use self::builder::RedactorBuilder;
pub use self::counts::RedactionCounts;
pub use self::custom::Detector;
pub use self::kind::DataKind;
pub use self::redactor::Finding;
pub use self::redactor::Redactor;
pub use self::region::Region;
pub use self::stream::StreamRedactor;
pub(crate) use self::truncate::shorten;
