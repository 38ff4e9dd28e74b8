//! Keys of the beginnings of prompts: two sequences with equal tokens up to the end of a block have equal keys for it.

use std::hash::BuildHasher;
use std::hash::RandomState;

/// The key of a full block: a hash of its tokens and of the key of the block before it, so that it identifies all tokens
/// from the beginning of the sequence. Two beginnings with one key are as improbable as any collision of 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey(u64);

/// Computes the keys of blocks.
#[derive(Debug, Clone)]
pub(crate) struct PrefixHasher {
    block_size: usize,
    state: RandomState,
}

impl PrefixHasher {
    pub(crate) fn new(block_size: usize) -> Self {
        Self { block_size, state: RandomState::new() }
    }

    /// Returns the number of blocks that this many tokens fill.
    pub(crate) fn full_blocks(&self, tokens: usize) -> usize {
        tokens / self.block_size
    }

    /// Adds the keys of the full blocks of `tokens` that are not in `keys`, the keys of its first blocks.
    pub(crate) fn extend(&self, keys: &mut Vec<BlockKey>, tokens: &[u32]) {
        for block in tokens.chunks_exact(self.block_size).skip(keys.len()) {
            keys.push(BlockKey(self.state.hash_one((keys.last(), block))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_beginnings_have_equal_keys_up_to_the_first_difference() {
        let hasher = PrefixHasher::new(2);
        let keys = |tokens: &[u32]| {
            let mut keys = Vec::new();
            hasher.extend(&mut keys, tokens);
            keys
        };
        let long = keys(&[1, 2, 3, 4, 5, 6]);
        assert_eq!(keys(&[1, 2, 3, 4, 9]), long[..2], "the last block is not full");
        let other = keys(&[1, 9, 3, 4, 5, 6]);
        assert!(other.iter().zip(&long).all(|(other, long)| other != long), "a key identifies all tokens before it");
        assert!(!keys(&[3, 4]).contains(&long[1]), "equal tokens at another place are another block");
        let mut grown = keys(&[1, 2, 3]);
        hasher.extend(&mut grown, &[1, 2, 3, 4, 5, 6]);
        assert_eq!(grown, long);
    }
}
