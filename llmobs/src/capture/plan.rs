//! The selection of list elements before they are opened: bounds the work by the export limit, not by the list's
//! length.

use std::ops::Range;

use super::truncate::Keep;
use super::truncate::cap;
use crate::content::Content;
use crate::content::Document;
use crate::content::Message;
use crate::content::Part;
use crate::content::ToolDefinition;

/// The selected part of a list.
#[derive(Debug)]
pub(super) struct ListPlan {
    /// The range of selected elements.
    pub(super) items: Range<usize>,
    /// The number of parts to read of each element.
    pub(super) max_parts: usize,
    /// The limit of each content in bytes, after redaction.
    pub(super) part_bytes: usize,
}

/// An element of a list, whose size is estimated without opening its content.
pub(super) trait ListItem {
    /// Returns the size of the element's JSON in bytes if all contents were empty.
    fn min_json_bytes(&self) -> usize;

    /// Returns the approximate sizes of the element's contents in bytes, for at most `most` parts.
    fn contents(&self, most: usize, keep: Keep) -> Vec<usize>;
}

impl ListPlan {
    /// Selects the elements of a list that fit into `limit` bytes, with at most `part_bytes` for each content.
    pub(super) fn of<T: ListItem>(items: &[T], limit: usize, part_bytes: usize, keep: Keep) -> Self {
        let mut room = limit;
        let fits = |item: &&T| match room.checked_sub(item.min_json_bytes()) {
            Some(left) => {
                // There is no comma after the last element.
                room = left.saturating_sub(1);
                true
            }
            None => false,
        };
        let fitting = match keep {
            Keep::First => items.iter().take_while(fits).count(),
            Keep::Last => items.iter().rev().take_while(fits).count(),
        };
        // Always keep one element, even if only some of its parts fit.
        let count = fitting.max(1).min(items.len());
        let items_seen = match keep {
            Keep::First => 0..count,
            Keep::Last => items.len() - count..items.len(),
        };
        let max_parts = limit / PART + 1;
        let sizes = items[items_seen.clone()].iter().flat_map(|item| item.contents(max_parts, keep));
        let sizes: Vec<usize> = sizes.map(|size| size.min(part_bytes)).collect();
        // Four times the even share: placeholders are often shorter than their matches, which leaves room for others.
        let share = cap(&sizes, limit).saturating_mul(4).max(FEWEST);
        Self { items: items_seen, max_parts, part_bytes: share.min(part_bytes) }
    }
}

/// The size of the shortest part in bytes: `{"content":"","type":"text"}`.
const PART: usize = 28;

/// The size of a message without parts in bytes: `{"parts":[],"role":"user"}`.
const MESSAGE: usize = 26;

/// The minimum limit of one content, in bytes.
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
    /// The size of `{"name":"","type":""}`.
    fn min_json_bytes(&self) -> usize {
        21
    }

    fn contents(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.weight()]
    }
}

impl ListItem for &Document {
    /// The size of `{"id":"","score":0}`.
    fn min_json_bytes(&self) -> usize {
        19
    }

    fn contents(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.id.weight()]
    }
}

impl Keep {
    /// Returns at most `most` elements, from the start or the end of the list.
    pub(super) fn of<T>(self, list: &[T], most: usize) -> &[T] {
        match self {
            Self::First => &list[..list.len().min(most)],
            Self::Last => &list[list.len().saturating_sub(most)..],
        }
    }
}
