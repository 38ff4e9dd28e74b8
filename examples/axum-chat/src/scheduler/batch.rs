//! Plans a step: the tokens that each sequence of the batch computes.

/// A sequence in the batch, to plan its part of a step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// Number of tokens to compute before the sequence generates its next one.
    pub(super) pending: usize,
    /// True if the only pending token is the last generated one.
    pub(super) is_decoding: bool,
}

/// Returns the number of tokens that each sequence computes in the next step. All decoding sequences compute their last
/// token; beside them, the others compute up to `prefill_chunk` prompt tokens together, in this order.
pub(super) fn plan(demands: impl Iterator<Item = Demand>, prefill_chunk: usize) -> Vec<usize> {
    let mut budget = prefill_chunk;
    demands
        .map(|demand| {
            if demand.is_decoding {
                return demand.pending;
            }
            let count = demand.pending.min(budget);
            budget -= count;
            count
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prompt_tokens_are_limited_and_decoding_sequences_always_continue() {
        let decoding = Demand { pending: 1, is_decoding: true };
        let prefill = |pending| Demand { pending, is_decoding: false };
        let plan = |demands: &[Demand]| plan(demands.iter().copied(), 8);
        assert_eq!(plan(&[prefill(5), decoding, prefill(6), prefill(1), decoding]), [5, 1, 3, 0, 1]);
        assert_eq!(plan(&[prefill(20), decoding]), [8, 1]);
        assert_eq!(plan(&[prefill(1), prefill(2)]), [1, 2]);
    }
}
