//! Detection and redaction of personal data and secrets in text.
//!
//! A [`Redactor`] finds email addresses, telephone numbers, bank cards, keys of about a hundred services and the other
//! kinds of [`DataKind`]. Code checks each candidate: check digits, issuers, lengths and checksums. A placeholder
//! replaces each match, for example `[EMAIL]`. The redactor reads no clock, file or network. Names of people, postal
//! addresses and secrets without a recognizable format or keyword are not detected; a [`Detector`] adds a format of
//! your own.
//!
//! ```
//! use llmobs_redact::Redactor;
//!
//! let redactor = Redactor::new();
//! assert_eq!(redactor.redact("Mail jane@example.org, key sk-ant-api03-a8F3kP0zQ9mN2xVbLw7R"), "Mail [EMAIL], key [API_KEY]");
//! ```
//!
//! | to redact | use |
//! |---|---|
//! | a text | [`Redactor::redact`] |
//! | a text that arrives in parts | [`Redactor::stream`] |
//! | a JSON value | [`Redactor::redact_json`] |
//! | a text that must also be short | [`Redactor::redact_and_truncate`] |
//! | and know what was found | [`Redactor::find`], [`Redactor::redact_into`] |

mod assignment;
mod base64;
mod birth_date;
mod build_error;
mod card;
mod char_boundary;
mod checksum;
mod class;
mod code;
mod command;
mod context;
mod counts;
mod crypto_address;
mod custom;
mod digit_groups;
mod email;
mod escape;
mod found;
mod iban;
mod json;
mod jwt;
mod key;
mod kind;
mod national_id;
mod network;
mod number;
mod pem;
mod phone;
mod prefilter;
mod redactor;
mod region;
mod rules;
mod scan;
mod scan_context;
mod secret_value;
mod ssn;
mod stream;
#[cfg(test)]
mod test_support;
mod truncate;
mod truncation;
mod url;
mod view;
mod word_list;

pub use self::build_error::RedactorBuildError;
pub use self::counts::RedactionCounts;
pub use self::custom::Detector;
pub use self::json::RedactedJson;
pub use self::json::estimated_json_bytes;
pub use self::kind::DataKind;
pub use self::redactor::Finding;
pub use self::redactor::Redactor;
pub use self::redactor::RedactorBuilder;
pub use self::region::Region;
pub use self::stream::StreamRedactor;
pub use self::truncate::RedactedText;
pub use self::truncate::truncate_text;
pub use self::truncation::Truncation;
