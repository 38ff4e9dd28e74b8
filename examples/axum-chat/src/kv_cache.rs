//! The blocks of the KV cache: which sequences use them, and which contain the beginning of a prompt.
//!
//! A block that no sequence uses is free. It may still contain a known beginning: until it is needed for other tokens,
//! a sequence with that beginning can use it again.

use std::collections::BTreeMap;
use std::collections::HashMap;

use crate::prefix::BlockKey;

/// The blocks of the KV cache, of which there is a limited number.
#[derive(Debug)]
pub(crate) struct KvCache {
    block_size: usize,
    blocks: Vec<Block>,
    /// Free blocks without a known beginning.
    empty: Vec<usize>,
    /// Free blocks with a known beginning, in the order of their release. The first is reused first.
    cached: BTreeMap<u64, usize>,
    by_key: HashMap<BlockKey, usize>,
    releases: u64,
}

#[derive(Debug, Clone, Default)]
struct Block {
    /// Number of sequences that use the block.
    users: usize,
    /// The beginning that the block contains, if other sequences may share it.
    key: Option<BlockKey>,
    /// The place of the block in `cached` while it is there.
    released: u64,
}

/// The blocks of one sequence, in the order of its tokens. Must be returned with [`KvCache::release`].
#[derive(Debug, Default)]
pub(crate) struct BlockTable {
    blocks: Vec<usize>,
}

impl BlockTable {
    pub(crate) fn len(&self) -> usize {
        self.blocks.len()
    }
}

/// The blocks for a sequence.
#[derive(Debug)]
pub(crate) struct Allocation {
    pub(crate) table: BlockTable,
    /// The number of first tokens whose KV cache is in the blocks already.
    pub(crate) cached_tokens: usize,
}

impl KvCache {
    /// Creates a cache of `limit` blocks of `block_size` tokens each.
    pub(crate) fn new(limit: usize, block_size: usize) -> Self {
        Self {
            block_size,
            blocks: vec![Block::default(); limit],
            empty: (0..limit).rev().collect(),
            cached: BTreeMap::new(),
            by_key: HashMap::new(),
            releases: 0,
        }
    }

    /// Returns the number of blocks that sequences use. Free blocks with a known beginning do not count.
    pub(crate) fn used(&self) -> usize {
        self.limit() - self.free()
    }

    /// Returns the number of blocks.
    pub(crate) fn limit(&self) -> usize {
        self.blocks.len()
    }

    /// Returns the number of tokens of a block.
    pub(crate) fn block_size(&self) -> usize {
        self.block_size
    }

    /// Returns the number of tokens for which there are blocks.
    pub(crate) fn token_capacity(&self) -> usize {
        self.limit().saturating_mul(self.block_size)
    }

    /// Returns the number of blocks of this many tokens.
    pub(crate) fn blocks_for(&self, tokens: usize) -> usize {
        tokens.div_ceil(self.block_size)
    }

    /// Allocates the blocks of a sequence of this many tokens, whose full blocks have these keys. Blocks that contain
    /// its beginning are shared, except that of the last token: a model that computes no token generates none. Returns
    /// `None` if too few blocks are free.
    pub(crate) fn allocate(&mut self, tokens: usize, keys: &[BlockKey]) -> Option<Allocation> {
        let shareable = tokens.saturating_sub(1) / self.block_size;
        let shared: Vec<usize> = keys.iter().take(shareable).map_while(|key| self.by_key.get(key).copied()).collect();
        let needed = self.blocks_for(tokens) - shared.len();
        let shared_and_free = shared.iter().filter(|block| self.blocks[**block].users == 0).count();
        if needed > self.free() - shared_and_free {
            return None;
        }
        let cached_tokens = shared.len() * self.block_size;
        for block in &shared {
            self.share(*block);
        }
        let mut table = BlockTable { blocks: shared };
        table.blocks.extend((0..needed).map_while(|_| self.take_free()));
        Some(Allocation { table, cached_tokens })
    }

    /// Adds a block to those of a sequence. Returns false if none is free.
    pub(crate) fn grow(&mut self, table: &mut BlockTable) -> bool {
        let block = self.take_free();
        table.blocks.extend(block);
        block.is_some()
    }

    /// Declares that the block at `index` of a sequence contains the tokens of this key, so that others can share it.
    pub(crate) fn publish(&mut self, table: &BlockTable, index: usize, key: BlockKey) {
        let block = table.blocks[index];
        // Two sequences may compute one beginning at the same time: one of the blocks can be shared.
        if self.blocks[block].key.is_none() && !self.by_key.contains_key(&key) {
            self.blocks[block].key = Some(key);
            self.by_key.insert(key, block);
        }
    }

    /// Ends the use of the blocks of a sequence.
    pub(crate) fn release(&mut self, table: BlockTable) {
        // The last block first: a beginning is useful only with all blocks before it, so it is reused from its end.
        for block in table.blocks.into_iter().rev() {
            let entry = &mut self.blocks[block];
            entry.users -= 1;
            if entry.users > 0 {
                continue;
            }
            if entry.key.is_some() {
                self.releases += 1;
                entry.released = self.releases;
                self.cached.insert(self.releases, block);
            } else {
                self.empty.push(block);
            }
        }
    }

    fn free(&self) -> usize {
        self.empty.len() + self.cached.len()
    }

    /// Adds a user to a block with a known beginning.
    fn share(&mut self, block: usize) {
        let entry = &mut self.blocks[block];
        if entry.users == 0 {
            self.cached.remove(&entry.released);
        }
        entry.users += 1;
    }

    /// Takes a free block for one user: an empty one, or the one whose beginning was released first.
    fn take_free(&mut self) -> Option<usize> {
        let block = match self.empty.pop() {
            Some(block) => block,
            None => self.cached.pop_first()?.1,
        };
        let entry = &mut self.blocks[block];
        entry.users = 1;
        if let Some(key) = entry.key.take() {
            self.by_key.remove(&key);
        }
        Some(block)
    }
}

#[cfg(test)]
mod tests;
