//! The arithmetic of rates: parts that sum to the total, brackets, and what is unpriced.

use proptest::array::uniform12;
use proptest::collection::vec;
use proptest::prelude::Strategy;
use proptest::proptest;

use crate::semconv::value::TokenModality;

use super::*;

fn rates(prices: [u64; 12]) -> Rates {
    let mut rates = Rates::default();
    for (kind, price) in RateKind::ALL.into_iter().zip(prices) {
        rates.set(kind, Some(price));
    }
    rates
}

/// Usages whose parts are within their wholes, with the units of each `RateKind`.
fn usages() -> impl Strategy<Value = (Usage, [u64; 12])> {
    uniform12(0..200_000_u32).prop_map(|numbers| {
        let units = numbers.map(u64::from);
        let [uncached, read, write, write_1h, image, audio, text, reasoning, out_image, out_audio, _, searches] = units;
        let searches = searches % 100;
        let usage = Usage::new()
            .input(uncached + read + write + write_1h + image + audio)
            .cache_read(read)
            .cache_write(write + write_1h)
            .cache_write_1h(write_1h)
            .input_modality(TokenModality::Image, image)
            .input_modality(TokenModality::Audio, audio)
            .output(text + reasoning + out_image + out_audio)
            .reasoning(reasoning)
            .output_modality(TokenModality::Image, out_image)
            .output_modality(TokenModality::Audio, out_audio)
            .web_searches(searches);
        let mut units = units;
        [units[10], units[11]] = [1, searches];
        (usage, units)
    })
}

fn card(rates: Rates) -> RateCard {
    RateCard::new(CostSource::Overlay, rates, Vec::new())
}

proptest! {
    #[test]
    fn the_parts_sum_to_the_rounded_total_and_each_is_rounded_to_a_neighbour(
        (usage, units) in usages(),
        prices in uniform12(0..20_000_000_000_u64),
    ) {
        let products: Vec<_> = units.iter().zip(prices).map(|(units, price)| u128::from(*units) * u128::from(price)).collect();
        let cost = card(rates(prices)).cost(&usage, CostQuality::Exact).unwrap();
        let exact: u128 = products.iter().sum();
        assert_eq!(u128::from(cost.total().nanos()), (exact + 500_000) / 1_000_000);
        // In the order of `CostKind`; both kinds of cache writes are one.
        let by_kind = [
            products[0], products[1], products[2] + products[3], products[4], products[5], products[6], products[7],
            products[8], products[9], products[10], products[11], 0, 0,
        ];
        for (kind, product) in CostKind::ALL.iter().zip(by_kind) {
            let part = u128::from(cost.part(*kind).nanos());
            let floor = product / 1_000_000;
            assert!(part == floor || (part == floor + 1 && product % 1_000_000 > 0), "{kind:?}: {part} of {product}");
        }
        let by_direction = |direction| cost.parts().filter(move |(kind, _)| kind.direction() == direction).map(|(_, part)| part);
        let directions = ["input", "output", "none"].map(|direction| by_direction(direction).sum::<Usd>());
        assert_eq!(directions.into_iter().sum::<Usd>(), cost.total());
    }

    #[test]
    fn sums_are_exact_in_any_order(usages in vec(usages(), 1..30), prices in uniform12(0..20_000_000_000_u64), start in 0..30_usize) {
        let card = card(rates(prices));
        let costs: Vec<_> = usages.iter().map(|(usage, _)| card.cost(usage, CostQuality::Exact).unwrap().total()).collect();
        let mut other_order = costs.clone();
        other_order.reverse();
        other_order.rotate_left(start % costs.len());
        let exact: u128 = costs.iter().map(|cost| u128::from(cost.nanos())).sum();
        assert_eq!(u128::from(costs.into_iter().sum::<Usd>().nanos()), exact);
        assert_eq!(u128::from(other_order.into_iter().sum::<Usd>().nanos()), exact);
    }

    #[test]
    fn no_request_costs_more_than_the_highest_cost(
        (usage, _) in usages(), prices in uniform12(0..20_000_000_000_u64), dearer in uniform12(0..20_000_000_000_u64),
        border in 1..1_000_000_u64,
    ) {
        let higher = vec![Bracket { above: border, rates: rates(dearer) }];
        let card = RateCard::new(CostSource::Book, rates(prices), higher);
        let usage = usage.web_searches(0);
        let limit = card.highest_cost(usage.input.unwrap(), usage.output.unwrap()).unwrap();
        assert!(card.cost(&usage, CostQuality::Exact).unwrap().total() <= limit);
    }
}

#[test]
fn remainders_go_to_the_parts_with_the_largest_ones() {
    let mut prices = [0; 12];
    [prices[0], prices[1], prices[6]] = [400_000, 300_000, 900_000];
    let usage = Usage::new().input(2).cache_read(1).output(1);
    let cost = card(rates(prices)).cost(&usage, CostQuality::Exact).unwrap();
    // 0.4, 0.3 and 0.9 nano-dollars are 1.6, rounded 2.
    assert_eq!(
        cost.parts().collect::<Vec<_>>(),
        [(CostKind::Uncached, Usd::from_nanos(1)), (CostKind::Text, Usd::from_nanos(1))]
    );
}

#[test]
fn a_bracket_prices_every_token_above_its_border() {
    let base = rates([1_000_000; 12]);
    let higher = vec![Bracket { above: 200_000, rates: rates([2_000_000; 12]) }];
    let card = RateCard::new(CostSource::Book, base, higher);
    let total =
        |input: u64| card.cost(&Usage::new().input(input).output(0), CostQuality::Exact).unwrap().total().nanos();
    // The fee of the request has the same price as a token here.
    assert_eq!([total(0), total(200_000), total(200_001)], [1, 200_001, 400_004]);
}

#[test]
fn a_kind_without_a_price_and_a_number_that_is_not_known_are_unpriced() {
    let mut only_text = Rates::default();
    only_text.set(RateKind::Input, Some(1_000_000));
    only_text.set(RateKind::Output, Some(2_000_000));
    let price = |usage: Usage| card(only_text).cost(&usage, CostQuality::Exact).map(|cost| cost.total().nanos());
    let usage = Usage::new().input(10).output(10);
    assert_eq!(price(usage), Ok(30));
    assert_eq!(price(usage.reasoning(5)), Ok(30), "reasoning is output");
    assert_eq!(price(usage.input_modality(TokenModality::Audio, 5)), Ok(30), "audio has the price of text");
    assert_eq!(price(usage.cache_read(1)), Err(Unpriced::UnknownKind));
    assert_eq!(price(usage.cache_write(1)), Err(Unpriced::UnknownKind));
    assert_eq!(price(usage.web_searches(1)), Err(Unpriced::UnknownKind));
    assert_eq!(price(Usage::new().input(10)), Err(Unpriced::NoUsage));
    assert_eq!(price(Usage::new().output(10)), Err(Unpriced::NoUsage));
    assert_eq!(price(Usage::new()), Err(Unpriced::NoUsage));
    assert_eq!(card(Rates::default()).cost(&usage, CostQuality::Exact), Err(Unpriced::NoPrices));
    assert_eq!(
        card(rates([0; 12])).cost(&usage, CostQuality::Exact).map(|cost| cost.total()),
        Ok(Usd::ZERO),
        "0 is a price"
    );
}

#[test]
fn images_and_audio_count_first_among_the_tokens_that_are_not_cached() {
    let mut prices = [0; 12];
    [prices[0], prices[1], prices[4], prices[5]] = [1_000_000, 100_000, 5_000_000, 7_000_000];
    let usage = Usage::new().input(100).cache_read(80).output(0);
    let usage = usage.input_modality(TokenModality::Image, 30).input_modality(TokenModality::Audio, 15);
    let cost = card(rates(prices)).cost(&usage, CostQuality::Exact).unwrap();
    assert_eq!(cost.quality(), CostQuality::Estimated, "which tokens were cached is not known");
    let part = |kind| cost.part(kind).nanos();
    assert_eq!(
        [part(CostKind::InputAudio), part(CostKind::InputImage), part(CostKind::Uncached), part(CostKind::CacheRead)],
        [15 * 7, 5 * 5, 0, 8]
    );
}
