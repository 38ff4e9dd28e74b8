//! The content of an operation at its end, without the feature `content`: there is none.

use super::live::Live;
use crate::event::Said;
use crate::semconv::value::Outcome;
use crate::span::Held;

/// Nothing.
pub(super) struct Leaving;

#[expect(clippy::unused_self, reason = "it stands for one that has something")]
impl Leaving {
    pub(super) const fn of(_live: &Live, _outcome: Outcome, _span: Option<&Held>) -> Self {
        Self
    }

    pub(super) const fn tell(&self, _span: &Held) {}

    pub(super) const fn message(&self) -> Option<&str> {
        None
    }

    pub(super) fn for_event(&self) -> Said {
        Said::default()
    }
}
