//! Generated secrets, each in a form that the redactor must detect.

use super::canary::Canaries;
use super::canary::random_word;
use crate::random::Random;

/// The prefix of the names of all secrets.
pub const SECRET_PREFIX: &str = "gold.";

impl Canaries {
    /// Adds the secrets to the canaries.
    pub fn with_secrets(self) -> Self {
        let mut random = Random::new(!self.seed);
        let (mail, url) = (random_word(&mut random, 32), random_word(&mut random, 32));
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        let mut mixed =
            |length: usize| -> String { (0..length).map(|_| char::from(*random.one_of(letters))).collect() };
        let (key, private, password) = (mixed(36), mixed(64), mixed(20));
        // The fixed digit prevents that one token in some thousands contains no digit and looks like an identifier.
        let bearer = mixed(19) + "7" + &mixed(20);
        let (one, other) = (card_number(&mut random), card_number(&mut random));
        let grouped = [&other[..4], &other[4..8], &other[8..12], &other[12..]].join(" ");
        self.with_canary("gold.mail", mail, 8)
            .with_canary("gold.url", url, 8)
            .with_canary("gold.key", key, 8)
            .with_canary("gold.private", private, 8)
            .with_canary("gold.bearer", bearer, 8)
            .with_canary("gold.password", password, 8)
            // Timestamps contain eight digits in a row, so a trace of a card number needs twelve.
            .with_canary("gold.card", one, 12)
            .with_canary("gold.card.grouped", grouped, 12)
    }

    /// Returns a text that contains every secret in a realistic form.
    ///
    /// # Panics
    ///
    /// Panics if the secrets were not added with [`with_secrets`](Self::with_secrets).
    pub fn secrets_text(&self) -> String {
        format!(
            "Write to {mail}@mail.example.com, pay with {card} or {grouped}, use ghp_{key} here; then\n\
             Authorization: Bearer {bearer}\nand postgres://app:{url}@db.example.com/main, password = \"{password}\"\n\
             -----BEGIN PRIVATE KEY-----\n{private}\n-----END PRIVATE KEY-----\nThat is all.",
            card = self.text("gold.card"),
            grouped = self.text("gold.card.grouped"),
            mail = self.text("gold.mail"),
            key = self.text("gold.key"),
            bearer = self.text("gold.bearer"),
            url = self.text("gold.url"),
            password = self.text("gold.password"),
            private = self.text("gold.private"),
        )
    }
}

/// Returns a 16-digit number with a valid Luhn checksum.
fn card_number(random: &mut Random) -> String {
    let digits: Vec<u64> = std::iter::once(4).chain((0..14).map(|_| random.below(10))).collect();
    let sum: u64 = digits.iter().enumerate().map(|(index, digit)| luhn_digit(*digit, index % 2 == 0)).sum();
    let mut text: String = digits.iter().map(u64::to_string).collect();
    text.push_str(&((10 - sum % 10) % 10).to_string());
    text
}

const fn luhn_digit(digit: u64, doubled: bool) -> u64 {
    match (doubled, digit * 2) {
        (false, _) => digit,
        (true, twice) if twice > 9 => twice - 9,
        (true, twice) => twice,
    }
}
