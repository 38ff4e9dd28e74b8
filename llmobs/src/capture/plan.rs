//! The selection of list elements before they are opened: bounds the work by the export limit, not by the list's
//! length.

use std::ops::Range;

use super::truncate::Keep;
use super::truncate::max_content_bytes;
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
    fn content_sizes(&self, most: usize, keep: Keep) -> Vec<usize>;
}

impl ListPlan {
    /// Selects the elements of a list that fit into `limit` bytes, with at most `part_bytes` for each content.
    pub(super) fn for_list<T: ListItem>(items: &[T], limit: usize, part_bytes: usize, keep: Keep) -> Self {
        let mut remaining_bytes = limit;
        let fits = |item: &&T| match remaining_bytes.checked_sub(item.min_json_bytes()) {
            Some(remaining) => {
                // There is no comma after the last element.
                remaining_bytes = remaining.saturating_sub(1);
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
        let selected = match keep {
            Keep::First => 0..count,
            Keep::Last => items.len() - count..items.len(),
        };
        let max_parts = limit / MIN_PART_BYTES + 1;
        let sizes = items[selected.clone()].iter().flat_map(|item| item.content_sizes(max_parts, keep));
        let sizes: Vec<usize> = sizes.map(|size| size.min(part_bytes)).collect();
        // Four times the even share: placeholders are often shorter than their matches, which leaves room for others.
        let content_limit = max_content_bytes(&sizes, limit).saturating_mul(4).max(MIN_CONTENT_BYTES);
        Self { items: selected, max_parts, part_bytes: content_limit.min(part_bytes) }
    }
}

/// The size of the shortest part in bytes: `{"content":"","type":"text"}`.
const MIN_PART_BYTES: usize = 28;

/// The size of a message without parts in bytes: `{"parts":[],"role":"user"}`.
const MIN_MESSAGE_BYTES: usize = 26;

/// The minimum limit of one content, in bytes.
const MIN_CONTENT_BYTES: usize = 256;

impl ListItem for Message {
    fn min_json_bytes(&self) -> usize {
        MIN_MESSAGE_BYTES + self.parts.len() * MIN_PART_BYTES
    }

    fn content_sizes(&self, most: usize, keep: Keep) -> Vec<usize> {
        keep.select(&self.parts, most).iter().map(Part::estimated_bytes).collect()
    }
}

impl ListItem for Content<String> {
    fn min_json_bytes(&self) -> usize {
        MIN_PART_BYTES
    }

    fn content_sizes(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.estimated_bytes()]
    }
}

impl ListItem for ToolDefinition {
    /// The size of `{"name":"","type":""}`.
    fn min_json_bytes(&self) -> usize {
        21
    }

    fn content_sizes(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.estimated_bytes()]
    }
}

impl ListItem for &Document {
    /// The size of `{"id":"","score":0}`.
    fn min_json_bytes(&self) -> usize {
        19
    }

    fn content_sizes(&self, _: usize, _: Keep) -> Vec<usize> {
        vec![self.id.estimated_bytes()]
    }
}
