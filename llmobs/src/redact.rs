//! Detection and redaction of personal data and secrets in text.
//!
//! A [`Redactor`] finds email addresses, telephone numbers, bank cards, keys of about a hundred services and the other
//! kinds of [`DataKind`]. Code checks each candidate: check digits, issuers, lengths and checksums. A placeholder
//! replaces each match, for example `[EMAIL]`. The redactor reads no clock, file or network. Names of people, postal
//! addresses and secrets without a recognizable format or keyword are not detected; `llmobs/docs/guide/privacy.md`
//! describes these limits and how to add detectors ([`Detector`]).

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
pub(crate) use self::truncate::truncate_text;
