//! Search for canaries: unique texts that an application passes in one place and that may appear only where allowed.

mod canary;
mod search;
mod secrets;
mod text_fields;

pub use self::canary::Canaries;
pub use self::canary::Canary;
pub use self::search::CanaryMatch;
pub use self::search::CanarySearch;
pub use self::secrets::SECRET_PREFIX;
pub use self::text_fields::TextField;
pub use self::text_fields::json_text_fields;
pub use self::text_fields::page_text_fields;
pub use self::text_fields::received_bytes;
pub use self::text_fields::received_text_fields;
