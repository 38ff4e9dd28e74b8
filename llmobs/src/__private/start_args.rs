//! The types accepted for the arguments of the attribute.

use std::borrow::Cow;
use std::rc::Rc;
use std::sync::Arc;

use crate::number::OptionalInteger;
use crate::objective::Objective;
use crate::observer::ExecuteTool;
use crate::observer::InvokeAgent;
use crate::observer::InvokeWorkflow;
use crate::observer::Retrieval;
use crate::observer::Start;
use crate::semconv::value::Provider;

/// A text that is always present.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a text",
    label = "expected a `str`, a `String` or another text",
    note = "if the text can be missing, set a default: `request.model.as_deref().unwrap_or(\"default\")`"
)]
pub trait RequiredText {
    fn text(&self) -> &str;
}

/// A text that may be missing.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a text", label = "expected a text or an `Option` of one")]
pub trait OptionalText {
    fn optional_text(&self) -> Option<&str>;
}

macro_rules! texts {
    ($($text:ty),*) => {
        $(impl RequiredText for $text {
            fn text(&self) -> &str {
                self
            }
        }

        impl OptionalText for $text {
            fn optional_text(&self) -> Option<&str> {
                Some(self)
            }
        })*
    };
}

texts!(str, String, Box<str>, Arc<str>, Rc<str>, Cow<'_, str>);

impl<T: RequiredText + ?Sized> RequiredText for &T {
    fn text(&self) -> &str {
        (**self).text()
    }
}

impl<T: OptionalText + ?Sized> OptionalText for &T {
    fn optional_text(&self) -> Option<&str> {
        (**self).optional_text()
    }
}

impl<T: OptionalText> OptionalText for Option<T> {
    fn optional_text(&self) -> Option<&str> {
        self.as_ref()?.optional_text()
    }
}

/// Returns the text of an argument.
#[inline]
pub fn text<T: RequiredText + ?Sized>(value: &T) -> &str {
    value.text()
}

/// Sets the maximum number of output tokens that the caller requested; without a number, none is set.
#[inline]
pub fn max_tokens<'a, T: OptionalInteger + ?Sized>(start: Start<'a>, tokens: &T) -> Start<'a> {
    start.max_tokens(tokens)
}

/// Sets the conversation that the operation belongs to; without a text, `start` is unchanged.
#[inline]
pub fn conversation<'a, T: OptionalText + ?Sized>(start: Start<'a>, id: &'a T) -> Start<'a> {
    match id.optional_text() {
        Some(id) => start.conversation(id),
        None => start,
    }
}

#[inline]
pub fn tenant<'a, T: OptionalText + ?Sized>(start: Start<'a>, name: &'a T) -> Start<'a> {
    start.tenant(name.optional_text())
}

/// Adds the objective that the instrumented function declares under `name`. `objective` is called if the observer has
/// no objective of this name yet. After eight objectives of functions, further ones are omitted, and counted in
/// `llmobs.self.folded_labels`.
#[inline]
pub fn objective<'a>(start: Start<'a>, name: &'static str, objective: impl FnOnce() -> Objective) -> Start<'a> {
    start.objective(name, objective)
}

/// A provider, or the name of a provider.
#[diagnostic::on_unimplemented(message = "`{Self}` is not a provider", label = "expected a `Provider` or its name")]
pub trait ToProvider {
    fn to_provider(&self) -> Provider;
}

impl ToProvider for Provider {
    fn to_provider(&self) -> Provider {
        self.clone()
    }
}

impl ToProvider for &'static str {
    fn to_provider(&self) -> Provider {
        Provider::other(*self)
    }
}

impl ToProvider for String {
    fn to_provider(&self) -> Provider {
        Provider::other(self.clone())
    }
}

impl ToProvider for &Provider {
    fn to_provider(&self) -> Provider {
        (*self).clone()
    }
}

impl ToProvider for &String {
    fn to_provider(&self) -> Provider {
        Provider::other((*self).clone())
    }
}

/// Returns the provider of an argument. A name that the conventions list is the listed provider.
#[inline]
pub fn provider<T: ToProvider>(value: &T) -> Provider {
    value.to_provider()
}

/// A step that can have a model.
pub trait HasModel<'a> {
    #[must_use]
    fn with_model(self, model: &'a str) -> Self;
}

impl<'a> HasModel<'a> for Retrieval<'a> {
    fn with_model(self, model: &'a str) -> Self {
        self.model(model)
    }
}

impl<'a> HasModel<'a> for InvokeAgent<'a> {
    fn with_model(self, model: &'a str) -> Self {
        self.model(model)
    }
}

/// Sets the model of a step; without a text, the step is unchanged.
#[inline]
pub fn step_model<'a, S: HasModel<'a>, T: OptionalText + ?Sized>(step: S, model: &'a T) -> S {
    match model.optional_text() {
        Some(model) => step.with_model(model),
        None => step,
    }
}

/// A step that can belong to a conversation.
pub trait HasConversation<'a> {
    #[must_use]
    fn with_conversation(self, id: &'a str) -> Self;
}

macro_rules! conversations {
    ($($step:ident),*) => {
        $(impl<'a> HasConversation<'a> for $step<'a> {
            fn with_conversation(self, id: &'a str) -> Self {
                self.conversation(id)
            }
        })*
    };
}

conversations!(ExecuteTool, InvokeAgent, InvokeWorkflow);

/// Sets the conversation that a step belongs to; without a text, the step is unchanged.
#[inline]
pub fn step_conversation<'a, S: HasConversation<'a>, T: OptionalText + ?Sized>(step: S, id: &'a T) -> S {
    match id.optional_text() {
        Some(id) => step.with_conversation(id),
        None => step,
    }
}
