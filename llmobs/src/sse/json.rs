//! Reading of JSON without a value tree: fields are borrowed from the text in one pass, and everything else is skipped.

mod any;
mod deferred;
mod from_json;
mod list;
mod malformed;
mod reader;
mod strings;
mod text;
mod text_or_list;

pub(super) use self::any::NonEmpty;
pub(super) use self::any::Value;
pub(super) use self::any::is_empty_container;
pub(super) use self::deferred::Deferred;
pub(super) use self::from_json::FromJson;
pub(super) use self::from_json::impl_from_json;
pub(super) use self::from_json::json_object;
pub(super) use self::list::List;
pub(super) use self::malformed::Malformed;
pub(super) use self::reader::Reader;
pub(super) use self::reader::read_document;
pub(super) use self::text::Text;
pub(super) use self::text_or_list::TextOrList;
