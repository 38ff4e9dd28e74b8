//! Random texts from a seed: matches, near matches, and the text around them.

use llmobs_tests::random::Random;

/// Returns a text of at most `max_fragments` fragments.
pub fn random_text(random: &mut Random, max_fragments: usize) -> String {
    let mut text = String::new();
    for _ in 0..=random.index(max_fragments) {
        match random.index(10) {
            0..=2 => text.push_str(random.word(&EXAMPLES)),
            3 => {
                // The beginning or the end of a match.
                let example = random.word(&EXAMPLES);
                let at = example.floor_char_boundary(random.index(example.len()));
                text.push_str(if random.index(2) == 0 { &example[..at] } else { &example[at..] });
            }
            4 | 5 => text.push_str(random.word(&FILLER_WORDS)),
            6..=8 => text.push_str(random.word(&SEPARATORS)),
            _ => {
                let symbol = random.word(&SYMBOLS);
                (0..=random.index(40)).for_each(|_| text.push_str(symbol));
            }
        }
    }
    text
}

/// Matches: test numbers of payment providers, examples in standards, numbers reserved for fiction, keys with a
/// generated body.
pub const EXAMPLES: [&str; 62] = [
    "jane.doe@example.org",
    "o'brien+x@mail.example.co.uk",
    "jörg@bücher.de",
    "jane [at] example [dot] org",
    "jane at example dot com",
    "jane%40example.org",
    "+44 20 7946 0958",
    "+1 (415) 555-0132 ext. 12",
    "(415) 555-0132",
    "415-555-0132",
    "0049 30 23125000",
    "4242424242424242",
    "4242 4242 4242 4242",
    "3782 822463 10005",
    "DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "219-45-6789",
    "203.0.113.77",
    "2001:db8::8a2e:370:7334",
    "00:1B:44:11:3A:B7",
    "001b.4411.3ab7",
    "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
    "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "born on 17 April 1990",
    "DOB: 1990-04-17",
    "sk-ant-api03-a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf12ab",
    "AIzaSyD8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf1",
    "xoxb-123456789012-1234567890123-a8F3kP0zQ9mN2xVbLw7RtYcE",
    "eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UifQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA04up8hoqzS1\n-----END RSA PRIVATE KEY-----",
    "-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEA04up8hoqzS1",
    "postgres://app:s3cr3t@db.example.com:5432/x",
    "https://b.example/f?sv=2024&sig=abcDEF123%2Bxyz%3D",
    "password=hunter2",
    "the password for the box is Zx9!qqLm",
    "\"client_secret\": \"aB3dE6gH9jK2\"",
    "Authorization: Bearer mF_9.B5f-4.1JqM",
    "my pin is 4821",
    "密码是hunter2。",
    "call me at 020 7946 0958",
    "ssn 219 45 6789",
    "a8F3kP0zQ9mN2x.atlasv1.a8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGfa8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf12",
    "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",
    "https://team.webhook.office.com/webhookb2/5f2a9c1e77b04d5588aa@5f2a9c1e/IncomingWebhook/3f9a8b7c6d5e4f3a",
    "00D5e000001AbCd!AQ8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGfa8F3kP0zQ9mN2xVbLw7RtYcE4uHsJdGf12a",
    "1234567890123456|a8F3kP0zQ9mN2xVbLw7RtYcE4uH",
    "dapi3f9a8b7c6d5e4f3a2b1c0d9e8f7a6b5c-2",
    "<api_key>a8F3kP0zQ9mN2xVb</api_key>",
    "box.secret.key=a8F3kP0zQ9mN2xVb",
    "SERVICE_KEY=a8F3kP0zQ9mN2xVbLw7R",
    "020 7946 0958 (office)",
    "0207946 0958-Fax",
    "(+358) 9 31234567",
    "what is your card? It's 4222222222222",
    "date of birth. It's 17/04/1990",
    "GB13TEST1234567890123",
    "mysql -u app -phunter2",
    "| token | 3f9a8b7c6d5e4f3a2b1c |",
    "[AKIAIOSFODNN7EXAMPLE]",
];

const FILLER_WORDS: [&str; 40] = [
    "call",
    "phone",
    "order",
    "card",
    "ssn",
    "version",
    "ip",
    "born",
    "password",
    "token",
    "secret",
    "the",
    "is",
    "at",
    "dot",
    "com",
    "version 1.2.3.4",
    "std::io",
    "logo@2x.png",
    "sk-learn",
    "react@18.2.0",
    "[EMAIL]",
    "[CARD]",
    "[SECRET]",
    "[X]",
    "[",
    "]",
    "Bearer",
    "Basic",
    "-----BEGIN",
    "-----END",
    "PRIVATE KEY-----",
    "eyJ",
    "sk-",
    "日本語",
    "é",
    "naïve",
    "🙂",
    "\u{a0}",
    "\u{202f}",
];

const SEPARATORS: [&str; 36] = [
    " ", " ", " ", "\n", "", ".", ",", ":", ";", "-", "_", "/", "//", "@", "=", "&", "?", "\"", "'", "`", "(", ")",
    "<", ">", "{", "}", "\\", "\\n", "\\\"", "\\u0040", "%40", "%20", "+", "\t", ": \"", ". ",
];

const SYMBOLS: [&str; 12] = ["a", "A", "1", "0", "@", ".", ":", "f", "-", "1 ", "eyJ", "/"];
