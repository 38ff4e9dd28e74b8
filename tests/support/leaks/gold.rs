//! Generated secrets, each in a form that the redactor must detect.

use super::super::random::Random;
use super::canary::Canaries;
use super::canary::word;

/// The prefix of the names of all secrets.
pub const GOLD: &str = "gold.";

impl Canaries {
    /// Adds the secrets to the canaries.
    pub fn with_gold(self) -> Self {
        let mut random = Random::new(!self.seed);
        let (mail, url) = (word(&mut random, 32), word(&mut random, 32));
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut mixed =
            |length: usize| -> String { (0..length).map(|_| char::from(*random.one_of(letters))).collect() };
        let (key, private, password) = (mixed(36), mixed(64), mixed(20));
        // The fixed digit prevents that one token in some thousands contains no digit and looks like an identifier.
        let bearer = mixed(19) + "7" + &mixed(20);
        let (one, other) = (card(&mut random), card(&mut random));
        let grouped = [&other[..4], &other[4..8], &other[8..12], &other[12..]].join(" ");
        self.with("gold.mail", mail, 8)
            .with("gold.url", url, 8)
            .with("gold.key", key, 8)
            .with("gold.private", private, 8)
            .with("gold.bearer", bearer, 8)
            .with("gold.password", password, 8)
            // Timestamps contain eight digits in a row, so a trace of a card number needs twelve.
            .with("gold.card", one, 12)
            .with("gold.card.grouped", grouped, 12)
    }

    /// Returns a text that contains every secret in a realistic form.
    pub fn gold(&self) -> String {
        format!(
            "Write to {mail}@mail.example.com, pay with {card} or {grouped}, use ghp_{key} here; then\n\
             Authorization: Bearer {bearer}\nand postgres://app:{url}@db.example.com/main, password = \"{password}\"\n\
             -----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\nThat is all.",
            card = self.of("gold.card"),
            grouped = self.of("gold.card.grouped"),
            mail = self.of("gold.mail"),
            key = self.of("gold.key"),
            bearer = self.of("gold.bearer"),
            url = self.of("gold.url"),
            password = self.of("gold.password"),
            private = self.of("gold.private"),
        )
    }
}

/// Returns a 16-digit number with a valid Luhn checksum.
fn card(random: &mut Random) -> String {
    let digits: Vec<u64> = std::iter::once(4).chain((0..14).map(|_| random.below(10))).collect();
    let sum: u64 = digits.iter().enumerate().map(|(place, digit)| luhn(*digit, place % 2 == 0)).sum();
    let mut text: String = digits.iter().map(u64::to_string).collect();
    text.push_str(&((10 - sum % 10) % 10).to_string());
    text
}

const fn luhn(digit: u64, doubled: bool) -> u64 {
    match (doubled, digit * 2) {
        (false, _) => digit,
        (true, twice) if twice > 9 => twice - 9,
        (true, twice) => twice,
    }
}
