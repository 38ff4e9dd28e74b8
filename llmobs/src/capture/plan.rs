//! How much of a list is looked at: not much more than may leave of it, however long it is.

use std::ops::Range;

use super::truncate::Keep;
use super::truncate::cap;
use crate::content::Content;
use crate::content::Document;
use crate::content::Message;
use crate::content::Part;
use crate::content::ToolDefinition;

/// What is looked at of a list.
#[derive(Debug)]
pub(super) struct ListPlan {
    /// These elements.
    pub(super) items: Range<usize>,
    /// This many parts of each.
    pub(super) max_parts: usize,
    /// This many bytes of each content, once it is redacted.
    pub(super) part_bytes: usize,
}

/// What is known of an element of a list before it is opened.
pub(super) trait ListItem {
    /// The bytes of JSON that it has at least, if all that it holds is empty.
    fn min_json_bytes(&self) -> usize;

    /// How much each of its contents holds, about; of so many at most.
    fn contents(&self, most: usize, keep: Keep) -> Vec<usize>;
}

impl ListPlan {
    /// The share of a list that may have so many bytes, and each content so many.
    pub(super) fn of<T: ListItem>(items: &[T], limit: usize, part_bytes: usize, keep: Keep) -> Self {
        let mut room = limit;
        let fits = |item: &&T| match room.checked_sub(item.min_json_bytes()) {
            Some(left) => {
                // The last comma is none.
                room = left.saturating_sub(1);
                true
            }
            None => false,
        };
        let fitting = match keep {
            Keep::First => items.iter().take_while(fits).count(),
            Keep::Last => items.iter().rev().take_while(fits).count(),
        };
        // One element stays, if only parts of it.
        let count = fitting.max(1).min(items.len());
        let items_seen = match keep {
            Keep::First => 0..count,
            Keep::Last => items.len() - count..items.len(),
        };
        let max_parts = limit / PART + 1;
        let sizes = items[items_seen.clone()].iter().flat_map(|item| item.contents(max_parts, keep));
        let sizes: Vec<usize> = sizes.map(|size| size.min(part_bytes)).collect();
        // More than its part in the end: what is masked gets shorter, and leaves room for others.
        let share = cap(&sizes, limit).saturating_mul(4).max(FEWEST);
        Self { items: items_seen, max_parts, part_bytes: share.min(part_bytes) }
    }
}

/// No part of a message is shorter: `{"content":"","type":"text"}`.
const PART: usize = 28;

/// A message without parts: `{"parts":[],"role":"user"}`.
const MESSAGE: usize = 26;

/// A content may always have so many bytes, as far as its element fits.
const FEWEST: usize = 256;

impl ListItem for Message {
    fn min_json_bytes(&self) -> usize {
        MESSAGE + self.parts.len() * PART
    }

    fn contents(&self, most: usize, keep: Keep) -> Vec<usize> {
        keep.of(&self.parts, most).iter().map(Part::weight).collect()
    }
}

impl ListItem for Content<String> {
    fn min_json_bytes(&self) -> usize {
        PART
    }

    fn contents(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.weight()]
    }
}

impl ListItem for ToolDefinition {
    /// `{"name":"","type":""}`
    fn min_json_bytes(&self) -> usize {
        21
    }

    fn contents(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.weight()]
    }
}

impl ListItem for &Document {
    /// `{"id":"","score":0}`
    fn min_json_bytes(&self) -> usize {
        19
    }

    fn contents(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.id.weight()]
    }
}

impl Keep {
    /// So many elements of a list, at the end that matters.
    pub(super) fn of<T>(self, list: &[T], most: usize) -> &[T] {
        match self {
            Self::First => &list[..list.len().min(most)],
            Self::Last => &list[list.len().saturating_sub(most)..],
        }
    }
}
