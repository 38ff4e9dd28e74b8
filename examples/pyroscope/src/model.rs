//! A small model without training: its arithmetic is that of a language model, its words are not.

use std::collections::HashMap;

/// The length of the vector of a token.
const WIDTH: usize = 192;

/// The merges of pairs that [`tokenize`] applies.
const MERGES: usize = 160;

/// Returns the tokens of a text. The most frequent pair of tokens is merged into one, again and again.
#[must_use]
#[inline(never)]
pub fn tokenize(text: &str) -> Vec<u32> {
    let mut tokens: Vec<u32> = text.bytes().map(u32::from).collect();
    for merged in (256..).take(MERGES) {
        let mut counts = HashMap::new();
        for pair in tokens.windows(2) {
            *counts.entry((pair[0], pair[1])).or_insert(0_u32) += 1;
        }
        // The least of the most frequent pairs, so that the result does not depend on the order of the map.
        let Some((pair, _)) = counts.into_iter().max_by_key(|&(pair, count)| (count, std::cmp::Reverse(pair))) else {
            break;
        };
        tokens = merge(&tokens, pair, merged);
    }
    tokens
}

/// One layer with a square matrix, and attention over the tokens so far.
#[derive(Debug)]
pub struct Model {
    weights: Vec<f32>,
}

/// The vectors of the tokens so far.
#[derive(Debug, Default)]
pub struct Cache {
    states: Vec<Vec<f32>>,
}

impl Default for Model {
    fn default() -> Self {
        let mut random = 1_u32;
        let weights = (0..WIDTH * WIDTH).map(|_| {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(random >> 16).unwrap_or_default()) / 65_536.0 - 0.5
        });
        Self { weights: weights.collect() }
    }
}

impl Model {
    /// Computes the vectors of the tokens of a prompt.
    #[must_use]
    #[inline(never)]
    pub fn prefill(&self, tokens: &[u32]) -> Cache {
        let mut cache = Cache::default();
        for &token in tokens {
            cache.states.push(self.layer(&embed(token)));
        }
        cache
    }

    /// Computes the next `count` tokens, each from all before it.
    #[must_use]
    #[inline(never)]
    pub fn decode(&self, cache: &mut Cache, count: usize) -> Vec<u32> {
        let mut answer = Vec::with_capacity(count);
        for _ in 0..count {
            let last = cache.states.last().cloned().unwrap_or_else(|| embed(0));
            let state = self.layer(&attend(&last, &cache.states));
            answer.push(most_likely(&state));
            cache.states.push(state);
        }
        answer
    }

    /// Multiplies the matrix by a vector, and bounds the result.
    fn layer(&self, input: &[f32]) -> Vec<f32> {
        let scale = 1.0 / 4.0;
        self.weights.chunks_exact(WIDTH).map(|row| (dot(row, input) * scale).tanh()).collect()
    }
}

/// Replaces each occurrence of a pair by one token.
fn merge(tokens: &[u32], pair: (u32, u32), merged: u32) -> Vec<u32> {
    let mut output = Vec::with_capacity(tokens.len());
    let mut rest = tokens;
    while let [first, tail @ ..] = rest {
        let found = tail.first().is_some_and(|&second| (*first, second) == pair);
        output.push(if found { merged } else { *first });
        rest = &tail[usize::from(found)..];
    }
    output
}

/// Returns the sum of the states, each weighted by its similarity to `query`.
fn attend(query: &[f32], states: &[Vec<f32>]) -> Vec<f32> {
    let mut output = query.to_vec();
    for state in states {
        let weight = dot(query, state).tanh();
        output.iter_mut().zip(state).for_each(|(sum, value)| *sum += weight * value);
    }
    output
}

fn dot(left: &[f32], right: &[f32]) -> f32 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// Returns the vector of a token, with values from -1 to 1.
fn embed(token: u32) -> Vec<f32> {
    let token = f32::from(u16::try_from(token).unwrap_or(u16::MAX));
    (0_u16..).take(WIDTH).map(|index| (token * f32::from(index + 1)).sin()).collect()
}

fn most_likely(state: &[f32]) -> u32 {
    let most = state.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1));
    most.and_then(|(index, _)| u32::try_from(index).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_frequent_pair_is_merged_first() {
        assert_eq!(merge(&[1, 2, 1, 2, 2, 1], (1, 2), 9), [9, 9, 2, 1]);
        let tokens = tokenize("aaaa");
        assert_eq!(tokens, [257], "the pair of `aa` is merged too");
    }

    #[test]
    fn decode_adds_a_state_for_each_token() {
        let model = Model::default();
        let mut cache = model.prefill(&[1, 2, 3]);
        assert_eq!(model.decode(&mut cache, 5).len(), 5);
        assert_eq!(cache.states.len(), 8);
    }
}
