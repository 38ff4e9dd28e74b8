//! The functions and traits that expansions of `#[llm_span]` call. Not part of the public interface: this module
//! changes together with the macro, whose version is pinned to this crate.
//!
//! An expansion starts an operation or a step and runs the body inside its span. A plain value is then passed to
//! `finish`, which derives the outcome. A stream or response that outlives the function is passed to `observe`,
//! `observe_step`, `response`, `body` or `sse`. `KindProbe` determines the kind of the value from its type.

pub mod content_args;
pub mod fields;
pub mod finish;
pub mod handle;
pub mod output_text;
#[cfg(feature = "axum")]
pub mod response;
pub mod return_kind;
pub mod start_args;
pub mod stream;

pub use self::content_args::ContentArg;
pub use self::content_args::ConvertBorrowed;
pub use self::content_args::ConvertOwned;
pub use self::content_args::ConvertReference;
pub use self::content_args::ConvertUnsupported;
pub use self::content_args::arguments;
pub use self::content_args::input;
pub use self::content_args::into_json;
pub use self::content_args::query;
pub use self::content_args::result;
pub use self::fields::FieldValue;
pub use self::fields::Fields;
pub use self::finish::IntoFailure;
pub use self::finish::IntoUsage;
pub use self::finish::OperationOrStep;
pub use self::finish::finish;
pub use self::finish::finish_without_value;
pub use self::finish::into_failure;
pub use self::finish::into_usage;
pub use self::finish::no_error_type;
pub use self::finish::no_usage;
pub use self::handle::OperationHandle;
pub use self::handle::in_scope;
pub use self::handle::infer_type;
pub use self::handle::or_disabled;
pub use self::handle::run;
pub use self::handle::scope;
pub use self::output_text::TextProbe;
pub use self::output_text::WithText;
pub use self::output_text::WithoutText;
pub use self::output_text::capture_answer;
pub use self::output_text::ignore_value;
pub use self::output_text::no_text;
#[cfg(feature = "axum")]
pub use self::response::body;
#[cfg(feature = "axum")]
pub use self::response::body_with;
#[cfg(feature = "axum")]
pub use self::response::into_response;
#[cfg(feature = "axum")]
pub use self::response::response;
#[cfg(feature = "axum")]
pub use self::response::response_with;
#[cfg(feature = "axum")]
pub use self::response::sse;
pub use self::return_kind::KindOfFuture;
pub use self::return_kind::KindOfOption;
pub use self::return_kind::KindOfPlain;
pub use self::return_kind::KindOfResult;
pub use self::return_kind::KindOfStream;
pub use self::return_kind::KindOfTypedResult;
pub use self::return_kind::KindProbe;
pub use self::start_args::OptionalText;
pub use self::start_args::RequiredText;
pub use self::start_args::conversation;
pub use self::start_args::max_tokens;
pub use self::start_args::objective;
pub use self::start_args::provider;
pub use self::start_args::step_conversation;
pub use self::start_args::step_model;
pub use self::start_args::tenant;
pub use self::start_args::text;
pub use self::stream::infer_items;
pub use self::stream::into_chunk;
pub use self::stream::item_to_chunk;
pub use self::stream::observe;
pub use self::stream::observe_step;
pub use crate::observer::OperationScope;
