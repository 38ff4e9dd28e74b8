//! The price of a known model needs no allocation.

use llmobs::Usage;
use llmobs::cost::PriceBook;
use llmobs_tests::allocator::allocation_count;

use super::nanos;

#[test]
fn the_price_of_a_model_that_was_priced_in_the_same_quarter_of_an_hour_allocates_nothing() {
    let book = PriceBook::bundled();
    let usage = Usage::new().input(10_000).cache_read(8_000).output(500).reasoning(100);
    for (provider, model) in [("aws.bedrock", "claude-sonnet-4-5"), ("openai", "gpt-5"), ("openai", "no-such-model")] {
        let before = allocation_count();
        let first = nanos(&book, provider, model, usage);
        assert!(allocation_count() > before, "nothing was counted");
        let before = allocation_count();
        assert_eq!(nanos(&book, provider, model, usage), first);
        assert_eq!(allocation_count(), before, "{provider}/{model}");
    }
}
