//! Tests the blocks of the KV cache, against a model of their content.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use proptest::collection::vec;
use proptest::prelude::*;

use super::BlockTable;
use super::KvCache;
use crate::prefix::BlockKey;
use crate::prefix::PrefixHasher;

const BLOCK_SIZE: usize = 4;

/// A change of the cache.
#[derive(Debug, Clone)]
enum Change {
    /// A sequence begins with these tokens.
    Start(Vec<u32>),
    /// A sequence computes all its tokens, which others may share then.
    Compute(usize),
    /// A sequence adds a block of tokens.
    Grow(usize),
    End(usize),
}

/// Tokens of two values, so that many sequences have an equal beginning.
fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        3 => vec(0..2_u32, 1..20).prop_map(Change::Start),
        3 => any::<usize>().prop_map(Change::Compute),
        2 => any::<usize>().prop_map(Change::Grow),
        2 => any::<usize>().prop_map(Change::End),
    ]
}

struct Sequence {
    tokens: Vec<u32>,
    keys: Vec<BlockKey>,
    table: BlockTable,
}

/// A cache, the sequences that use it, and the beginning that each of its blocks contains.
struct Model {
    limit: usize,
    cache: KvCache,
    hasher: PrefixHasher,
    sequences: Vec<Sequence>,
    contents: BTreeMap<usize, Vec<u32>>,
    hits: usize,
}

impl Model {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            cache: KvCache::new(limit, BLOCK_SIZE),
            hasher: PrefixHasher::new(BLOCK_SIZE),
            sequences: Vec::new(),
            contents: BTreeMap::new(),
            hits: 0,
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Start(tokens) => self.start(tokens),
            Change::Compute(which) if !self.sequences.is_empty() => {
                let index = which % self.sequences.len();
                let sequence = &mut self.sequences[index];
                self.hasher.extend(&mut sequence.keys, &sequence.tokens);
                for (index, key) in sequence.keys.iter().enumerate() {
                    let content = sequence.tokens[..(index + 1) * BLOCK_SIZE].to_vec();
                    let before = self.contents.insert(sequence.table.blocks[index], content.clone());
                    assert!(before.is_none_or(|before| before == content), "a shared block is never overwritten");
                    self.cache.publish(&sequence.table, index, *key);
                }
            }
            Change::Grow(which) if !self.sequences.is_empty() => {
                let index = which % self.sequences.len();
                let free = self.limit - self.used();
                let sequence = &mut self.sequences[index];
                // The block of the last token is filled first.
                sequence.tokens.resize(sequence.table.len() * BLOCK_SIZE + 1, 7);
                let grown = self.cache.grow(&mut sequence.table);
                assert_eq!(grown, free > 0);
                if grown {
                    self.contents.remove(sequence.table.blocks.last().unwrap());
                } else {
                    sequence.tokens.pop();
                }
            }
            Change::End(which) if !self.sequences.is_empty() => {
                let sequence = self.sequences.swap_remove(which % self.sequences.len());
                self.cache.release(sequence.table);
            }
            Change::Compute(_) | Change::Grow(_) | Change::End(_) => {}
        }
    }

    fn start(&mut self, tokens: Vec<u32>) {
        let mut keys = Vec::new();
        self.hasher.extend(&mut keys, &tokens);
        let used = self.used();
        let Some(allocation) = self.cache.allocate(tokens.len(), &keys) else {
            assert!(used + tokens.len().div_ceil(BLOCK_SIZE) > self.limit, "all blocks would have been free");
            assert_eq!(self.cache.used(), used, "nothing was allocated");
            return;
        };
        let shared = allocation.cached_tokens / BLOCK_SIZE;
        assert!(allocation.cached_tokens < tokens.len(), "at least one token is computed");
        assert_eq!(allocation.table.len(), tokens.len().div_ceil(BLOCK_SIZE));
        self.hits += shared;
        for (index, block) in allocation.table.blocks.iter().enumerate() {
            if index < shared {
                assert_eq!(self.contents[block], tokens[..(index + 1) * BLOCK_SIZE], "a hit has the same beginning");
            } else {
                let is_used = self.sequences.iter().any(|sequence| sequence.table.blocks.contains(block));
                assert!(!is_used, "a new block has one user");
                self.contents.remove(block);
            }
        }
        self.sequences.push(Sequence { tokens, keys: Vec::new(), table: allocation.table });
    }

    /// Returns the number of different blocks of all sequences.
    fn used(&self) -> usize {
        let blocks: BTreeSet<_> = self.sequences.iter().flat_map(|sequence| &sequence.table.blocks).collect();
        blocks.len()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn used_blocks_are_those_of_the_sequences_and_return_to_zero(
        limit in 1..12_usize, changes in vec(change(), 1..80)
    ) {
        let mut model = Model::new(limit);
        for change in changes {
            model.apply(change);
            prop_assert_eq!(model.cache.used(), model.used());
            prop_assert!(model.cache.used() <= limit);
        }
        for sequence in std::mem::take(&mut model.sequences) {
            model.cache.release(sequence.table);
        }
        prop_assert_eq!(model.cache.used(), 0);
        let all = model.cache.allocate(model.cache.token_capacity(), &[]);
        prop_assert_eq!(all.map(|all| all.table.len()), Some(limit), "no block is lost");
    }
}

#[test]
fn the_beginning_that_was_released_first_is_reused_first() {
    let mut model = Model::new(4);
    let prompts = [[1; 8], [2; 8]];
    for prompt in prompts {
        model.apply(Change::Start(prompt.to_vec()));
        model.apply(Change::Compute(0));
        model.apply(Change::End(0));
    }
    // One block for other tokens: the last one of the first prompt.
    model.apply(Change::Start(vec![3; 4]));
    let hits_of = |model: &mut Model, prompt: [u32; 8]| {
        let before = model.hits;
        model.start([&prompt[..], &[9]].concat());
        let hits = model.hits - before;
        model.apply(Change::End(1));
        hits
    };
    assert_eq!(hits_of(&mut model, prompts[1]), 2, "the beginning of the second prompt is complete");
    assert_eq!(hits_of(&mut model, prompts[0]), 0, "its last block was reused first, then its first one");
}
