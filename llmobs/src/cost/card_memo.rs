//! The rate cards that were needed lately.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::hash::RandomState;
use std::sync::Arc;

use super::date::Slot;
use super::rate_card::RateCard;
use super::unpriced::Unpriced;
use crate::semconv::value::ServiceTier;
use crate::sync::RwLock;

/// The largest number of cards. Beyond it, prices are found without storing them.
const CAPACITY: usize = 4_096;

/// Entries for models without prices, at most. Clients can invent names of models, which must not displace known ones.
const UNPRICED_CAPACITY: usize = 1_024;

/// The longest names of a stored card, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// The prices of a model during a slot, or the reason for which it has none.
pub(super) type CardResult = Result<Arc<RateCard>, Unpriced>;

/// Stores the cards of models by provider, model, class of service and slot.
#[derive(Debug, Default)]
pub(super) struct CardMemo {
    entries: RwLock<Entries>,
    /// Random, so that clients cannot choose names with equal hashes.
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Entries {
    /// By the hash of the key: a lookup must not allocate a key. Of two keys with equal hashes, one is stored.
    by_hash: HashMap<u64, Entry>,
    /// Number of entries without prices.
    unpriced: usize,
}

#[derive(Debug)]
struct Entry {
    provider: Box<str>,
    model: Box<str>,
    tier: Option<ServiceTier>,
    slot: Slot,
    card: CardResult,
}

/// The key of a card.
#[derive(Debug, Clone, Copy)]
pub(super) struct CardKey<'a> {
    pub(super) provider: &'a str,
    pub(super) model: &'a str,
    pub(super) tier: Option<ServiceTier>,
    pub(super) slot: Slot,
}

impl CardMemo {
    /// Returns the card of a key, which `find` finds if it is not stored.
    pub(super) fn get(&self, key: CardKey<'_>, find: impl FnOnce() -> Result<RateCard, Unpriced>) -> CardResult {
        // Operations that started in the slot before the current one still need its cards: one card of each is stored.
        let hash = self.hasher.hash_one((key.provider, key.model, key.tier, key.slot.number() % 2));
        if let Some(entry) = self.entries.read().by_hash.get(&hash).filter(|entry| entry.is_of(key)) {
            return entry.card.clone();
        }
        let card = find().map(Arc::new);
        if key.provider.len() + key.model.len() <= MAX_NAME_BYTES {
            self.entries.write().insert(hash, key, &card);
        }
        card
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.read().by_hash.len()
    }
}

impl Entries {
    /// Stores a card if there is a place for it, or if it replaces that of an earlier slot.
    fn insert(&mut self, hash: u64, key: CardKey<'_>, card: &CardResult) {
        let is_full = |entries: &Self| {
            entries.by_hash.len() >= CAPACITY || (card.is_err() && entries.unpriced >= UNPRICED_CAPACITY)
        };
        if let Some(stored) = self.by_hash.get(&hash) {
            if stored.slot >= key.slot {
                return;
            }
        } else if is_full(self) {
            let recent = key.slot.number().saturating_sub(1);
            self.by_hash.retain(|_, entry| entry.slot.number() >= recent);
            self.unpriced = self.by_hash.values().filter(|entry| entry.card.is_err()).count();
            if is_full(self) {
                return;
            }
        }
        let entry = Entry {
            provider: key.provider.into(),
            model: key.model.into(),
            tier: key.tier,
            slot: key.slot,
            card: card.clone(),
        };
        self.unpriced += usize::from(entry.card.is_err());
        let replaced = self.by_hash.insert(hash, entry);
        self.unpriced -= usize::from(replaced.is_some_and(|replaced| replaced.card.is_err()));
    }
}

impl Entry {
    fn is_of(&self, key: CardKey<'_>) -> bool {
        self.slot == key.slot && self.tier == key.tier && *self.model == *key.model && *self.provider == *key.provider
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;
    use std::time::UNIX_EPOCH;

    use crate::cost::rate::RateKind;
    use crate::cost::rate::Rates;
    use crate::semconv::value::CostSource;

    use super::*;

    fn slot(number: u64) -> Slot {
        Slot::of(UNIX_EPOCH + Duration::from_secs(number * 900))
    }

    fn card(rate: u64) -> Result<RateCard, Unpriced> {
        let mut rates = Rates::default();
        rates.set(RateKind::Input, Some(rate));
        Ok(RateCard::new(CostSource::Book, rates, Vec::new()))
    }

    fn key(model: &str, slot: Slot) -> CardKey<'_> {
        CardKey { provider: "openai", model, tier: None, slot }
    }

    /// Returns true if the memo had to find the card.
    fn is_found_anew(memo: &CardMemo, key: CardKey<'_>) -> bool {
        let mut is_found = false;
        let expected = key.slot.number();
        let card = memo.get(key, || {
            is_found = true;
            card(expected)
        });
        assert_eq!(card.unwrap().rates(1).get(RateKind::Input), Some(expected), "the card of another slot");
        is_found
    }

    #[test]
    fn a_card_is_found_once_in_its_slot_and_in_the_next_one() {
        let memo = CardMemo::default();
        assert!(is_found_anew(&memo, key("a", slot(7))));
        assert!(!is_found_anew(&memo, key("a", slot(7))));
        assert!(is_found_anew(&memo, key("b", slot(7))));
        assert!(is_found_anew(&memo, CardKey { provider: "azure", ..key("a", slot(7)) }));
        assert!(is_found_anew(&memo, CardKey { tier: Some(ServiceTier::Flex), ..key("a", slot(7)) }));
        assert!(is_found_anew(&memo, key("a", slot(8))));
        assert!(!is_found_anew(&memo, key("a", slot(7))), "an operation that started in the slot before");
        assert!(is_found_anew(&memo, key("a", slot(9))));
        assert!(is_found_anew(&memo, key("a", slot(7))), "an operation that started two slots before");
        assert!(!is_found_anew(&memo, key("a", slot(9))), "the card of the current slot stays");
    }

    #[test]
    fn the_number_of_cards_is_limited_and_unknown_models_leave_places() {
        let memo = CardMemo::default();
        let unknown = |memo: &CardMemo, number: usize, slot| {
            let name = format!("unknown {number}");
            memo.get(key(&name, slot), || Err(Unpriced::UnknownModel)).unwrap_err();
        };
        for number in 0..UNPRICED_CAPACITY * 3 {
            unknown(&memo, number, slot(1));
        }
        assert_eq!(memo.len(), UNPRICED_CAPACITY);
        for number in 0..CAPACITY * 2 {
            is_found_anew(&memo, key(&number.to_string(), slot(1)));
        }
        assert_eq!(memo.len(), CAPACITY);
        assert!(is_found_anew(&memo, key("late", slot(2))));
        assert!(is_found_anew(&memo, key("late", slot(2))), "no place was left");
        // The cards of slot 1 are useless in slot 3.
        assert!(is_found_anew(&memo, key("late", slot(3))));
        assert!(!is_found_anew(&memo, key("late", slot(3))));
        assert_eq!(memo.len(), 1);
        let long = "x".repeat(MAX_NAME_BYTES);
        assert!(is_found_anew(&memo, key(&long, slot(3))) && is_found_anew(&memo, key(&long, slot(3))));
    }
}
